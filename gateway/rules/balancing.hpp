// SPDX-License-Identifier: MIT
// Which bleeders are on: those that a user has switched on, for a while, and those of a balancing
// run. Off is the safe state; only a user's command ever leads out of it, and no run is taken up
// again after a restart.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/rules/balance_run.hpp"

namespace b2m::rules {

class Balancing final : public Rule {
 public:
  Balancing(const Site& site, const LimitsOf& limits, const BalancePlans& plans,
            const Recall& recall);
  void step(const Input& in, Decision& out) override;

 private:
  /// What is known of one bleeder besides its readings.
  struct Bleeder {
    std::optional<SteadyTime> until;     // switched on by hand
    std::optional<SteadyTime> followed;  // wanted since, or seen on, whichever is later
    int failures = 0;                    // of orders to switch it on, in a row
    std::string failure;
    bool is_asked = false;  // by a user in this tick
    bool must_repeat = false;
  };
  struct Pack {
    DeviceId id;
    Slot balancing = kNoSlot;
    Slot reason_slot = kNoSlot;
    BalanceGuard guard;
    BalanceSettings settings;
    BalanceRun run;
    std::vector<Bleeder> bleeders;  // [cell]
    std::string reason;
    std::string kept_key;
  };
  struct Tick {
    const Input& in;
    Decision& out;
  };

  void restore(Pack& pack, const Recall& recall) const;
  static void step(Pack& pack, const Tick& t);
  static void obey(Pack& pack, const Intent& intent, const Tick& t);
  static std::optional<std::string> obey_run(Pack& pack, bool on, const Tick& t);
  static std::optional<std::string> obey_cell(Pack& pack, std::size_t cell, bool on, const Tick& t);
  static std::optional<std::string> obstacle(const Pack& pack, std::size_t cell, const Tick& t);
  static std::optional<BalanceEnd> end_of(const Pack& pack, std::size_t cell, const Tick& t);
  static std::optional<BalanceEnd> disobedience(const Pack& pack, std::size_t cell, const Tick& t);
  static void step_bleeds(Pack& pack, const Tick& t);
  static void step_run(Pack& pack, const Tick& t);
  static void end_run(Pack& pack, const BalanceEnd& end, const Tick& t);
  static void end_bleed(Pack& pack, std::size_t cell, const BalanceEnd& end, const Tick& t);
  static void say(Pack& pack, std::string reason, const Tick& t);
  static void put_outputs(Pack& pack, const Tick& t);
  static double seconds_left(const Pack& pack, std::size_t cell, SteadyTime now);

  std::vector<Pack> packs_;
};

}  // namespace b2m::rules

// SPDX-License-Identifier: MIT
// One balancing run: rest, measure without bleeding, bleed the high cells for a while, and again,
// until nothing is left to do or something is in the way.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/rules/balance_guard.hpp"
#include "gateway/rules/balance_settings.hpp"

namespace b2m::rules {

/// Why a run or a bleed is over.
struct BalanceEnd {
  std::string why;
  Severity severity = Severity::info;
};

class BalanceRun {
 public:
  [[nodiscard]] bool is_on() const { return phase_ != Phase::off; }
  /// So much longer may this cell be bled; 0: not at all.
  [[nodiscard]] double seconds_left(std::size_t cell, double period_s, SteadyTime now) const;
  [[nodiscard]] const std::string& doing() const { return doing_; }

  void start(SteadyTime now);
  void stop() { phase_ = Phase::off; }
  /// Empty: it goes on. Otherwise it is over already.
  std::optional<BalanceEnd> step(const Input& in, const Decision& out, const BalanceGuard& guard,
                                 const BalanceSettings& settings);

 private:
  enum class Phase { off, resting, bleeding };
  struct Around {
    const Input& in;
    const BalanceGuard& guard;
    const BalanceSettings& settings;
  };
  std::optional<BalanceEnd> rest(const Around& a);
  std::optional<BalanceEnd> decide(const Around& a);
  std::optional<BalanceEnd> bleed(const Around& a);
  [[nodiscard]] bool has_rested(const Around& a);
  void enter(Phase phase, SteadyTime now);

  Phase phase_ = Phase::off;
  SteadyTime started_{};
  SteadyTime phase_since_{};
  std::optional<SteadyTime> unbled_since_;
  std::vector<bool> bleeds_;  // [cell]
  std::string doing_;
};

}  // namespace b2m::rules

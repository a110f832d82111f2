// SPDX-License-Identifier: MIT
// The charge switch of a pack whose BMS takes start and stop commands: when it may be on, and what
// takes it off. Off is the safe state; only a user's command ever leads out of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/rules/limits.hpp"
#include "gateway/rules/pack_obstacle.hpp"
#include "gateway/rules/rule.hpp"

namespace b2m::rules {

class Charging final : public Rule {
 public:
  Charging(const Site& site, const LimitsOf& limits);
  void step(const Input& in, Decision& out) override;

 private:
  struct Pack {
    DeviceId id;
    Slot output = kNoSlot;
    PackObstacle obstacle;
    bool is_on = false;
    bool was_on = false;  // it has been read back as on since the command
    bool resend = false;  // say "off" again although it is off
    SteadyTime on_since{};
  };
  void obey(Pack& pack, const Intent& intent, const Input& in, Decision& out);
  static void stop(Pack& pack, const std::string& reason, Decision& out);
  static std::optional<std::string> output_obstacle(Pack& pack, const Input& in);

  std::vector<Pack> packs_;
};

}  // namespace b2m::rules

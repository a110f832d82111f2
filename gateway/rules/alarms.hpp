// SPDX-License-Identifier: MIT
// Warnings with hysteresis and delay, missing data, errors that a BMS reports: the alarm_* points,
// `problem`, and an Alert each time one is raised or cleared.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/rules/limits.hpp"
#include "gateway/rules/rule.hpp"

namespace b2m::rules {

class Alarms final : public Rule {
 public:
  Alarms(const Site& site, const LimitsOf& limits);
  void step(const Input& in, Decision& out) override;

 private:
  enum class State { unknown, clear, pending, active };
  struct Alarm {
    Slot slot = kNoSlot;
    State state = State::unknown;
    SteadyTime since{};
  };
  /// What an alarm's condition is just now.
  struct Condition {
    std::optional<bool> is_raised;  // empty: cannot be told
    bool may_clear = true;          // false: within the hysteresis
    double delay_s = 0;
    Severity severity = Severity::warning;
    std::string message;
  };
  struct Pack {
    DeviceId id;
    std::vector<LimitCheck> checks;
    std::vector<Alarm> check_alarms;  // one per check
    Alarm data_missing, bms_error;
    std::vector<Slot> inputs;  // everything that must be known
    Slot problem = kNoSlot;
  };
  static Condition limit_condition(const LimitCheck& check, const Snapshot& now);
  static Condition missing_condition(const Pack& pack, const Snapshot& now);
  static Condition error_condition(const Pack& pack, const Snapshot& now);
  static void step(Alarm& alarm, const Condition& condition, SteadyTime now, Decision& out);
  static void step(Pack& pack, const Input& in, Decision& out);

  std::vector<Pack> packs_;
};

}  // namespace b2m::rules

// SPDX-License-Identifier: MIT
// Fills in the points of a charger that say how it is doing, and raises its alarms.
#pragma once

#include <optional>
#include <string>

#include "gateway/rules/charge_session.hpp"
#include "gateway/rules/rule.hpp"

namespace b2m::rules {

/// What users see of a charger. A number that is not known stays empty.
struct ChargeView {
  ChargeState state = ChargeState::off;
  std::string reason;
  std::optional<double> energy_wh, battery_ah, cost, on_s, peak_w;
  std::optional<double> level_percent, time_left_min, learned_peak_w;
  std::optional<WallTime> next_start, last_full;
  std::string last_result;
  bool is_guard_missing = false;
};

class ChargePoints {
 public:
  ChargePoints(const Site& site, DeviceId device);
  void show(const ChargeView& view, Decision& out);

 private:
  void number(Slot slot, std::optional<double> value, Decision& out) const;
  void moment(Slot slot, std::optional<WallTime> value, Decision& out) const;
  void text(Slot slot, const std::string& value, Decision& out) const;
  void alarm(Slot slot, bool active, bool& was_active, const std::string& message, Decision& out);

  Slot state_, reason_, energy_, charge_, cost_, duration_, peak_, level_, time_left_;
  Slot next_start_, last_full_, last_result_, learned_peak_;
  Slot problem_, fault_, guard_missing_;
  bool was_fault_ = false, was_guard_missing_ = false;
};

/// The beginning of a text that fits into a state of Home Assistant, whole characters only.
std::string shortened(std::string text);

}  // namespace b2m::rules

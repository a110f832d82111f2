// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_points.hpp"

#include <utility>

namespace b2m::rules {
namespace {

constexpr std::size_t kLongest = 255;

}  // namespace

std::string shortened(std::string text) {
  if (text.size() <= kLongest) return text;
  std::size_t end = kLongest - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "...";
}

ChargePoints::ChargePoints(const Site& site, DeviceId device) {
  const auto slot = [&](const char* key) { return site.slot(device, core_row(key)); };
  state_ = slot("charge_state");
  reason_ = slot("charge_reason");
  energy_ = slot("session_energy");
  charge_ = slot("session_charge");
  cost_ = slot("session_cost");
  duration_ = slot("session_duration");
  peak_ = slot("session_peak");
  level_ = slot("charge_level");
  time_left_ = slot("time_left");
  next_start_ = slot("next_start");
  last_full_ = slot("last_full");
  last_result_ = slot("last_result");
  learned_peak_ = slot("learned_peak");
  problem_ = slot("problem");
  fault_ = slot("alarm_charger_fault");
  guard_missing_ = slot("alarm_guard_missing");
}

void ChargePoints::number(Slot slot, std::optional<double> value, Decision& out) const {
  if (slot == kNoSlot) return;
  out.computed.push_back({slot, value.value_or(0), value ? Quality::good : Quality::missing});
}

void ChargePoints::moment(Slot slot, std::optional<WallTime> value, Decision& out) const {
  std::optional<double> seconds;
  if (value) seconds = static_cast<double>(std::chrono::system_clock::to_time_t(*value));
  number(slot, seconds, out);
}

void ChargePoints::text(Slot slot, const std::string& value, Decision& out) const {
  if (slot != kNoSlot) out.texts.emplace_back(slot, shortened(value));
}

void ChargePoints::alarm(Slot slot, bool active, bool& was_active, const std::string& message,
                         Decision& out) {
  if (slot == kNoSlot) return;
  out.computed.push_back({slot, active ? 1.0 : 0.0, Quality::good});
  if (std::exchange(was_active, active) != active)
    out.alerts.push_back({slot, active, Severity::error, message});
}

void ChargePoints::show(const ChargeView& view, Decision& out) {
  const auto scaled = [](std::optional<double> value, double factor) {
    if (value) *value *= factor;
    return value;
  };
  number(state_, static_cast<double>(view.state), out);
  text(reason_, view.reason, out);
  number(energy_, scaled(view.energy_wh, 0.001), out);
  number(charge_, view.battery_ah, out);
  number(cost_, view.cost, out);
  number(duration_, scaled(view.on_s, 1.0 / 60), out);
  number(peak_, view.peak_w, out);
  number(level_, view.level_percent, out);
  number(time_left_, view.time_left_min, out);
  moment(next_start_, view.next_start, out);
  moment(last_full_, view.last_full, out);
  text(last_result_, view.last_result, out);
  number(learned_peak_, view.learned_peak_w, out);
  const bool is_fault = view.state == ChargeState::fault;
  alarm(fault_, is_fault, was_fault_, is_fault ? view.reason : "The fault was cleared", out);
  alarm(guard_missing_, view.is_guard_missing, was_guard_missing_,
        view.is_guard_missing
            ? "The plug has no timer that would end this charge without the gateway"
            : "No charge runs without a guard",
        out);
  number(problem_, is_fault || view.is_guard_missing ? 1.0 : 0.0, out);
}

}  // namespace b2m::rules

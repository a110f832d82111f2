// SPDX-License-Identifier: MIT
// Goals, and how long it takes to reach them.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "gateway/rules/charge_plan.hpp"

namespace b2m::rules {
namespace {

/// Until a charger has been learned from: constant voltage takes about so long.
constexpr double kUnknownTail_min = 120;
/// Of a charge of which nothing is known.
constexpr double kUnknownCharge_h = 12;
/// A charge reaches the knee at about this level.
constexpr double kKneeLevel_percent = 86;
constexpr double kMargin = 1.2;

double efficiency(const PlanInput& in) {
  if (in.learned.efficiency > 0) return in.learned.efficiency;
  return in.charger.profile.efficiency > 0 ? in.charger.profile.efficiency : 0.8;
}

/// Of an empty battery, at the wall. 0: unknown.
double capacity_wh(const PlanInput& in) {
  const ChargingProfile& p = in.charger.profile;
  return p.capacity_ah * p.battery_voltage_v / efficiency(in);
}

Error refused(std::string text) { return {Errc::refused, std::move(text)}; }

Result<ChargeGoal> energy_goal(const PlanInput& in, double level_percent) {
  const double start = in.options.start_level_percent;
  if (capacity_wh(in) <= 0)
    return refused("the capacity of the battery is not known; set capacity_ah in its profile");
  if (std::isnan(start))
    return refused("the battery's level is not known; set \"Charge level now\"");
  ChargeGoal goal;
  goal.kind = ChargeTarget::energy;
  const double needed = capacity_wh(in) * (level_percent - start) / 100;
  if (needed <= 0)
    return refused(
        fmt::format("the battery stands at {:.0f} %, the goal is {:.0f} %", start, level_percent));
  goal.energy_wh = in.memory.level_base_wh + needed;
  goal.text = fmt::format("{:.0f} %, {:.0f} Wh at the wall", level_percent, needed);
  return goal;
}

Result<ChargeGoal> soc_goal(const PlanInput& in, double level_percent) {
  if (in.charger.pack.empty()) return refused("no pack of this gateway is bound to the charger");
  if (!in.soc_percent)
    return refused(fmt::format("the state of charge of {} is not known", in.charger.pack));
  if (!in.session.is_active && *in.soc_percent >= level_percent)
    return refused(fmt::format("{} stands at {:.1f} %, the goal is {:.0f} %", in.charger.pack,
                               *in.soc_percent, level_percent));
  ChargeGoal goal;
  goal.kind = ChargeTarget::soc;
  goal.soc_percent = level_percent;
  goal.text = fmt::format("{:.0f} % of {}", level_percent, in.charger.pack);
  return goal;
}

Result<ChargeGoal> storage_goal(const PlanInput& in) {
  const double level = in.options.storage_level_percent;
  auto goal = in.charger.pack.empty() ? energy_goal(in, level) : soc_goal(in, level);
  if (goal) goal->is_storage = true;
  return goal;
}

Result<ChargeGoal> power_goal(const PlanInput& in) {
  const double peak = known_peak_w(in.charger, in.learned);
  const double power = in.options.target_power_w;
  if (power <= 0) return refused("no target power is set");
  if (peak > 0 && power >= peak)
    return refused(fmt::format(
        "the target power of {:.1f} W is not below the {:.1f} W that this charger draws at most",
        power, peak));
  ChargeGoal goal;
  goal.kind = ChargeTarget::power;
  goal.power_w = power;
  goal.start_w = in.charger.profile.nominal_start_w;
  goal.text = fmt::format("{:.1f} W", power);
  return goal;
}

Result<ChargeGoal> cell_goal(const PlanInput& in) {
  const double volts = in.options.target_cell_v;
  if (in.charger.pack.empty()) return refused("no pack of this gateway is bound to the charger");
  if (volts <= 0) return refused("no target cell voltage is set");
  if (!in.cell_max_v)
    return refused(fmt::format("the cell voltages of {} are not known", in.charger.pack));
  if (!in.session.is_active && *in.cell_max_v >= volts)
    return refused(fmt::format("the highest cell of {} has {:.3f} V, the goal is {:.3f} V",
                               in.charger.pack, *in.cell_max_v, volts));
  ChargeGoal goal;
  goal.kind = ChargeTarget::cell_voltage;
  goal.cell_v = volts;
  goal.text = fmt::format("a cell at {:.3f} V", volts);
  return goal;
}

ChargeGoal simple_goal(ChargeTarget kind, std::string text) {
  ChargeGoal goal;
  goal.kind = kind;
  goal.text = std::move(text);
  return goal;
}

Result<ChargeGoal> nominal_goal(const PlanInput& in) {
  switch (in.options.target) {
    case ChargeTarget::knee:
      return simple_goal(ChargeTarget::knee, "the knee");
    case ChargeTarget::fraction: {
      ChargeGoal goal = simple_goal(
          ChargeTarget::fraction,
          fmt::format("{:.0f} % of the peak power", in.options.target_fraction_percent));
      goal.fraction = in.options.target_fraction_percent / 100;
      return goal;
    }
    case ChargeTarget::power:
      return power_goal(in);
    case ChargeTarget::energy:
      return energy_goal(in, in.options.target_level_percent);
    case ChargeTarget::soc:
      return soc_goal(in, in.options.target_level_percent);
    case ChargeTarget::cell_voltage:
      return cell_goal(in);
    case ChargeTarget::full:
      break;
  }
  return simple_goal(ChargeTarget::full, "full");
}

/// Level at which a charge to this goal ends, in percent; a good guess where no level is meant.
double end_level(const ChargeGoal& goal, const PlanInput& in) {
  if (goal.is_storage) return in.options.storage_level_percent;
  if (goal.kind == ChargeTarget::energy) return in.options.target_level_percent;
  if (goal.kind == ChargeTarget::soc) return goal.soc_percent;
  return goal.kind == ChargeTarget::knee ? kKneeLevel_percent : 100;
}

double start_level(const PlanInput& in) {
  if (in.soc_percent) return *in.soc_percent;
  if (in.session.is_active && in.session.level_percent) return *in.session.level_percent;
  return std::isnan(in.options.start_level_percent) ? 0 : in.options.start_level_percent;
}

double tail_h(const ChargeGoal& goal, const PlanInput& in) {
  if (end_level(goal, in) <= kKneeLevel_percent) return 0;
  const double learned = in.learned.knee_to_end_min;
  const double balance_min = goal.kind == ChargeTarget::full ? in.charger.profile.balance_min : 0;
  return ((learned > 0 ? learned : kUnknownTail_min) + balance_min) / 60;
}

}  // namespace

double known_peak_w(const ChargerSettings& charger, const Learned& learned) {
  return learned.peak_w > 0 ? learned.peak_w : charger.profile.peak_w;
}

double expected_peak_w(const ChargerSettings& charger, const Learned& learned) {
  if (const double known = known_peak_w(charger, learned); known > 0) return known;
  const ChargingProfile& p = charger.profile;
  const double efficiency = p.efficiency > 0 ? p.efficiency : 0.8;
  return p.charger_current_a * p.battery_voltage_v / efficiency;
}

Result<ChargeGoal> goal_of(const PlanInput& in, ChargeMode mode) {
  switch (mode) {
    case ChargeMode::nominal:
      return nominal_goal(in);
    case ChargeMode::storage:
      return storage_goal(in);
    case ChargeMode::off:
    case ChargeMode::manual:
    case ChargeMode::full:
      break;
  }
  return simple_goal(ChargeTarget::full, "full");
}

double hours_to(const ChargeGoal& goal, const PlanInput& in) {
  const double power_w = expected_peak_w(in.charger, in.learned);
  const double whole_wh = capacity_wh(in);
  const double max_h = in.charger.profile.max_hours;
  if (power_w <= 0 || whole_wh <= 0) return max_h > 0 ? max_h : kUnknownCharge_h;
  const double tail = tail_h(goal, in);
  double energy_wh = whole_wh * (end_level(goal, in) - start_level(in)) / 100;
  if (!in.soc_percent && in.session.is_active && !in.session.level_percent)
    energy_wh -= in.session.energy_wh;
  if (tail > 0) energy_wh -= in.learned.knee_to_end_wh;
  return std::max(energy_wh, 0.0) / power_w + tail;
}

WallTime latest_start(const PlanInput& in, WallTime ready_by) {
  const ChargeMode mode = in.memory.is_full_charge ? ChargeMode::full : in.options.mode;
  const auto goal = goal_of(in, mode);
  const double hours = hours_to(goal ? *goal : simple_goal(ChargeTarget::full, ""), in) * kMargin;
  return ready_by - std::chrono::seconds(std::lround(hours * 3600));
}

}  // namespace b2m::rules

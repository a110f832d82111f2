// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_goals.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/rules/charge_guards.hpp"

namespace b2m::rules {
namespace {

constexpr double kHold_s = 180;
/// A fall from above this share of the peak is no end of a charge.
constexpr double kStillCharging = 0.60;

std::optional<std::string> above_peak(const char* what, double watts, double peak_w,
                                      const char* mend) {
  if (peak_w <= 0 || watts < peak_w) return std::nullopt;
  return fmt::format("the {} of {:.1f} W is above the peak power of this charger, {:.1f} W: {}",
                     what, watts, peak_w, mend);
}

bool is_by_power(ChargeTarget kind) {
  return kind == ChargeTarget::knee || kind == ChargeTarget::fraction ||
         kind == ChargeTarget::power;
}

std::optional<std::string> bad_figure(const ChargeGoal& goal) {
  switch (goal.kind) {
    case ChargeTarget::fraction:
      if (goal.fraction > 0 && goal.fraction < 1) return std::nullopt;
      return fmt::format(
          "a target of {:.0f} % of the peak power can never end a charge in order: "
          "set target_fraction between 1 and 99",
          goal.fraction * 100);
    case ChargeTarget::power:
      if (goal.power_w > 0) return std::nullopt;
      return "no power is set below which the charge shall end: set target_power";
    case ChargeTarget::energy:
      if (goal.energy_wh > 0) return std::nullopt;
      return "there is nothing to be charged: the battery is at its target level already, or its "
             "level is unknown";
    case ChargeTarget::cell_voltage:
      if (goal.cell_v > 0) return std::nullopt;
      return "no cell voltage is set at which the charge shall end: set target_cell_voltage";
    default:
      return std::nullopt;
  }
}

std::optional<std::string> held_below(const PowerSignals& signals, double watts,
                                      const std::string& what) {
  if (!signals.may_decide() || !signals.held_below(watts, kHold_s)) return std::nullopt;
  return fmt::format("{:.1f} W, for three minutes below {}", signals.median_w().value_or(0), what);
}

std::optional<std::string> by_pack(const ChargeGoal& goal, const GoalFacts& facts) {
  if (!facts.pack_held) return std::nullopt;
  if (goal.kind == ChargeTarget::soc)
    return fmt::format("the pack is at {:.1f} %, the target is {:.1f} %",
                       facts.pack.soc_percent.value_or(0), goal.soc_percent);
  return fmt::format("the highest cell is at {:.3f} V, the target is {:.3f} V",
                     facts.pack.cell_max_v.value_or(0), goal.cell_v);
}

std::optional<std::string> by_knee(const PowerSignals& signals) {
  if (!signals.has_knee() || !signals.may_decide()) return std::nullopt;
  return fmt::format("the knee has been passed: {:.1f} W after a peak of {:.1f} W",
                     signals.median_w().value_or(0), signals.peak_w());
}

}  // namespace

std::optional<std::string> missing_input(const ChargeGoal& goal, const PackReadings& pack) {
  if (goal.kind == ChargeTarget::soc && !pack.soc_percent) return "state of charge";
  if (goal.kind == ChargeTarget::cell_voltage && !pack.cell_max_v) return "highest cell voltage";
  return std::nullopt;
}

std::optional<std::string> why_impossible(const ChargeGoal& goal, const ChargingProfile& profile,
                                          const Learned& learned, const PackReadings& pack) {
  if (goal.is_storage && (is_by_power(goal.kind) || goal.kind == ChargeTarget::full))
    return "a storage level cannot be told from the power, since the knee is far above it: set the "
           "battery's capacity and its level now, or bind a pack that knows its state of charge";
  if (auto reason = bad_figure(goal)) return reason;
  if (const auto what = missing_input(goal, pack))
    return pack.is_bound ? fmt::format("the {} of the bound pack is unknown at present", *what)
                         : fmt::format(
                               "no pack is bound to this charger that could tell the {}: "
                               "set \"pack\" in its [[charger]], or choose another target",
                               *what);
  const double peak_w = known_peak_w(profile, learned);
  if (goal.kind == ChargeTarget::power)
    if (auto reason = above_peak("stop power", goal.power_w, peak_w,
                                 "every charge would end at once; set target_power well below"))
      return reason;
  return above_peak("start power", start_power_w(goal, profile), peak_w,
                    goal.is_storage ? "no charge would ever start; set storage_start_w of the "
                                      "profile below, or to 0"
                                    : "no charge would ever start; set nominal_start_w of the "
                                      "profile below, or to 0");
}

double start_power_w(const ChargeGoal& goal, const ChargingProfile& profile) {
  return goal.is_storage ? std::max(goal.start_w, profile.storage_start_w) : goal.start_w;
}

bool pack_says_reached(const ChargeGoal& goal, const PackReadings& pack) {
  if (goal.kind == ChargeTarget::soc)
    return pack.soc_percent && *pack.soc_percent >= goal.soc_percent;
  if (goal.kind == ChargeTarget::cell_voltage)
    return pack.cell_max_v && *pack.cell_max_v >= goal.cell_v;
  return false;
}

std::optional<std::string> goal_reached(const ChargeGoal& goal, const GoalFacts& facts) {
  const double peak_w = facts.known_peak_w > 0 ? facts.known_peak_w : facts.signals.peak_w();
  switch (goal.kind) {
    case ChargeTarget::knee:
      return by_knee(facts.signals);
    case ChargeTarget::fraction:
      return held_below(facts.signals, goal.fraction * peak_w,
                        fmt::format("{:.0f} % of the peak power, {:.1f} W", goal.fraction * 100,
                                    goal.fraction * peak_w));
    case ChargeTarget::power:
      return held_below(facts.signals, goal.power_w, fmt::format("{:.1f} W", goal.power_w));
    case ChargeTarget::energy:
      if (facts.energy_wh < goal.energy_wh) return std::nullopt;
      return fmt::format("{:.0f} Wh have been drawn, the target is {:.0f} Wh", facts.energy_wh,
                         goal.energy_wh);
    case ChargeTarget::soc:
    case ChargeTarget::cell_voltage:
      return by_pack(goal, facts);
    case ChargeTarget::full:
      break;
  }
  return std::nullopt;
}

std::optional<std::string> found_full(const PowerSignals& signals, const ChargingProfile& profile) {
  if (!signals.may_decide()) return std::nullopt;
  const double now_w = signals.median_w().value_or(0);
  const auto from = signals.fell_from();
  // Nothing at all is an empty socket, which has an end of its own.
  if (from && *from < kStillCharging * signals.peak_w() && now_w >= profile.no_load_w)
    return fmt::format("the charger has ended the charge: from {:.1f} W to {:.1f} W", *from, now_w);
  return held_below(signals, profile.full_power_w,
                    fmt::format("{:.1f} W, full", profile.full_power_w));
}

std::optional<std::string> found_disconnected(const PowerSignals& signals,
                                              const ChargingProfile& profile) {
  const auto from = signals.fell_from();
  const double now_w = signals.median_w().value_or(0);
  if (!from || *from < kStillCharging * signals.peak_w()) return std::nullopt;
  if (now_w < profile.no_load_w || now_w >= profile.idle_w) return std::nullopt;
  return fmt::format(
      "the power fell at once from {:.1f} W to {:.1f} W: the battery has been taken "
      "off, or its protection has cut off",
      *from, now_w);
}

}  // namespace b2m::rules

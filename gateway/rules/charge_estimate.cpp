// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_estimate.hpp"

#include <algorithm>

#include "gateway/rules/charge_guards.hpp"

namespace b2m::rules {
namespace {

// docs/charging.md, "Estimates": where the recorded charges had their knee, and how long
// constant voltage took.
constexpr double kKneeLevel = 86;
constexpr double kTypicalTail_min = 120;
constexpr double kLeastFall_w_per_min = 0.05;

/// At the wall, per percent of the battery; 0: no capacity is known.
double wh_per_percent(const EstimateInput& in) {
  if (in.profile.efficiency <= 0) return 0;
  return in.profile.capacity_ah * in.profile.battery_voltage_v / in.profile.efficiency / 100;
}

double tail_wh(const EstimateInput& in) {
  if (in.learned.knee_to_end_wh > 0) return in.learned.knee_to_end_wh;
  return (100 - kKneeLevel) * wh_per_percent(in);
}

double tail_min(const EstimateInput& in) {
  return in.learned.knee_to_end_min > 0 ? in.learned.knee_to_end_min : kTypicalTail_min;
}

double drawn_since(const EstimateInput& in, double mark_wh) {
  return in.session.energy.energy_wh() - mark_wh;
}

/// Minutes at the present power for so much energy.
std::optional<double> minutes_for(const EstimateInput& in, double wh) {
  const double watts = in.signals.median_w().value_or(0);
  if (watts < in.profile.idle_w || watts <= 0) return std::nullopt;
  return std::max(0.0, wh) / watts * 60;
}

std::optional<double> minutes_to_knee(const EstimateInput& in) {
  if (in.session.knee) return 0;
  const auto level = level_percent(in);
  if (!level || wh_per_percent(in) <= 0) return std::nullopt;
  return minutes_for(in, (kKneeLevel - *level) * wh_per_percent(in));
}

/// Within constant voltage, from the knee to a power.
std::optional<double> minutes_of_tail(const EstimateInput& in, double down_to_w) {
  const auto slope = in.signals.slope();
  const double watts = in.signals.median_w().value_or(0);
  if (in.session.knee && slope && *slope < -kLeastFall_w_per_min)
    return std::max(0.0, (watts - down_to_w) / -*slope);
  const double peak_w = std::max(in.session.peak_w, known_peak_w(in.profile, in.learned));
  if (peak_w <= 0) return std::nullopt;
  const double share = std::clamp(1 - down_to_w / peak_w, 0.0, 1.0);
  const double passed_s = in.session.knee ? in.session.on_s - in.session.knee->on_s : 0;
  return std::max(0.0, share * tail_min(in) - passed_s / 60);
}

std::optional<double> minutes_until_power(const EstimateInput& in, double watts) {
  const auto first = minutes_to_knee(in);
  const auto then = minutes_of_tail(in, watts);
  if (!first || !then) return std::nullopt;
  return *first + *then;
}

std::optional<double> minutes_until_full(const EstimateInput& in) {
  const double hold = in.profile.balance_min;
  if (in.state == ChargeState::balance) return std::max(0.0, hold - in.session.balance_s / 60);
  const auto first = minutes_to_knee(in);
  if (!first) return std::nullopt;
  const double passed_s = in.session.knee ? in.session.on_s - in.session.knee->on_s : 0;
  return *first + std::max(0.0, tail_min(in) - passed_s / 60) + hold;
}

std::optional<double> minutes_until_soc(const EstimateInput& in) {
  if (!in.pack.soc_percent || wh_per_percent(in) <= 0) return std::nullopt;
  return minutes_for(in, (in.session.goal.soc_percent - *in.pack.soc_percent) * wh_per_percent(in));
}

}  // namespace

std::optional<double> level_percent(const EstimateInput& in) {
  if (in.pack.soc_percent) return *in.pack.soc_percent;
  if (in.session.full) return 100;
  if (in.session.knee) {
    const double whole = tail_wh(in);
    const double share = whole > 0 ? drawn_since(in, in.session.knee->energy_wh) / whole : 0;
    return kKneeLevel + (99 - kKneeLevel) * std::clamp(share, 0.0, 1.0);
  }
  const double step = wh_per_percent(in);
  if (!in.session.start_level || step <= 0) return std::nullopt;
  return std::clamp(*in.session.start_level + drawn_since(in, in.session.start_level_wh) / step,
                    0.0, 99.0);
}

std::optional<double> time_left_min(const EstimateInput& in) {
  const ChargeGoal& goal = in.session.goal;
  switch (goal.kind) {
    case ChargeTarget::knee:
      return minutes_to_knee(in);
    case ChargeTarget::fraction: {
      const double known = known_peak_w(in.profile, in.learned);
      const double peak_w = known > 0 ? known : in.session.peak_w;
      return minutes_until_power(in, goal.fraction * peak_w);
    }
    case ChargeTarget::power:
      return minutes_until_power(in, goal.power_w);
    case ChargeTarget::energy:
      return minutes_for(in, goal.energy_wh - in.session.energy.energy_wh());
    case ChargeTarget::soc:
      return minutes_until_soc(in);
    case ChargeTarget::full:
      return minutes_until_full(in);
    case ChargeTarget::cell_voltage:
      break;
  }
  return std::nullopt;
}

}  // namespace b2m::rules

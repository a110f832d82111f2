// SPDX-License-Identifier: MIT
// What ends a charge in order: whether a goal can be reached at all, and whether it has been.
#pragma once

#include <optional>
#include <string>

#include "gateway/rules/charge_session.hpp"
#include "gateway/rules/charge_signals.hpp"

namespace b2m::rules {

/// Why no charge should be started for this goal, and what mends it; empty: it may.
std::optional<std::string> why_impossible(const ChargeGoal& goal, const ChargingProfile& profile,
                                          const Learned& learned, const PackReadings& pack);
/// A charge is not worth starting below; 0: always.
double start_power_w(const ChargeGoal& goal, const ChargingProfile& profile);
/// A value of the pack that the goal needs, in words, and is not known; empty: nothing is missing.
std::optional<std::string> missing_input(const ChargeGoal& goal, const PackReadings& pack);

struct GoalFacts {
  const PowerSignals& signals;
  const PackReadings& pack;
  double known_peak_w = 0;  // 0: that of the session counts
  double energy_wh = 0;
  bool pack_held = false;  // `pack_says_reached` for long enough
};
/// By the bound pack alone, at this moment.
bool pack_says_reached(const ChargeGoal& goal, const PackReadings& pack);
/// A sentence when the goal has been reached. Never for the goal full: it has an end of its own.
std::optional<std::string> goal_reached(const ChargeGoal& goal, const GoalFacts& facts);

/// Full, whatever the goal: an end step, or the power below the limit of the profile.
std::optional<std::string> found_full(const PowerSignals& signals, const ChargingProfile& profile);
/// From constant current straight to nothing: no end of charge, the battery is gone.
std::optional<std::string> found_disconnected(const PowerSignals& signals,
                                              const ChargingProfile& profile);

}  // namespace b2m::rules

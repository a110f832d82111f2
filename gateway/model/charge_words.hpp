// SPDX-License-Identifier: MIT
// The words of a charger's select entities and states: what a number in a Reading means. Order is
// part of the stored settings, so new words go to the end.
#pragma once

#include <string_view>

namespace b2m {

enum class ChargeMode { off, manual, nominal, full, storage };
inline constexpr std::string_view kChargeModes[] = {"off", "manual", "nominal", "full", "storage"};

enum class ChargeState {
  off,
  probe,      // on, finding out what is plugged in
  no_load,    // nothing plugged in
  idle,       // a charger without a battery, or with a full one
  charge_cc,  // constant current
  charge_cv,  // constant voltage
  balance,    // full, held for balancing
  paused,
  done,
  stale,  // no valid reading; commanded off
  fault,  // latched until the user clears it
};
inline constexpr std::string_view kChargeStates[] = {"off",       "probe",     "no_load", "idle",
                                                     "charge_cc", "charge_cv", "balance", "paused",
                                                     "done",      "stale",     "fault"};

/// What ends a charge in mode nominal.
enum class ChargeTarget { knee, fraction, power, energy, soc, cell_voltage, full };
inline constexpr std::string_view kChargeTargets[] = {"knee", "fraction",     "power", "energy",
                                                      "soc",  "cell_voltage", "full"};

enum class FullEvery { never, week, two_weeks, month };
inline constexpr std::string_view kFullEveryWords[] = {"never", "week", "two_weeks", "month"};

inline constexpr std::string_view kWeekdayWords[] = {"any",      "monday", "tuesday",  "wednesday",
                                                     "thursday", "friday", "saturday", "sunday"};

}  // namespace b2m

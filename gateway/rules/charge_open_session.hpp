// SPDX-License-Identifier: MIT
// A charge that is under way, pauses included: its counters, its marks and its curve.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/rules/charge_energy.hpp"
#include "gateway/rules/charge_learning.hpp"
#include "gateway/rules/charge_session.hpp"
#include "gateway/rules/charge_signals.hpp"
#include "gateway/rules/session_text.hpp"

namespace b2m::rules {

/// Where in the charge something was found.
struct ChargeMark {
  double on_s = 0;
  double energy_wh = 0;
};

struct OpenSession {
  ChargeMode mode = ChargeMode::off;
  ChargeGoal goal;
  bool is_external = false;
  WallTime started{};
  double age_s = 0;  // pauses included
  double on_s = 0;
  double balance_s = 0;
  EnergyMeter energy;
  double peak_w = 0;
  double peak_on_s = 0;  // when it was reached
  std::optional<ChargeMark> knee, full;
  bool knee_at_start = false;  // it began in constant voltage: the knee itself was not seen
  double end_step_w = 0;       // the power from which it fell; 0: no step
  double lowest_tail_w = 0;    // past the knee; 0: not there yet
  bool has_risen = false;      // from there, and it was said
  bool has_charged = false;    // got past its first probe
  int obstacles = 0;           // pauses for the battery's sake
  int silences = 0;            // times the plug was not heard for too long
  bool has_no_guard = false;   // the plug has none, and the configuration allows it
  std::optional<double> start_level;
  double start_level_wh = 0;  // energy at the moment of that level
  std::optional<double> pack_energy_kwh;
  std::vector<SessionRecord::CurvePoint> curve;
};

constexpr double kCurveStep_s = 60;

void add_to_curve(OpenSession& session, double watts);
double battery_ah(const OpenSession& session, const ChargingProfile& profile);
/// "152 Wh in 1 h 31 min"
std::string balance_sheet(const OpenSession& session);
std::string duration_text(double seconds);

SessionRecord record_of(const OpenSession& session, const ChargerSettings& settings,
                        WallTime ended);
Lesson lesson_of(const OpenSession& session, const PowerSignals& signals,
                 const ChargerSettings& settings, const PackReadings& pack);

void write(TextWriter& out, const OpenSession& session);
std::optional<OpenSession> read_session(const TextReader& in);

}  // namespace b2m::rules

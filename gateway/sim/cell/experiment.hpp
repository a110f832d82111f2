// SPDX-License-Identifier: MIT
// What is done with a cell, step by step. Current, power: discharge positive.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/result.hpp"

namespace b2m::sim {

/// Current over time, linear between the points; times rise from 0.
struct DriveCycle {
  std::vector<double> time_s;
  std::vector<double> current_a;
};

/// Reads "time,current" with or without a heading; separators comma, semicolon, tab or blanks;
/// comments after #. The first time is 0. Errors name line and reason: not a number, not finite,
/// times that do not rise, fewer than two points, more than a million. `charge_positive`: the
/// file's currents are positive when charging.
Result<DriveCycle> parse_cycle(std::string_view csv, bool charge_positive = false);

struct ExperimentStep {
  enum class Kind { current, voltage, power, resistance, cycle };
  Kind kind = Kind::current;
  double value = 0;                         // A, V, W or Ohm; rest: current 0
  std::shared_ptr<const DriveCycle> cycle;  // of kind cycle
  // What ends it, and the run's own limits always. A cycle ends at its last point, too. Without
  // any, a charge or discharge goes on until the run ends at a limit.
  std::optional<double> duration_s;
  std::optional<double> until_v;  // crossed from either side
  std::optional<double> until_a;  // |current| falls to it
  std::string text;               // as the user wrote it, for messages
};

struct Experiment {
  std::vector<ExperimentStep> steps;
};

/// One step in the notation of PyBaMM, in any case:
///     Discharge|Charge at VALUE ENDS    a current, a power, a C-rate or (Discharge) a resistance
///     Hold at VOLTAGE ENDS
///     Rest ENDS
///     ENDS: "for TIME", "until VOLTAGE|CURRENT", several joined by "or"; one at least
/// "Discharge at 1C until 2.5 V", "Hold at 4.2 V until 50 mA", "Discharge at C/5 for 2 hours or
/// until 3 V". Units, with or without a blank: A mA V mV W mW Ohm C; s sec seconds min minutes h
/// hours days. C-rates are 1C, 0.3C or C/5, and `nominal_ah` gives them their meaning. The error
/// quotes the words it does not understand and shows what is possible.
Result<ExperimentStep> parse_step(std::string_view text, double nominal_ah);
/// Steps separated by line ends, semicolons or commas (", then"). "(STEP; STEP) x 3" repeats a
/// group; groups do not nest. At most 10,000 steps. The error names the step.
Result<Experiment> parse_experiment(std::string_view text, double nominal_ah);

}  // namespace b2m::sim

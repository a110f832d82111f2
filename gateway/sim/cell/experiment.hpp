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
/// comments after #. Errors name line and reason: not a number, not finite, times that do not rise,
/// no rows, too many. `charge_positive`: the file's currents are positive when charging.
Result<DriveCycle> parse_cycle(std::string_view csv, bool charge_positive = false);

struct ExperimentStep {
  enum class Kind { current, voltage, power, resistance, cycle };
  Kind kind = Kind::current;
  double value = 0;                         // A, V, W or Ohm; rest: current 0
  std::shared_ptr<const DriveCycle> cycle;  // of kind cycle
  // What ends it; at least one, and the run's own limits always.
  std::optional<double> duration_s;
  std::optional<double> until_v;  // crossed from either side
  std::optional<double> until_a;  // |current| falls to it
  std::string text;               // as the user wrote it, for messages
};

struct Experiment {
  std::vector<ExperimentStep> steps;
};

/// One step in the notation of PyBaMM: "Discharge at 1C until 2.5 V", "Charge at 0.3C until 4.2 V",
/// "Discharge at 5 W for 30 minutes", "Hold at 4.2 V until 50 mA", "Rest for 1 hour", "Discharge at
/// C/5 for 2 hours or until 3 V". Units: A mA V mV W mW Ohm C; s seconds min minutes h hours.
/// `nominal_ah` gives C-rates their meaning. The error quotes the words it does not understand and
/// shows what is possible.
Result<ExperimentStep> parse_step(std::string_view text, double nominal_ah);
/// Steps separated by line ends, semicolons or ", then"; "(…) x 3" or a line "repeat 3" after a
/// group is not part of the notation: groups come as lists in JSON. The error names the step.
Result<Experiment> parse_experiment(std::string_view text, double nominal_ah);

}  // namespace b2m::sim

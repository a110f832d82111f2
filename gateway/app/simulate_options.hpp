// SPDX-License-Identifier: MIT
// What the options of `battery2mqtt simulate` ask for: one run, or several to compare.
#pragma once

#include <string>
#include <vector>

#include "gateway/app/command_line.hpp"
#include "gateway/result.hpp"
#include "gateway/sim/cell/simulation.hpp"

namespace b2m::app {

struct SimulateRun {
  std::string name;  // of what distinguishes it from the others: "dfn, 5 A"
  sim::SimulationInput input;
};

/// A run for each combination of the values of --model, --parameters, --current, --soc and
/// --temperature-c. The error names the option.
Result<std::vector<SimulateRun>> simulate_runs(const Arguments& arguments);

}  // namespace b2m::app

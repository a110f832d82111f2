// SPDX-License-Identifier: MIT
// What a run begins with: an input that has been checked, and a cell in its first state.
#pragma once

#include "gateway/sim/cell/simulation.hpp"

namespace b2m::sim {

struct SimulationStart {
  std::unique_ptr<Solver> solver;
  StoichiometryLimits limits;
  double soc = 0;
  double ocv_v = 0;
};

/// The error is the first thing that is wrong with the input.
Result<SimulationStart> start(const SimulationInput& input);

/// Time error of one step of the solver that keeps the whole run within its preset, V.
double tolerance_of(Preset preset);

}  // namespace b2m::sim

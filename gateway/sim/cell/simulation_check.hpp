// SPDX-License-Identifier: MIT
// What can be seen of a run without a cell: numbers, spans, bounds.
#pragma once

#include "gateway/sim/cell/simulation.hpp"

namespace b2m::sim {

Result<> check_numbers(const SimulationInput& input);

}  // namespace b2m::sim

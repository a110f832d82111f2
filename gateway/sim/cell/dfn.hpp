// SPDX-License-Identifier: MIT
// The full Doyle-Fuller-Newman model: a particle at every node, salt and potentials through the
// cell. Equations, grid and time stepping: docs/simulation.md, "DFN".
#pragma once

#include <memory>

#include "gateway/result.hpp"
#include "gateway/sim/cell/solver.hpp"

namespace b2m::sim {

/// The errors are about a mesh or set that it cannot use.
Result<std::unique_ptr<Solver>> make_dfn(const CellSet& set, const SolverSettings& settings);

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
// Thevenin models: the open-circuit voltage of the set behind a resistor and one or two RC pairs,
// whose values depend on the SoC. Fitted at one temperature; the heat is I (OCV - V).
#pragma once

#include "gateway/sim/cell/solver.hpp"

namespace b2m::sim {

/// `kind` is ecm_1rc or ecm_2rc. The error: the set has no fit for this kind, or its knots cannot
/// be used.
Result<std::unique_ptr<Solver>> make_ecm(ModelKind kind, const CellSet& set,
                                         const SolverSettings& settings);

}  // namespace b2m::sim

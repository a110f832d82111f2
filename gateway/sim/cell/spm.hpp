// SPDX-License-Identifier: MIT
// The models with one particle for each electrode, as solvers. docs/simulation.md, "Models".
#pragma once

#include "gateway/sim/cell/solver.hpp"

namespace b2m::sim {

/// Single particle model: diffusion in the particles, kinetics, nothing else.
Result<std::unique_ptr<Solver>> make_spm(const CellSet& set, const SolverSettings& settings);
/// With the electrolyte (Marquis 2019, composite form).
Result<std::unique_ptr<Solver>> make_spme(const CellSet& set, const SolverSettings& settings);
/// SPM behind a resistor and an RC pair that stand for electrolyte and solid: for packs. The error:
/// the set has no fit for it.
Result<std::unique_ptr<Solver>> make_spm_rc(const CellSet& set, const SolverSettings& settings);

/// What any model with particles wants of its settings: mesh, temperatures, tolerance, SoC.
Result<> check_settings(const SolverSettings& settings);

}  // namespace b2m::sim

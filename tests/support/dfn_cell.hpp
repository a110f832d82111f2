// SPDX-License-Identifier: MIT
// DFN cells stepped by hand.
#pragma once

#include <memory>

#include <gtest/gtest.h>

#include "gateway/sim/cell/dfn_solver.hpp"
#include "tests/support/cell_sets.hpp"

namespace b2m::testing {

inline std::unique_ptr<sim::DfnSolver> dfn_cell(const sim::SolverSettings& settings,
                                                const sim::CellSet& set = test::chen2020()) {
  const auto limits = sim::find_limits(set).value();
  const auto between = [&](double empty, double full) {
    return empty + settings.soc * (full - empty);
  };
  return std::make_unique<sim::DfnSolver>(
      set, settings,
      set.negative.concentration_max * between(limits.negative_empty, limits.negative_full),
      set.positive.concentration_max * between(limits.positive_empty, limits.positive_full));
}

inline sim::SolverSettings small_mesh(double soc) {
  sim::SolverSettings settings;
  settings.mesh = {6, 3, 6, 6, 6};
  settings.soc = soc;
  return settings;
}

inline sim::Demand steady(double value, sim::Demand::Kind kind = sim::Demand::Kind::current) {
  return {kind, value, value};
}

/// Equal steps through a span, each of them accepted; the last attempt.
inline sim::Attempt step_through(sim::Solver& cell, double span_s, int steps,
                                 const sim::Demand& demand) {
  sim::Attempt last = cell.settle(demand);
  for (int i = 0; i < steps && last.outcome == sim::Attempt::Outcome::solved; ++i) {
    last = cell.attempt(span_s / steps, demand);
    if (last.outcome == sim::Attempt::Outcome::solved) cell.accept();
  }
  return last;
}

}  // namespace b2m::testing

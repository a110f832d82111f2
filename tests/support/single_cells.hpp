// SPDX-License-Identifier: MIT
// Cells of the models with one particle for each electrode, stepped by hand.
#pragma once

#include <gtest/gtest.h>

#include "gateway/sim/cell/single_particle.hpp"
#include "tests/support/cell_sets.hpp"

namespace b2m::testing {

inline sim::SingleParticle single_cell(sim::ModelKind model, sim::SolverSettings settings = {},
                                       const sim::CellSet& set = test::chen2020()) {
  return {model, set, sim::find_limits(set).value(), settings};
}

inline sim::SolverSettings at_soc(double soc) {
  sim::SolverSettings settings;
  settings.soc = soc;
  return settings;
}

inline sim::SolverSettings lumped() {
  sim::SolverSettings settings;
  settings.is_thermal = true;
  return settings;
}

inline sim::Demand constant(double value, sim::Demand::Kind kind = sim::Demand::Kind::current) {
  return {kind, value, value};
}

/// Equal steps through a span, each of them accepted; the last attempt.
inline sim::Attempt go(sim::Solver& cell, double span_s, int steps, const sim::Demand& demand) {
  sim::Attempt last = cell.settle(demand);
  for (int i = 0; i < steps && last.outcome == sim::Attempt::Outcome::solved; ++i) {
    last = cell.attempt(span_s / steps, demand);
    if (last.outcome == sim::Attempt::Outcome::solved) cell.accept();
  }
  EXPECT_EQ(last.reason, "");
  return last;
}

}  // namespace b2m::testing

// SPDX-License-Identifier: MIT
// Beyond what a cell can do, the full model ends with a reason: no NaN, no endless search.
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "gateway/sim/cell/simulation.hpp"
#include "tests/support/dfn_cell.hpp"

namespace b2m::sim {
namespace {

using test::chen2020;
using testing::dfn_cell;
using testing::small_mesh;
using testing::steady;
using Kind = Demand::Kind;
using Outcome = Attempt::Outcome;

SimulationInput constant(double amperes, double lower_v, double soc, const Mesh& mesh) {
  SimulationInput input;
  input.set = chen2020();
  input.soc = soc;
  input.mesh = mesh;
  input.lower_v = lower_v;
  ExperimentStep step;
  step.value = amperes;
  step.duration_s = 3600;
  input.experiment.steps.push_back(step);
  return input;
}

/// A constant discharge of the original's cell to the end, whatever that is.
SimulationOutput discharge(double amperes, double lower_v) {
  return run(constant(amperes, lower_v, std::nan(""), {})).value();
}

void expect_finite(const SimulationTable& table) {
  for (const double value : table.values) EXPECT_TRUE(std::isfinite(value));
}

TEST(DfnDepletion, At20And40AmperesTheVoltageFallsWhereTheFrontReachesTheSeparator) {
  // 141 s and 23 s in PyBaMM: reference, section 1.5.
  for (const auto& [amperes, expected_s] : {std::pair(20.0, 141.4), {40.0, 23.15}}) {
    const SimulationOutput output = discharge(amperes, 2.5);

    expect_finite(output.table);
    EXPECT_NEAR(output.end.time_s, expected_s, 0.01 * expected_s);
    EXPECT_EQ(output.end.reason, EndReason::lower_voltage) << output.end.text;
    EXPECT_LT(output.end.solver_steps, 2000);
  }
}

// Where the electrolyte is depleted, the reaction's slopes by the salt once ended in a kink, and
// runs ended at any voltage: 20 A from a full cell after 114 s at 2.96 V.
class ExtremeDischarge : public ::testing::TestWithParam<double> {};

TEST_P(ExtremeDischarge, ReachesItsLimit) {
  for (const double soc : {1.0, 0.8, 0.5})
    for (const Mesh mesh : {Mesh{}, Mesh{30, 30, 30, 10, 10}}) {
      const SimulationOutput output = run(constant(5 * GetParam(), 2.5, soc, mesh)).value();

      // Millivolts before the limit the depleted nodes may have no solution any more.
      EXPECT_TRUE(output.end.reason == EndReason::lower_voltage ||
                  output.end.reason == EndReason::depleted)
          << soc << ": " << output.end.text;
      EXPECT_NEAR(output.end.voltage_v, 2.5, 0.02) << soc << ": " << output.end.text;
      EXPECT_LT(output.end.solver_steps, 1500) << soc;
      expect_finite(output.table);
    }
}
INSTANTIATE_TEST_SUITE_P(CRates, ExtremeDischarge, ::testing::Values(3, 4, 5, 6, 8));

TEST(DfnDepletion, WithoutALimitTheEndNamesThePlace) {
  for (const double amperes : {20.0, 40.0}) {
    const SimulationOutput output = discharge(amperes, 0.1);

    expect_finite(output.table);
    EXPECT_EQ(output.end.reason, EndReason::depleted) << output.end.text;
    EXPECT_NE(output.end.text.find("um from its collector"), std::string::npos) << output.end.text;
    EXPECT_LT(output.end.solver_steps, 5000);
  }
}

TEST(DfnDepletion, AnEmptyCellEndsWithUsedUpLithium) {
  const auto cell = dfn_cell(small_mesh(0.02));
  cell->settle(steady(5));
  Attempt last;
  for (double dt = 10; dt > 1e-4;) {
    last = cell->attempt(dt, steady(5));
    EXPECT_TRUE(std::isfinite(last.voltage_v));
    if (last.outcome == Outcome::solved)
      cell->accept();
    else
      dt /= 4;
  }

  EXPECT_EQ(last.outcome, Outcome::depleted);
  EXPECT_NE(last.reason.find("lithium"), std::string::npos) << last.reason;
}

TEST(DfnDepletion, NonsenseIsNoStep) {
  const auto cell = dfn_cell(small_mesh(0.5));
  const double before = cell->settle(steady(1)).voltage_v;

  EXPECT_EQ(cell->attempt(0, steady(1)).outcome, Outcome::no_solution);
  EXPECT_EQ(cell->attempt(-1, steady(1)).outcome, Outcome::no_solution);
  EXPECT_EQ(cell->attempt(std::nan(""), steady(1)).outcome, Outcome::no_solution);
  EXPECT_EQ(cell->attempt(1, steady(std::nan(""))).outcome, Outcome::no_solution);
  EXPECT_EQ(cell->settle(steady(std::nan(""))).outcome, Outcome::no_solution);
  cell->accept();

  EXPECT_NEAR(cell->settle(steady(1)).voltage_v, before, 1e-6);
}

TEST(DfnDepletion, WildDemandsGiveFiniteValuesOrAReason) {
  std::mt19937 random(11);
  std::uniform_real_distribution<double> soc(0.02, 0.98), amperes(-250, 250), volts(0.5, 6),
      watts(-900, 900), ohms(1e-3, 2), spans(-4, 2.5);
  std::uniform_int_distribution<int> kinds(0, 3), nodes(2, 7);
  for (int run = 0; run < 150; ++run) {
    SolverSettings settings;
    settings.mesh = {nodes(random), nodes(random), nodes(random), nodes(random), nodes(random)};
    settings.soc = soc(random);
    settings.is_thermal = run % 2 == 0;
    const auto cell = dfn_cell(settings);
    for (int step = 0; step < 12; ++step) {
      const auto kind = static_cast<Kind>(kinds(random));
      std::uniform_real_distribution<double>* of[] = {&amperes, &volts, &watts, &ohms};
      Demand demand{kind, (*of[static_cast<int>(kind)])(random), 0};
      demand.end = step % 2 == 0 ? demand.begin : 0.9 * demand.begin;
      for (const Attempt& attempt :
           {cell->settle(demand), cell->attempt(std::pow(10, spans(random)), demand)}) {
        EXPECT_TRUE(std::isfinite(attempt.voltage_v));
        EXPECT_TRUE(std::isfinite(attempt.current_a));
        EXPECT_TRUE(std::isfinite(attempt.temperature_k));
        EXPECT_EQ(attempt.outcome == Outcome::solved, attempt.reason.empty());
      }
      cell->accept();
      EXPECT_TRUE(std::isfinite(cell->terms().heat_w));
    }
  }
}

}  // namespace
}  // namespace b2m::sim

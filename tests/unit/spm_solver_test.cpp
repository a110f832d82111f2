// SPDX-License-Identifier: MIT
// What holds for each of SPM, SPMe and SPM with RC.
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "gateway/sim/cell/hermite.hpp"
#include "gateway/sim/cell/spm.hpp"
#include "tests/support/single_cells.hpp"

namespace b2m::sim {
namespace {

using testing::at_soc;
using testing::constant;
using testing::go;
using testing::lumped;
using testing::single_cell;
using Outcome = Attempt::Outcome;

class SingleParticles : public ::testing::TestWithParam<ModelKind> {};
INSTANTIATE_TEST_SUITE_P(Models, SingleParticles,
                         ::testing::Values(ModelKind::spm, ModelKind::spme, ModelKind::spm_rc),
                         [](const auto& of) {
                           return kModelNames[static_cast<std::size_t>(of.param)];
                         });

TEST_P(SingleParticles, BookEveryChargeThatPasses) {
  auto cell = single_cell(GetParam(), at_soc(0.5));
  const auto before = cell.content();
  std::mt19937 random(5);
  std::uniform_real_distribution<double> currents(-8, 8), spans(0.5, 40);

  double charge_as = 0;
  for (int i = 0; i < 50; ++i) {
    const Demand demand{Demand::Kind::current, currents(random), currents(random)};
    const double span = spans(random);
    ASSERT_EQ(cell.attempt(span, demand).outcome, Outcome::solved);
    cell.accept();
    charge_as += span * (demand.begin + demand.end) / 2;
  }

  const auto after = cell.content();
  EXPECT_NEAR(after.negative_mol - before.negative_mol, -charge_as / kFaraday, 1e-12);
  EXPECT_NEAR(after.positive_mol - before.positive_mol, charge_as / kFaraday, 1e-12);
  EXPECT_NEAR(after.salt_mol, before.salt_mol, 1e-12);
}

TEST_P(SingleParticles, StayAtRestForDays) {
  auto cell = single_cell(GetParam(), at_soc(0.3));
  const double open = cell.settle(constant(0)).voltage_v;

  const Attempt last = go(cell, 10 * 86400.0, 10, constant(0));

  EXPECT_NEAR(last.voltage_v, open, 1e-9);
  EXPECT_NEAR(last.voltage_v, cell.terms().ocv_v, 1e-9);
}

TEST_P(SingleParticles, AnswerASmallChargeLikeASmallDischarge) {
  const auto moved = [&](double current_a) {
    auto cell = single_cell(GetParam(), at_soc(0.5));
    const double open = cell.settle(constant(0)).voltage_v;
    return go(cell, 30, 30, constant(current_a)).voltage_v - open;
  };

  EXPECT_NEAR(moved(1e-3) / -moved(-1e-3), 1, 1e-3);
}

TEST_P(SingleParticles, HalveTheStepForAQuarterOfTheError) {
  const auto voltage = [&](int steps) {
    auto cell = single_cell(GetParam(), at_soc(0.7));
    return go(cell, 600, steps, constant(5)).voltage_v;
  };
  const double exact = voltage(2000);

  EXPECT_NEAR((voltage(20) - exact) / (voltage(40) - exact), 4, 1.2);
}

TEST_P(SingleParticles, ComeCloserWithAFinerMesh) {
  const auto voltage = [&](int cells) {
    SolverSettings settings = at_soc(0.9);
    settings.mesh = {cells, cells, cells, cells, cells};
    auto cell = single_cell(GetParam(), settings);
    return go(cell, 60, 120, constant(5)).voltage_v;
  };
  const double exact = voltage(320);

  EXPECT_LT(std::abs(voltage(40) - exact), 0.6 * std::abs(voltage(20) - exact));
}

TEST_P(SingleParticles, ChangeNothingUntilAStepIsAccepted) {
  auto cell = single_cell(GetParam(), lumped());
  go(cell, 100, 10, constant(5));
  const Attempt first = cell.attempt(20, constant(5));

  (void)cell.attempt(300, constant(-2));
  (void)cell.attempt(5, constant(4.0, Demand::Kind::voltage));
  const Attempt again = cell.attempt(20, constant(5));

  EXPECT_DOUBLE_EQ(again.voltage_v, first.voltage_v);
  EXPECT_DOUBLE_EQ(again.temperature_k, first.temperature_k);
  EXPECT_DOUBLE_EQ(again.error, first.error);
}

TEST_P(SingleParticles, EstimateTheErrorOfAStep) {
  auto cell = single_cell(GetParam(), at_soc(0.6));
  auto exact = single_cell(GetParam(), at_soc(0.6));
  go(cell, 20, 20, constant(5));
  go(exact, 20, 20, constant(5));

  const Attempt step = cell.attempt(20, constant(5));
  const double error_v = std::abs(go(exact, 20, 400, constant(5)).voltage_v - step.voltage_v);

  EXPECT_LT(error_v, 3 * step.error * SolverSettings{}.tolerance_v);
  EXPECT_GT(error_v, step.error * SolverSettings{}.tolerance_v / 30);
}

TEST_P(SingleParticles, KnowTheVoltageInsideAStep) {
  SolverSettings settings = lumped();
  settings.soc = 0.6;
  auto cell = single_cell(GetParam(), settings);
  auto exact = single_cell(GetParam(), settings);
  const double begin_v = go(cell, 800, 800, constant(5)).voltage_v;
  go(exact, 800, 800, constant(5));

  const Hermite inside(begin_v, cell.attempt(60, constant(5)), 60);

  ASSERT_EQ(inside.is_known(), GetParam() != ModelKind::spm_rc);
  if (!inside.is_known()) return;
  for (int i = 1; i < 6; ++i)
    EXPECT_NEAR(inside.at(i / 6.0), go(exact, 10, 20, constant(5)).voltage_v, 1e-5);
}

TEST_P(SingleParticles, AddTheirTermsUpToTheVoltage) {
  auto cell = single_cell(GetParam());
  const double voltage = go(cell, 900, 90, constant(5)).voltage_v;

  const Terms t = cell.terms();
  const double sum = t.ocp_positive_v - t.ocp_negative_v + t.eta_positive_v - t.eta_negative_v +
                     t.eta_concentration_v + t.dphi_electrolyte_v + t.dphi_solid_v;

  EXPECT_NEAR(sum, voltage, 1e-12);
  EXPECT_GT(t.eta_negative_v, 0);
  EXPECT_LT(t.eta_positive_v, 0);
}

// Heat made = heat stored + heat given away.
TEST_P(SingleParticles, BalanceTheirHeat) {
  auto cell = single_cell(GetParam(), lumped());
  const ThermalSet& thermal = test::chen2020().thermal;
  go(cell, 1, 1, constant(5));
  const double start_k = cell.attempt(1, constant(5)).temperature_k;
  cell.accept();

  double made_j = 0, given_j = 0, end_k = start_k;
  for (int i = 0; i < 900; ++i) {
    const double heat_w = cell.terms().heat_w;
    const double above_k = end_k - thermal.ambient_k;
    end_k = cell.attempt(1, constant(5)).temperature_k;
    cell.accept();
    made_j += (heat_w + cell.terms().heat_w) / 2;
    given_j += thermal.cooling_w_per_k * (above_k + end_k - thermal.ambient_k) / 2;
  }

  const double stored_j = thermal.heat_capacity_j_per_k * (end_k - start_k);
  EXPECT_GT(stored_j, 50);
  EXPECT_NEAR(made_j, stored_j + given_j, 1e-3);
}

TEST_P(SingleParticles, AreWarmedByTheReactionsEntropy) {
  CellSet set = test::chen2020();
  set.positive.entropic_change = Function(-2e-4);  // V/K
  auto cell = single_cell(GetParam(), lumped(), set);
  auto plain = single_cell(GetParam(), lumped());

  const double warmer_k =
      go(cell, 100, 50, constant(5)).temperature_k - go(plain, 100, 50, constant(5)).temperature_k;

  const double wanted_k = 5 * 298.5 * 2e-4 * 100 / set.thermal.heat_capacity_j_per_k;
  EXPECT_NEAR(warmer_k, wanted_k, 0.1 * wanted_k);
}

// Whatever is asked for: a number, or a reason.
TEST_P(SingleParticles, NeverAnswerWithNonsense) {
  std::mt19937 random(11);
  std::uniform_real_distribution<double> currents(-250, 250), small(-1, 1), spans(-3, 4);
  std::uniform_int_distribution<int> kinds(0, 3);
  const double scales[] = {250, 6, 2000, 1};
  for (int round = 0; round < 100; ++round) {
    SolverSettings settings = at_soc(0.5 + 0.5 * small(random));
    settings.is_thermal = round % 2 == 0;
    auto cell = single_cell(GetParam(), settings);
    for (int i = 0; i < 20; ++i) {
      const int kind = kinds(random);
      const Demand demand{static_cast<Demand::Kind>(kind), scales[kind] * small(random),
                          scales[kind] * small(random)};
      const Attempt attempt = cell.attempt(std::pow(10, spans(random)), demand);
      ASSERT_EQ(attempt.outcome != Outcome::solved, !attempt.reason.empty());
      ASSERT_TRUE(std::isfinite(attempt.voltage_v + attempt.current_a + attempt.temperature_k +
                                attempt.error));
      if (attempt.outcome == Outcome::solved) cell.accept();
    }
  }
}

TEST_P(SingleParticles, ExplainThatNoNumbersWereGiven) {
  auto cell = single_cell(GetParam());

  EXPECT_EQ(cell.attempt(1, constant(std::nan(""))).outcome, Outcome::no_solution);
  EXPECT_EQ(cell.attempt(std::nan(""), constant(1)).outcome, Outcome::no_solution);
  EXPECT_EQ(cell.attempt(0, constant(1)).outcome, Outcome::no_solution);
  EXPECT_EQ(cell.settle(constant(INFINITY)).outcome, Outcome::no_solution);
}

TEST_P(SingleParticles, SayWhereLithiumHasRunOut) {
  auto cell = single_cell(GetParam(), at_soc(0.05));
  cell.settle(constant(2.5));

  const Attempt attempt = cell.attempt(3600, constant(2.5));

  EXPECT_EQ(attempt.outcome, Outcome::depleted);
  EXPECT_EQ(attempt.reason,
            "at 2.5 A the surface of the negative electrode's particles has no lithium left");
}

TEST_P(SingleParticles, RunWithDiffusivitiesThatDependOnTheStoichiometry) {
  CellSet set = test::chen2020();
  set.negative.diffusivity = Function::parse("3.3e-14 * exp(-2 * (x - 0.5))").value();
  set.positive.diffusivity = Function::table({0, 0.5, 1}, {6e-15, 4e-15, 3e-15}).value();
  auto cell = single_cell(GetParam(), {}, set);

  const double voltage = go(cell, 1800, 60, constant(5)).voltage_v;

  EXPECT_NEAR(voltage, 3.55, 0.08);
}

}  // namespace
}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
// What holds for every cell of the full model.
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "gateway/sim/cell/dfn.hpp"
#include "gateway/sim/cell/spm.hpp"
#include "tests/support/dfn_cell.hpp"

namespace b2m::sim {
namespace {

using test::chen2020;
using testing::dfn_cell;
using testing::small_mesh;
using testing::steady;
using testing::step_through;
using Kind = Demand::Kind;
using Outcome = Attempt::Outcome;

TEST(Dfn, BooksEveryChargeThatPasses) {
  const auto cell = dfn_cell(small_mesh(0.5));
  const auto before = cell->content();
  std::mt19937 random(5);
  std::uniform_real_distribution<double> currents(-8, 8), spans(0.5, 40);

  double charge_as = 0;
  double now = 0;
  cell->settle(steady(now));
  for (int i = 0; i < 50; ++i) {
    const Demand demand{Kind::current, now, currents(random)};
    const double span = spans(random);
    ASSERT_EQ(cell->attempt(span, demand).outcome, Outcome::solved);
    cell->accept();
    charge_as += span * (demand.begin + demand.end) / 2;
    now = demand.end;
  }

  const auto after = cell->content();
  EXPECT_NEAR(after.negative_mol - before.negative_mol, -charge_as / kFaraday, 1e-12);
  EXPECT_NEAR(after.positive_mol - before.positive_mol, charge_as / kFaraday, 1e-12);
  EXPECT_NEAR(after.salt_mol, before.salt_mol, 1e-14);
}

TEST(Dfn, StaysAtRestForDays) {
  const auto cell = dfn_cell(small_mesh(0.3));
  const double open = cell->settle(steady(0)).voltage_v;

  const Attempt last = step_through(*cell, 10 * 86400.0, 10, steady(0));

  EXPECT_NEAR(last.voltage_v, open, 1e-9);
  EXPECT_NEAR(last.voltage_v, cell->terms().ocv_v, 1e-9);
}

TEST(Dfn, AnswersASmallChargeLikeASmallDischarge) {
  const auto up = dfn_cell(small_mesh(0.5)), down = dfn_cell(small_mesh(0.5));
  const double open = up->settle(steady(0)).voltage_v;

  const double above = step_through(*up, 10, 5, steady(-1e-3)).voltage_v - open;
  const double below = step_through(*down, 10, 5, steady(1e-3)).voltage_v - open;

  EXPECT_GT(above, 1e-6);
  EXPECT_NEAR(above, -below, 1e-3 * above);
}

TEST(Dfn, AgreesWithSpmeAtASmallCurrent) {
  SolverSettings settings;
  settings.soc = 0.7;
  const auto spme = make_spme(chen2020(), settings).value();
  const auto dfn = dfn_cell(settings);

  const double theirs = step_through(*spme, 1000, 20, steady(0.1)).voltage_v;
  const double ours = step_through(*dfn, 1000, 20, steady(0.1)).voltage_v;

  EXPECT_NEAR(ours, theirs, 4e-5);
}

/// After 300 s at 1C, with so many equal steps.
double after(int steps) {
  const auto cell = dfn_cell(small_mesh(0.6));
  return step_through(*cell, 300, steps, steady(5)).voltage_v;
}

TEST(Dfn, ConvergesWithTheSquareOfTheStep) {
  const double exact = after(1600);

  const double coarse = std::abs(after(50) - exact), fine = std::abs(after(100) - exact);

  EXPECT_GT(coarse, 1e-8);
  EXPECT_GT(coarse / fine, 3.4);
}

TEST(Dfn, ConvergesWithTheMesh) {
  const auto at = [](int part) {
    SolverSettings settings;
    settings.soc = 0.6;
    settings.mesh = {5 * part, 3 * part, 5 * part, 10, 10};
    return step_through(*dfn_cell(settings), 300, 60, steady(5)).voltage_v;
  };
  const double exact = at(24);

  const double coarse = std::abs(at(3) - exact), fine = std::abs(at(6) - exact);

  EXPECT_LT(fine, 3e-4);
  EXPECT_GT(coarse / fine, 1.8);
}

TEST(Dfn, EstimatesTheErrorOfAStep) {
  const auto rough = dfn_cell(small_mesh(0.6)), fine = dfn_cell(small_mesh(0.6));
  rough->settle(steady(5));

  const Attempt one = rough->attempt(40, steady(5));
  const double exact = step_through(*fine, 40, 400, steady(5)).voltage_v;

  const double error = std::abs(one.voltage_v - exact);
  EXPECT_GT(one.error * SolverSettings{}.tolerance_v, 0.3 * error);
  EXPECT_LT(one.error * SolverSettings{}.tolerance_v, 30 * error);
}

TEST(Dfn, ChangesNothingBeforeAccept) {
  const auto cell = dfn_cell(small_mesh(0.6));
  cell->settle(steady(5));
  const Attempt first = cell->attempt(20, steady(5));

  cell->attempt(500, steady(20));
  cell->attempt(1e-3, steady(-20));
  const Attempt again = cell->attempt(20, steady(5));

  EXPECT_NEAR(again.voltage_v, first.voltage_v, 1e-6);
}

TEST(Dfn, HoldsVoltagePowerAndResistance) {
  const auto cell = dfn_cell(small_mesh(0.5));

  const Attempt held = step_through(*cell, 60, 6, steady(3.9, Kind::voltage));
  EXPECT_NEAR(held.voltage_v, 3.9, 2e-6);
  EXPECT_LT(held.current_a, -1);
  const Attempt powered = step_through(*cell, 60, 6, steady(12, Kind::power));
  EXPECT_NEAR(powered.voltage_v * powered.current_a, 12, 2e-5);
  const Attempt loaded = step_through(*cell, 60, 6, steady(2, Kind::resistance));
  EXPECT_NEAR(loaded.voltage_v / loaded.current_a, 2, 1e-5);
}

TEST(Dfn, AddsItsTermsUpToTheVoltage) {
  const auto cell = dfn_cell(small_mesh(0.6));
  const double volts = step_through(*cell, 100, 10, steady(7)).voltage_v;

  const Terms t = cell->terms();

  EXPECT_NEAR(t.ocp_positive_v - t.ocp_negative_v + t.eta_positive_v - t.eta_negative_v +
                  t.eta_concentration_v + t.dphi_electrolyte_v + t.dphi_solid_v,
              volts, 1e-9);
  EXPECT_LT(t.dphi_electrolyte_v, -0.01);
  EXPECT_LT(t.dphi_solid_v, -0.001);
  EXPECT_LT(t.electrolyte_min, 1000);
  EXPECT_GT(t.electrolyte_max, 1000);
}

TEST(Dfn, WarmsByTheHeatOfItsReactionsAndResistances) {
  SolverSettings settings = small_mesh(0.8);
  settings.is_thermal = true;
  CellSet set = chen2020();
  set.thermal.cooling_w_per_k = 0;
  const auto cell = dfn_cell(settings, set);
  cell->settle(steady(5));

  double heat_j = 0;
  Attempt last;
  double before = cell->terms().heat_w;
  for (int i = 0; i < 300; ++i) {
    last = cell->attempt(1, steady(5));
    ASSERT_EQ(last.outcome, Outcome::solved);
    cell->accept();
    const double now = cell->terms().heat_w;
    heat_j += (before + now) / 2;
    before = now;
  }

  const double warmer = last.temperature_k - kReferenceTemperature_k;
  EXPECT_NEAR(warmer * set.thermal.heat_capacity_j_per_k, heat_j, 1e-3 * heat_j);
  const Terms t = cell->terms();
  EXPECT_NEAR(t.heat_w, 5 * (t.ocp_positive_v - t.ocp_negative_v - last.voltage_v),
              0.02 * t.heat_w);
}

TEST(Dfn, CoolsDownToTheAir) {
  SolverSettings settings = small_mesh(0.5);
  settings.is_thermal = true;
  settings.start_temperature_k = 330;
  const ThermalSet& thermal = chen2020().thermal;
  const double constant_s = thermal.heat_capacity_j_per_k / thermal.cooling_w_per_k;

  const Attempt last = step_through(*dfn_cell(settings), constant_s, 100, steady(0));

  const double air = settings.ambient_k;
  EXPECT_NEAR(last.temperature_k, air + (330 - air) * std::exp(-1), 1e-3);
}

TEST(Dfn, GivesOrTakesReversibleHeatByTheEntropicChange) {
  SolverSettings settings = small_mesh(0.5);
  settings.is_thermal = true;
  CellSet set = chen2020();
  const auto without = dfn_cell(settings, set);
  set.positive.entropic_change = Function(1e-4);
  const auto with = dfn_cell(settings, set);

  without->settle(steady(5));
  with->settle(steady(5));

  // The positive electrode's current is negative on discharge.
  EXPECT_NEAR(with->terms().heat_w - without->terms().heat_w, -5 * kReferenceTemperature_k * 1e-4,
              1e-6);
}

TEST(Dfn, RefusesAMeshThatHasNoElectrode) {
  SolverSettings settings;
  settings.mesh.positive = 1;

  const auto made = make_dfn(chen2020(), settings);

  ASSERT_FALSE(made);
  EXPECT_NE(made.error().text().find("positive electrode"), std::string::npos);
}

}  // namespace
}  // namespace b2m::sim

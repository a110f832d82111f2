// SPDX-License-Identifier: MIT
// Numbers of SPM and SPMe against those of PyBaMM, and what the electrolyte adds.
#include <algorithm>
#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "tests/support/single_cells.hpp"

namespace b2m::sim {
namespace {

using testing::constant;
using testing::go;
using testing::lumped;
using testing::single_cell;

constexpr double kPrinted = 1.2e-5;  // the checkpoints have five decimals

// PyBaMM 26.6, LG M50, 1C from full, mesh of 20 and 20 shells.
struct Checkpoint {
  double time_s, spm_v, spme_v;
};
constexpr std::array<Checkpoint, 8> kCheckpoints = {{
    {0, 4.08016, 4.05312},
    {1, 4.07561, 4.04773},
    {10, 4.04561, 4.01168},
    {60, 3.99552, 3.94605},
    {600, 3.87603, 3.81973},
    {1800, 3.57483, 3.51821},
    {3000, 3.30544, 3.24842},
    {3500, 2.85239, 2.79481},
}};

/// Voltages at the checkpoints.
std::array<double, 8> discharge(ModelKind model) {
  auto cell = single_cell(model);
  std::array<double, 8> found{};
  double time_s = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double span = kCheckpoints[i].time_s - time_s;
    const int steps = i == 0 ? 0 : static_cast<int>(std::max(20.0, span));
    found[i] = go(cell, span, steps, constant(5)).voltage_v;
    time_s = kCheckpoints[i].time_s;
  }
  return found;
}

TEST(Spm, GivesThePublishedVoltages) {
  const auto found = discharge(ModelKind::spm);

  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], kCheckpoints[i].spm_v, kPrinted) << kCheckpoints[i].time_s << " s";
}

TEST(Spme, GivesThePublishedVoltages) {
  const auto found = discharge(ModelKind::spme);

  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], kCheckpoints[i].spme_v, kPrinted) << kCheckpoints[i].time_s << " s";
}

TEST(Spme, GivesThePublishedTermsAtTheStart) {
  auto cell = single_cell(ModelKind::spme);
  cell.settle(constant(5));

  const Terms t = cell.terms();

  EXPECT_NEAR(t.ocp_positive_v, 4.2920200, 1e-6);
  EXPECT_NEAR(t.ocp_negative_v, 0.0920200, 1e-6);
  EXPECT_NEAR(t.eta_positive_v, -0.0142118, 1e-6);
  EXPECT_NEAR(t.eta_negative_v, 0.1056258, 3e-6);
  EXPECT_NEAR(t.eta_concentration_v, 0, 1e-12);
  EXPECT_NEAR(t.dphi_electrolyte_v, -0.0202403, 1e-6);
  EXPECT_NEAR(t.dphi_solid_v, -0.0068053, 5e-6);
}

// At 307.018 K the SPM, at 311.527 K the SPMe reaches 2.5 V.
TEST(Spm, EndsAsWarmAsPublished) {
  auto cell = single_cell(ModelKind::spm, lumped());

  const Attempt last = go(cell, 3610.537, 720, constant(5));

  EXPECT_NEAR(last.temperature_k, 307.018, 2e-3);
  EXPECT_NEAR(last.voltage_v, 2.5, 5e-4);
}

TEST(Spme, EndsAsWarmAsPublished) {
  auto cell = single_cell(ModelKind::spme, lumped());

  const Attempt last = go(cell, 3601.021, 720, constant(5));

  EXPECT_NEAR(last.temperature_k, 311.527, 0.01);
  EXPECT_NEAR(last.voltage_v, 2.5, 1e-3);
}

TEST(Spme, MovesSaltToTheNegativeElectrodeOnDischarge) {
  auto cell = single_cell(ModelKind::spme);
  go(cell, 600, 60, constant(5));

  const Terms t = cell.terms();

  EXPECT_GT(t.electrolyte_max, 1200);
  EXPECT_LT(t.electrolyte_min, 850);
  EXPECT_LT(t.eta_concentration_v, -0.01);
}

TEST(Spme, SaysWhereTheElectrolyteHasRunOut) {
  SolverSettings settings;
  settings.soc = 0.9;
  auto cell = single_cell(ModelKind::spme, settings);
  Attempt last = cell.settle(constant(30));
  while (last.outcome == Attempt::Outcome::solved) {
    last = cell.attempt(1, constant(30));
    if (last.outcome == Attempt::Outcome::solved) cell.accept();
  }

  EXPECT_EQ(last.outcome, Attempt::Outcome::depleted);
  EXPECT_EQ(last.reason,
            "at 30 A the electrolyte is depleted in the positive electrode, 1.9 um from its "
            "collector");
  EXPECT_GE(cell.terms().electrolyte_min, 0);
}

TEST(Spme, IsTheSpmWhereTheElectrolyteIsFast) {
  CellSet set = test::chen2020();
  set.electrolyte.diffusivity = Function(1e-5);
  set.electrolyte.conductivity = Function(1e5);
  set.positive.conductivity_s_per_m = set.negative.conductivity_s_per_m = 1e6;

  auto spme = single_cell(ModelKind::spme, {}, set);
  auto spm = single_cell(ModelKind::spm, {}, set);

  EXPECT_NEAR(go(spme, 600, 60, constant(5)).voltage_v, go(spm, 600, 60, constant(5)).voltage_v,
              1e-5);
}

TEST(Spme, RunsOnUnequalMeshes) {
  SolverSettings coarse, fine;
  coarse.mesh = {12, 4, 15, 60, 60};
  fine.mesh = {60, 20, 60, 60, 60};
  auto few = single_cell(ModelKind::spme, coarse);
  auto many = single_cell(ModelKind::spme, fine);

  EXPECT_NEAR(go(few, 600, 60, constant(5)).voltage_v, go(many, 600, 60, constant(5)).voltage_v,
              5e-4);
}

}  // namespace
}  // namespace b2m::sim

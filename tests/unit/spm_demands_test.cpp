// SPDX-License-Identifier: MIT
// Voltage, power and resistance asked of the models with one particle for each electrode.
#include <cmath>

#include <gtest/gtest.h>

#include "gateway/sim/cell/spm.hpp"
#include "tests/support/single_cells.hpp"

namespace b2m::sim {
namespace {

using testing::at_soc;
using testing::constant;
using testing::go;
using testing::single_cell;
using Kind = Demand::Kind;
using Outcome = Attempt::Outcome;

class Demands : public ::testing::TestWithParam<ModelKind> {};
INSTANTIATE_TEST_SUITE_P(Models, Demands,
                         ::testing::Values(ModelKind::spm, ModelKind::spme, ModelKind::spm_rc),
                         [](const auto& of) {
                           return kModelNames[static_cast<std::size_t>(of.param)];
                         });

TEST_P(Demands, HoldAVoltageWithFallingCurrent) {
  auto cell = single_cell(GetParam(), at_soc(0.8));
  double before_a = -cell.settle(constant(4.15, Kind::voltage)).current_a;
  ASSERT_GT(before_a, 0.5);

  for (int i = 0; i < 30; ++i) {
    const Attempt step = cell.attempt(20, constant(4.15, Kind::voltage));
    ASSERT_EQ(step.reason, "");
    cell.accept();
    EXPECT_NEAR(step.voltage_v, 4.15, 2e-9);
    EXPECT_LT(-step.current_a, before_a);
    before_a = -step.current_a;
  }
}

TEST_P(Demands, GiveAndTakeAPower) {
  for (const double power_w : {18.0, -12.0, 0.0}) {
    auto cell = single_cell(GetParam(), at_soc(0.5));
    const Attempt step = go(cell, 300, 30, constant(power_w, Kind::power));
    EXPECT_NEAR(step.voltage_v * step.current_a, power_w, 1e-7);
  }
}

TEST_P(Demands, FeedALoadResistance) {
  auto cell = single_cell(GetParam(), at_soc(0.5));

  const Attempt step = go(cell, 300, 30, constant(0.8, Kind::resistance));

  EXPECT_NEAR(step.voltage_v, 0.8 * step.current_a, 1e-7);
  EXPECT_GT(step.current_a, 3);
}

TEST_P(Demands, FollowARampOfPower) {
  auto cell = single_cell(GetParam(), at_soc(0.5));

  const Attempt step = cell.attempt(60, {Kind::power, 5, 15});

  EXPECT_NEAR(step.voltage_v * step.current_a, 15, 1e-7);
  EXPECT_NEAR(step.stage_voltage_v * step.stage_current_a, 5 + 10 * kStagePart, 1e-7);
}

TEST_P(Demands, SayTheMostPowerThereIs) {
  auto cell = single_cell(GetParam(), at_soc(0.5));

  const Attempt step = cell.settle(constant(1e5, Kind::power));

  EXPECT_EQ(step.outcome, Outcome::no_solution);
  EXPECT_NE(step.reason.find("100000 W cannot be held: the cell can give"), std::string::npos)
      << step.reason;
}

// The current that is found for a voltage gives that voltage when asked for as a current.
TEST_P(Demands, AgreeAmongThemselves) {
  auto by_voltage = single_cell(GetParam(), at_soc(0.5));
  auto by_current = single_cell(GetParam(), at_soc(0.5));
  const Attempt held = by_voltage.settle(constant(3.6, Kind::voltage));

  EXPECT_NEAR(by_current.settle(constant(held.current_a)).voltage_v, 3.6, 1e-8);
}

TEST_P(Demands, RefuseALoadBelowZeroOhm) {
  auto cell = single_cell(GetParam());

  EXPECT_EQ(cell.attempt(1, constant(-1, Kind::resistance)).outcome, Outcome::no_solution);
}

TEST_P(Demands, AreNotMetByLithiumThatIsNotThere) {
  auto cell = single_cell(GetParam(), at_soc(0));

  const Attempt step = cell.attempt(3600, constant(20, Kind::power));

  EXPECT_NE(step.outcome, Outcome::solved);
  EXPECT_NE(step.reason, "");
}

TEST(SingleParticleSettings, AreRefusedWithTheReason) {
  const auto refused = [](auto&& change) {
    SolverSettings settings;
    change(settings);
    return make_spme(test::chen2020(), settings).has_error();
  };

  EXPECT_FALSE(refused([](SolverSettings&) {}));
  EXPECT_TRUE(refused([](SolverSettings& s) { s.mesh.shells_negative = 1; }));
  EXPECT_TRUE(refused([](SolverSettings& s) { s.mesh.separator = 0; }));
  EXPECT_TRUE(refused([](SolverSettings& s) { s.mesh.positive = 1'000'000; }));
  EXPECT_TRUE(refused([](SolverSettings& s) { s.soc = 1.2; }));
  EXPECT_TRUE(refused([](SolverSettings& s) { s.tolerance_v = 0; }));
  EXPECT_TRUE(refused([](SolverSettings& s) { s.start_temperature_k = 25; }));
}

TEST(SingleParticleSettings, NeedAFitForTheRc) {
  CellSet set = test::chen2020();
  set.spm_rc = {};

  EXPECT_TRUE(make_spm_rc(set, {}).has_error());
  EXPECT_TRUE(make_spm(set, {}).has_value());
}

}  // namespace
}  // namespace b2m::sim

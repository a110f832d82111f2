// SPDX-License-Identifier: MIT
#include <cmath>

#include <gtest/gtest.h>

#include "gateway/sim/cell_model.hpp"

namespace b2m::sim {
namespace {

using namespace std::chrono_literals;

CellParameters cell() {
  CellParameters p;
  p.ocv_soc = {0, 0.2, 1};
  p.ocv_v = {3.0, 3.5, 4.1};
  p.capacity = AmpereHours(10);
  p.series = Ohms(0.01);
  p.polarisation = Ohms(0.02);
  p.time_constant_s = 30;
  return p;
}

TEST(SimCell, RestsAtItsOpenCircuitVoltage) {
  EXPECT_DOUBLE_EQ(open_circuit_voltage(cell(), 0.2).value, 3.5);
  EXPECT_DOUBLE_EQ(open_circuit_voltage(cell(), 0.6).value, 3.8);
}

TEST(SimCell, LeavesItsTableSteeplyWithoutAJump) {
  EXPECT_DOUBLE_EQ(open_circuit_voltage(cell(), 1).value, 4.1);
  EXPECT_NEAR(open_circuit_voltage(cell(), 1.01).value, 4.1 * 1.04, 1e-9);
  EXPECT_NEAR(open_circuit_voltage(cell(), -0.01).value, 3.0 * 0.96, 1e-9);
  EXPECT_DOUBLE_EQ(open_circuit_voltage(cell(), -1).value, 0);
}

TEST(SimCell, CountsItsCharge) {
  CellModel c(cell(), 0.5, 25_degC);

  for (int i = 0; i < 360; ++i) c.step(10s, 1_A, 25_degC);

  EXPECT_NEAR(c.soc(), 0.6, 1e-9);
}

TEST(SimCell, AnswersAStepWithItsSeriesResistanceThenWithItsTimeConstant) {
  CellParameters p = cell();
  p.capacity = AmpereHours(1e6);  // the charge stands still
  CellModel c(p, 0.5, 25_degC);
  const double rest = c.voltage().value;

  c.step(1us, 10_A, 25_degC);
  EXPECT_NEAR(c.voltage().value - rest, 0.1, 1e-4);

  c.step(30s, 10_A, 25_degC);
  EXPECT_NEAR(c.voltage().value - rest, 0.1 + 0.2 * (1 - std::exp(-1)), 1e-3);
}

TEST(SimCell, HeatsWithEitherSignOfCurrent) {
  CellModel charging(cell(), 0.5, 25_degC), discharging(cell(), 0.5, 25_degC);

  charging.step(60s, 5_A, 25_degC);
  discharging.step(60s, -5_A, 25_degC);

  EXPECT_GT(charging.temperature(), 25_degC);
  EXPECT_DOUBLE_EQ(charging.temperature().value, discharging.temperature().value);
}

TEST(SimCell, CoolsTowardsTheAmbientTemperature) {
  CellModel c(cell(), 0.5, 40_degC);

  for (int i = 0; i < 36000; ++i) c.step(1s, 0_A, 20_degC);

  EXPECT_NEAR(c.temperature().value, 20, 0.01);
}

}  // namespace
}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
#include <cmath>

#include <gtest/gtest.h>

#include "gateway/sim/ecm_cells.hpp"

namespace b2m::sim {
namespace {

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

class OneCell {
 public:
  explicit OneCell(const CellParameters& parameters, double soc = 0.5)
      : cells(parameters, std::vector<CellSpread>{{1, 1, soc}}) {}
  void step(double dt_s, double current_a, double temperature_c = 25) {
    cells.step(dt_s, std::vector<double>{current_a}, std::vector<double>{temperature_c});
  }
  [[nodiscard]] double volts() const { return cells.volts()[0]; }
  [[nodiscard]] double soc() const { return cells.socs()[0]; }

  EcmCells cells;
};

TEST(SimEcmCells, RestAtTheirOpenCircuitVoltage) {
  EXPECT_DOUBLE_EQ(open_circuit_voltage(cell(), 0.2).value, 3.5);
  EXPECT_DOUBLE_EQ(open_circuit_voltage(cell(), 0.6).value, 3.8);
  EXPECT_DOUBLE_EQ(OneCell(cell(), 0.6).volts(), 3.8);
}

TEST(SimEcmCells, LeaveTheirTableSteeplyWithoutAJump) {
  EXPECT_DOUBLE_EQ(open_circuit_voltage(cell(), 1).value, 4.1);
  EXPECT_NEAR(open_circuit_voltage(cell(), 1.01).value, 4.1 * 1.04, 1e-9);
  EXPECT_NEAR(open_circuit_voltage(cell(), -0.01).value, 3.0 * 0.96, 1e-9);
  EXPECT_DOUBLE_EQ(open_circuit_voltage(cell(), -1).value, 0);
}

TEST(SimEcmCells, CountTheirCharge) {
  OneCell c(cell());

  for (int i = 0; i < 360; ++i) c.step(10, 1);

  EXPECT_NEAR(c.soc(), 0.6, 1e-9);
}

TEST(SimEcmCells, AnswerAStepWithTheSeriesResistanceThenWithTheTimeConstant) {
  CellParameters p = cell();
  p.capacity = AmpereHours(1e6);  // the charge stands still
  OneCell c(p);
  const double rest = c.volts();

  c.step(1e-6, 10);
  EXPECT_NEAR(c.volts() - rest, 0.1, 1e-4);

  c.step(30, 10);
  EXPECT_NEAR(c.volts() - rest, 0.1 + 0.2 * (1 - std::exp(-1)), 1e-3);
}

TEST(SimEcmCells, ASecondElementTakesAThirdOfThePolarisationAndTakesLonger) {
  CellParameters p = cell();
  p.capacity = AmpereHours(1e6);
  OneCell one(p);
  p.rc_elements = 2;
  OneCell two(p);

  one.step(120, 10);
  two.step(120, 10);
  EXPECT_LT(two.volts(), one.volts() - 0.04);

  for (int i = 0; i < 100; ++i) two.step(120, 10);
  EXPECT_NEAR(two.volts(), 3.725 + 0.3, 1e-3);
}

TEST(SimEcmCells, AreStifferInTheCold) {
  OneCell warm(cell()), cold(cell());

  warm.step(1, -10, 25);
  cold.step(1, -10, -10);

  EXPECT_LT(cold.volts(), warm.volts() - 0.1);
}

TEST(SimEcmCells, HeatWithEitherSignOfCurrent) {
  OneCell charging(cell()), discharging(cell());

  charging.step(60, 5);
  discharging.step(60, -5);

  EXPECT_GT(charging.cells.heats_w()[0], 0);
  EXPECT_DOUBLE_EQ(charging.cells.heats_w()[0], discharging.cells.heats_w()[0]);
}

}  // namespace
}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/cell_set.hpp"

#include <cmath>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/support/cell_sets.hpp"

namespace b2m::sim {
namespace {

using test::chen2020;

// docs/simulation.md, "Start": what PyBaMM prints for this set.
TEST(CellSet, LimitsAreThoseOfTheReference) {
  const auto limits = find_limits(chen2020());
  ASSERT_TRUE(limits);
  EXPECT_NEAR(limits->negative_full, 0.9106180467, 5e-11);
  EXPECT_NEAR(limits->positive_full, 0.2638452246, 5e-11);
  EXPECT_NEAR(limits->negative_empty, 0.0263457903, 5e-11);
  EXPECT_NEAR(limits->positive_empty, 0.8539746746, 5e-11);
  EXPECT_NEAR(limits->capacity_ah, 5.1531983, 5e-8);
  EXPECT_NEAR(limits->soc_of_set_start, 0.98957261, 5e-9);
}

TEST(CellSet, OpenCircuitVoltageFollowsTheReferenceTable) {
  std::ifstream file(B2M_SOURCE_DIR "/../shared/data/simulation/ecm/ocv_table.csv");
  if (!file) GTEST_SKIP() << "../shared/data/simulation is not there";
  const auto limits = find_limits(chen2020());
  ASSERT_TRUE(limits);
  std::string line;
  std::getline(file, line);
  int rows = 0;
  for (; std::getline(file, line); ++rows) {
    std::istringstream cells(line);
    std::vector<double> values;
    for (std::string cell; std::getline(cells, cell, ',');) values.push_back(std::stod(cell));
    EXPECT_NEAR(ocv_at(chen2020(), *limits, values.front()), values.back(), 2e-6) << line;
  }
  EXPECT_EQ(rows, 201);
}

TEST(CellSet, VoltageAndStateOfChargeAreEachOthersInverse) {
  const auto limits = find_limits(chen2020());
  ASSERT_TRUE(limits);
  for (int i = 0; i <= 100; ++i) {
    const double soc = i / 100.0;
    const auto back = soc_at(chen2020(), *limits, ocv_at(chen2020(), *limits, soc));
    ASSERT_TRUE(back);
    EXPECT_NEAR(*back, soc, 1e-9);
  }
}

TEST(CellSet, VoltageOutsideIsRefusedWithTheRange) {
  const auto limits = find_limits(chen2020());
  ASSERT_TRUE(limits);
  const auto soc = soc_at(chen2020(), *limits, 4.3);
  ASSERT_FALSE(soc);
  EXPECT_EQ(soc.error().detail,
            "4.3 V is outside the cell's open-circuit voltages, 2.5 V to 4.2 V");
  EXPECT_FALSE(soc_at(chen2020(), *limits, std::nan("")));
}

TEST(CellSet, VoltageThatCannotBeReachedIsNamed) {
  CellSet set = chen2020();
  set.ocv_full_v = 9;
  const auto limits = find_limits(set);
  ASSERT_FALSE(limits);
  EXPECT_NE(limits.error().detail.find("at SoC 1 (9 V) cannot be reached"), std::string::npos)
      << limits.error().detail;
}

TEST(CellSet, ScaledCellHoldsMoreWithLessResistance) {
  const CellSet set = chen2020().scaled_to(10);
  const auto limits = find_limits(set);
  ASSERT_TRUE(limits);
  EXPECT_NEAR(limits->capacity_ah, 2 * 5.1531983, 1e-6);
  EXPECT_DOUBLE_EQ(set.nominal_capacity_ah, 10);
  EXPECT_DOUBLE_EQ(set.spm_rc.r0_ohm.front(), 0.5 * 4.970e-3);
  EXPECT_DOUBLE_EQ(set.thermal.heat_capacity_j_per_k, 2 * chen2020().thermal.heat_capacity_j_per_k);
}

TEST(CellSet, WrongPowerOfTenIsToldWithQuantityValueUnitAndUsualRange) {
  CellSet set = chen2020();
  set.negative.thickness_m = 85.2;
  EXPECT_EQ(check(set).error().detail,
            "negative: thickness: 85.2 m is not possible for a cell; usual is 30e-6 to 150e-6");
  set = chen2020();
  set.electrolyte.conductivity = *Function::parse("1 - x/900");
  EXPECT_NE(check(set).error().detail.find("electrolyte: conductivity: "), std::string::npos);
  set = chen2020();
  set.positive.concentration_start = 70000;
  EXPECT_NE(check(set).error().detail.find("positive: start concentration: 70000 mol/m3"),
            std::string::npos);
  set = chen2020();
  set.positive.diffusivity = Function(std::nan(""));
  EXPECT_FALSE(check(set));
  EXPECT_TRUE(check(chen2020()));
}

TEST(CellSet, VoltagesInTheWrongOrderAreRefused) {
  CellSet set = chen2020();
  set.cutoff_lower_v = 4.3;
  EXPECT_NE(check(set).error().detail.find("not below the upper one"), std::string::npos);
}

}  // namespace
}  // namespace b2m::sim

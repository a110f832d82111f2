// SPDX-License-Identifier: MIT
// The DFN's equations by themselves: their slopes, what they conserve, and the equations' solver.
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "gateway/sim/cell/dfn_newton.hpp"
#include "tests/support/cell_sets.hpp"

namespace b2m::sim {
namespace {

using test::chen2020;

/// A stage of 10 s with particles that answer to the current, at a point that is no solution.
struct Rig {
  explicit Rig(const Mesh& mesh)
      : grid(chen2020(), mesh), equations(chen2020(), grid), point(grid) {
    std::mt19937 random(3);
    std::uniform_real_distribution<double> around(0.9, 1.1);
    for (double& salt : point.salt) {
      salt = 1000 * around(random);
      right.push_back(1000 * around(random));
    }
    point.set_total(grid, 40);
    for (std::size_t f = 1; f < grid.nodes(); ++f)
      if (grid.is_inner(f)) point.current[f] = 20 * around(random);
    fill(alpha_negative, grid.negative, 20000), fill(alpha_positive, grid.positive, 30000);
    fill(beta_negative, grid.negative, -300), fill(beta_positive, grid.positive, -500);
    stage = {3.0, right, 303.15, alpha_negative, beta_negative, alpha_positive, beta_positive};
  }
  static void fill(std::vector<double>& column, std::size_t count, double value) {
    for (std::size_t k = 0; k < count; ++k) column.push_back(value * (1 + 0.01 * double(k)));
  }
  /// The unknown of a row.
  double& unknown(std::size_t row) {
    for (std::size_t k = 0; k < grid.nodes(); ++k)
      if (grid.row_of_node[k] == row) return point.salt[k];
    for (std::size_t f = 1; f < grid.nodes(); ++f)
      if (grid.is_inner(f) && grid.row_of_face[f] == row) return point.current[f];
    return point.total;
  }
  std::vector<double> residuals() {
    equations.evaluate(point, stage);
    std::vector<double> all;
    for (const BandRow& row : equations.rows) all.push_back(row.first);
    all.push_back(equations.voltage);
    return all;
  }
  /// By differences, of all residuals and the voltage.
  std::vector<double> slopes(std::size_t row) {
    const double kept = unknown(row), step = 1e-4 * std::abs(kept);
    unknown(row) = kept + step;
    if (row == equations.rows.size()) point.set_total(grid, point.total);
    std::vector<double> above = residuals();
    unknown(row) = kept - step;
    if (row == equations.rows.size()) point.set_total(grid, point.total);
    const std::vector<double> below = residuals();
    unknown(row) = kept;
    if (row == equations.rows.size()) point.set_total(grid, point.total);
    for (std::size_t i = 0; i < above.size(); ++i) above[i] = (above[i] - below[i]) / (2 * step);
    return above;
  }

  DfnGrid grid;
  DfnEquations equations;
  DfnPoint point;
  std::vector<double> right, alpha_negative, beta_negative, alpha_positive, beta_positive;
  DfnStage stage;
};

double entry(const BandRow& row, std::ptrdiff_t offset) {
  const double entries[] = {row.left2, row.left1, row.middle, row.right1, row.right2};
  return std::abs(offset) > 2 ? 0 : entries[offset + 2];
}

void expect_close(double ours, double difference, double scale) {
  EXPECT_NEAR(ours, difference, 1e-6 * scale + 1e-5 * std::abs(difference));
}

class DfnSlopes : public ::testing::TestWithParam<Mesh> {};
INSTANTIATE_TEST_SUITE_P(Meshes, DfnSlopes,
                         ::testing::Values(Mesh{5, 3, 4, 5, 5}, Mesh{2, 1, 2, 5, 5},
                                           Mesh{3, 1, 6, 5, 5}));

TEST_P(DfnSlopes, AgreeWithDifferences) {
  Rig rig(GetParam());
  rig.residuals();
  const std::vector<BandRow> rows = rig.equations.rows;
  const std::vector<double> voltage_slopes = rig.equations.voltage_slopes;

  for (std::size_t unknown = 0; unknown < rows.size(); ++unknown) {
    const auto differences = rig.slopes(unknown);
    for (std::size_t row = 0; row < rows.size(); ++row) {
      SCOPED_TRACE(::testing::Message() << "row " << row << ", unknown " << unknown);
      const auto offset = static_cast<std::ptrdiff_t>(unknown) - static_cast<std::ptrdiff_t>(row);
      expect_close(entry(rows[row], offset), differences[row], std::abs(rows[row].middle));
    }
    expect_close(voltage_slopes[unknown], differences.back(), 1e-4);
  }
}

TEST_P(DfnSlopes, ByTheTotalAgreeWithDifferences) {
  Rig rig(GetParam());
  rig.residuals();
  const std::vector<BandRow> rows = rig.equations.rows;
  const double voltage_by_total = rig.equations.voltage_by_total;

  const auto differences = rig.slopes(rows.size());

  for (std::size_t row = 0; row < rows.size(); ++row)
    expect_close(rows[row].second, differences[row], std::abs(rows[row].middle));
  expect_close(voltage_by_total, differences.back(), 1e-4);
}

TEST(DfnNewton, FindsASolutionWhoseEquationsHold) {
  Rig rig({6, 3, 5, 5, 5});
  DfnNewton newton(rig.equations, rig.grid, 0.1);

  ASSERT_TRUE(newton.solve(Demand::Kind::current, 3, rig.stage, rig.point));

  rig.residuals();
  EXPECT_LT(rig.equations.residual, 1e-6);
  EXPECT_NEAR(rig.equations.voltage, newton.voltage(), 1e-6);
  EXPECT_DOUBLE_EQ(rig.point.total, 30);
}

TEST(DfnNewton, FindsTheCurrentForVoltagePowerAndResistance) {
  using Kind = Demand::Kind;
  Rig rig({6, 3, 5, 5, 5});
  DfnNewton newton(rig.equations, rig.grid, 0.1);
  ASSERT_TRUE(newton.solve(Kind::current, 3, rig.stage, rig.point));
  const double volts = newton.voltage();
  const DfnPoint far = Rig({6, 3, 5, 5, 5}).point;

  for (const auto& [kind, value] :
       {std::pair(Kind::voltage, volts), {Kind::power, 3 * volts}, {Kind::resistance, volts / 3}}) {
    DfnPoint point = far;
    ASSERT_TRUE(newton.solve(kind, value, rig.stage, point));
    EXPECT_NEAR(point.total * 0.1, 3, 1e-5);
    EXPECT_NEAR(newton.voltage(), volts, 1e-6);
  }
}

TEST(DfnNewton, RefusesMorePowerThanThereIs) {
  Rig rig({6, 3, 5, 5, 5});
  DfnNewton newton(rig.equations, rig.grid, 0.1);

  EXPECT_FALSE(newton.solve(Demand::Kind::power, 1e6, rig.stage, rig.point));
}

TEST(Band, SolvesForBothRightHandSides) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> any(-1, 1);
  std::vector<BandRow> rows(9);
  std::vector<double> first(rows.size()), second(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i] = {any(random), any(random), 5 + any(random), any(random), any(random), 0, 0};
    first[i] = any(random), second[i] = any(random);
  }
  rows[0].left2 = rows[0].left1 = rows[1].left2 = 0;
  rows[8].right1 = rows[8].right2 = rows[7].right2 = 0;
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const double part =
          entry(rows[i], static_cast<std::ptrdiff_t>(k) - static_cast<std::ptrdiff_t>(i));
      rows[i].first += part * first[k];
      rows[i].second += part * second[k];
    }

  solve_band(rows);

  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_NEAR(rows[i].first, first[i], 1e-14);
    EXPECT_NEAR(rows[i].second, second[i], 1e-14);
  }
}

TEST(OcpGuard, IsNothingInsideAndAWallOutside) {
  EXPECT_EQ(ocp_guard(0.5), 0);
  EXPECT_LT(std::abs(ocp_guard(0.01)), 1e-20);
  EXPECT_NEAR(ocp_guard(0.001), 1e-3, 1e-4);
  EXPECT_GT(ocp_guard(-0.01), 1000);
  EXPECT_LT(ocp_guard(1.01), -1000);
  EXPECT_TRUE(std::isfinite(ocp_guard(-1e6)));
  EXPECT_NEAR(ocp_guard_slope(5e-4), (ocp_guard(5.01e-4) - ocp_guard(4.99e-4)) / 2e-6, 1e-2);
}

}  // namespace
}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
// Cells of the single-particle model against reference runs of PyBaMM
// (../shared/data/simulation/README.md): bare against its SPM, with resistor and RC element against
// its DFN.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/support/chen2020.hpp"

namespace b2m::sim {
namespace {

using test::chen2020_make;

struct Row {
  double t_s = 0, discharge_a = 0, volts = 0;
};

std::vector<Row> read_rows(const std::string& name) {
  std::ifstream file(B2M_SOURCE_DIR "/../shared/data/simulation/pybamm26/" + name);
  std::vector<Row> rows;
  std::string line;
  for (std::getline(file, line); std::getline(file, line);) {
    std::ranges::replace(line, ',', ' ');
    Row& row = rows.emplace_back();
    std::istringstream(line) >> row.t_s >> row.discharge_a >> row.volts;
  }
  return rows;
}

struct Difference {
  double rms_mv = 0, largest_mv = 0;  // the largest one above 10 % of the charge
};

/// Steps of at most a second, with the current in their middle.
Difference compare(const std::vector<Row>& rows, double soc, bool with_resistances) {
  SpmCellSettings settings{chen2020_make(), AmpereHours(chen2020_make()->capacity_ah)};
  if (!with_resistances) settings.series_ohm = settings.rc_ohm = 0;
  SpmCells cell(settings, std::vector<CellSpread>{{1, 1, soc}});
  const std::vector<double> temperature{25.0};
  double sum = 0, largest = 0;
  int count = 0;
  for (std::size_t i = 1; i < rows.size() && rows[i].volts > 2.5; ++i) {
    const double seconds = rows[i].t_s - rows[i - 1].t_s;
    const int steps = std::max(1, static_cast<int>(std::ceil(10 * seconds)));
    for (int k = 1; k <= steps; ++k) {
      const double part = static_cast<double>(k) / steps;
      const double a =
          rows[i - 1].discharge_a + part * (rows[i].discharge_a - rows[i - 1].discharge_a);
      cell.step(seconds / steps, std::vector<double>{-a}, temperature);
    }
    const double mv = 1000 * (cell.volts()[0] - rows[i].volts);
    sum += mv * mv;
    ++count;
    if (cell.socs()[0] > 0.1) largest = std::max(largest, std::abs(mv));
  }
  return {std::sqrt(sum / count), largest};
}

struct Reference {
  const char* file;
  double soc;
  bool with_resistances;
  double rms_mv, largest_mv;  // at most
};
void PrintTo(const Reference& r, std::ostream* out) { *out << r.file; }

// The limits of what has resistances are the table "Cheap models" of docs/simulation.md, rounded
// up.
constexpr Reference kReferences[] = {
    {"cc_SPM_C20_soc100.csv", 1, false, 0.01, 0.02}, {"cc_SPM_C5_soc100.csv", 1, false, 0.01, 0.02},
    {"cc_SPM_1C_soc100.csv", 1, false, 0.01, 0.02},  {"cc_SPM_2C_soc100.csv", 1, false, 0.01, 0.02},
    {"us06_SPM_soc080.csv", 0.8, false, 0.06, 0.3},  {"cc_DFN_C20_soc100.csv", 1, true, 0.4, 1.2},
    {"cc_DFN_C5_soc100.csv", 1, true, 0.8, 2.3},     {"cc_DFN_C2_soc100.csv", 1, true, 2.2, 3.8},
    {"cc_DFN_1C_soc100.csv", 1, true, 5.8, 12.1},    {"us06_DFN_soc080.csv", 0.8, true, 1.1, 3.4},
};

class SimSpmCells : public testing::TestWithParam<Reference> {};

TEST_P(SimSpmCells, AgreeWithTheReference) {
  const Reference& reference = GetParam();
  const auto rows = read_rows(reference.file);
  if (rows.empty()) GTEST_SKIP() << "no ../shared/data/simulation";

  const Difference difference = compare(rows, reference.soc, reference.with_resistances);

  EXPECT_LT(difference.rms_mv, reference.rms_mv);
  EXPECT_LT(difference.largest_mv, reference.largest_mv);
}

INSTANTIATE_TEST_SUITE_P(All, SimSpmCells, testing::ValuesIn(kReferences));

class Two {
 public:
  explicit Two(double capacity_ah, std::vector<CellSpread> spreads = {{1, 1, 0.5}, {0.8, 1, 0.5}})
      : cells({chen2020_make(), AmpereHours(capacity_ah)}, spreads) {}
  void step(double dt_s, double a, double b, double celsius = 25) {
    cells.step(dt_s, std::vector<double>{a, b}, std::vector<double>{celsius, celsius});
  }
  SpmCells cells;
};

TEST(SimSpmCellsCharge, IsConservedInEachCell) {
  Two two(20);

  for (int i = 0; i < 360; ++i) two.step(10, i % 3 - 0.5, -2 * (i % 3) + 1.0);

  EXPECT_NEAR(two.cells.socs()[0], 0.5 + 0.5 / 20, 1e-9);
  EXPECT_NEAR(two.cells.socs()[1], 0.5 - 1.0 / 16, 1e-9);
}

TEST(SimSpmCellsCharge, OfALargerCellActsAsThatOfASmallOneWithLessCurrent) {
  Two small(5, {{1, 1, 0.5}, {1, 1, 0.5}}), large(50, {{1, 1, 0.5}, {1, 1, 0.5}});

  for (int i = 0; i < 100; ++i) small.step(1, 1, -2), large.step(1, 10, -20);

  EXPECT_NEAR(small.cells.volts()[0], large.cells.volts()[0], 1e-9);
  EXPECT_NEAR(small.cells.volts()[1], large.cells.volts()[1], 1e-9);
}

TEST(SimSpmCellsCharge, OneLongStepIsManyShortOnes) {
  Two one(5), many(5);

  one.step(60, 3, -3);
  for (int i = 0; i < 600; ++i) many.step(0.1, 3, -3);

  EXPECT_NEAR(one.cells.volts()[0], many.cells.volts()[0], 1e-7);
  EXPECT_NEAR(one.cells.volts()[1], many.cells.volts()[1], 1e-7);
}

TEST(SimSpmCellsCold, IsStiffer) {
  Two warm(5), cold(5);

  warm.step(1, -2, 2, 25);
  cold.step(1, -2, 2, -10);

  EXPECT_LT(cold.cells.volts()[0], warm.cells.volts()[0] - 0.05);
  EXPECT_GT(cold.cells.volts()[1], warm.cells.volts()[1] + 0.05);
}

TEST(SimSpmCellsSlope, IsHowFarTheVoltageMovesWithTheCurrent) {
  Two two(5);
  two.step(0.1, 2, -2);
  const double before = two.cells.volts()[0], slope = two.cells.slopes_ohm()[0];

  two.step(1e-6, 2.01, -2);

  EXPECT_NEAR(two.cells.volts()[0] - before, 0.01 * slope, 0.01 * slope * 0.02);
}

TEST(SimSpmCellsExtremes, LeaveTheRangeSteeplyAndStayFinite) {
  for (const double amperes : {0.5, 5.0, 50.0, 5000.0}) {
    Two two(5);
    double highest = 0, lowest = 5;
    for (int i = 0; i < 10'000; ++i) {
      two.step(10, amperes, -amperes);
      highest = std::max(highest, two.cells.volts()[0]);
      lowest = std::min(lowest, two.cells.volts()[1]);
      ASSERT_TRUE(std::isfinite(highest) && std::isfinite(two.cells.heats_w()[1])) << amperes;
    }
    EXPECT_GT(highest, 4.8) << amperes;
    EXPECT_LE(highest, 6.31) << amperes;
    EXPECT_LT(lowest, 0) << amperes;  // reverse charged
    EXPECT_GE(lowest, -1.06) << amperes;
    two.step(1, -1, 1);
    EXPECT_LT(two.cells.socs()[0], kMostSoc);  // and it comes back
    EXPECT_GT(two.cells.socs()[1], kLeastSoc);
  }
}

/// The shipped set with another term in a potential.
Result<std::shared_ptr<const SpmCellMake>> make_with(const std::string& term) {
  CellSet set = test::chen2020();
  set.negative.potential =
      Function::parse("(" + set.negative.potential.text() + ") + " + term).value();
  return spm_cell_make(set);
}

TEST(SimSpmCellMake, OfALogarithmIsInfiniteAtNoEnd) {
  const auto make = make_with("-0.001 * log(x / (1 - x))");
  ASSERT_TRUE(make) << make.error().text();
  SpmCells cells({*make, AmpereHours(5)}, std::vector<CellSpread>{{1, 1, 0}, {1, 1, 1}});
  for (int i = 0; i < 3600; ++i) {
    cells.step(1, std::vector<double>{-5.0, 5.0}, std::vector<double>{25.0, 25.0});
    for (const std::size_t cell : {0U, 1U}) {
      ASSERT_TRUE(std::isfinite(cells.volts()[cell])) << i;
      ASSERT_TRUE(std::isfinite(cells.heats_w()[cell])) << i;
    }
  }
}

TEST(SimSpmCellMake, OfACurveWithAGapIsRefused) {
  const auto make = make_with("0 / (x - 0.500244140625)");

  ASSERT_FALSE(make);
  EXPECT_NE(make.error().text().find("negative electrode"), std::string::npos)
      << make.error().text();
  EXPECT_NE(make.error().text().find("0.500244"), std::string::npos) << make.error().text();
}

}  // namespace
}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/ecm.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cell_run.hpp"

namespace b2m::sim {
namespace {

/// One resistance and one RC pair that do not depend on the SoC.
CellSet simple_set() {
  CellSet set = test::chen2020();
  set.ecm_1rc = {{0.5}, {0.03}, {0.02}, {}, 30, 0};
  return set;
}

TEST(Ecm, FollowsTheExactSolution) {
  const CellSet set = simple_set();
  const auto limits = find_limits(set).value();
  SolverSettings settings;
  settings.soc = 0.6;
  auto solver = make_ecm(ModelKind::ecm_1rc, set, settings).value();
  const Demand demand{Demand::Kind::current, 5, 5};

  solver->settle(demand);
  const auto step = solver->attempt(45, demand);

  const double soc = 0.6 - 5 * 45 / 3600.0 / limits.capacity_ah;
  const double pair = 0.02 * 5 * (1 - std::exp(-45.0 / 30));
  EXPECT_NEAR(step.voltage_v, ocv_at(set, limits, soc) - 0.03 * 5 - pair, 1e-12);
}

// Many short steps and one long one are the same where nothing depends on the SoC.
TEST(Ecm, DoesNotDependOnTheStepsOfARamp) {
  SolverSettings settings;
  settings.soc = 0.6;
  auto once = make_ecm(ModelKind::ecm_1rc, simple_set(), settings).value();
  auto often = make_ecm(ModelKind::ecm_1rc, simple_set(), settings).value();
  once->settle({Demand::Kind::current, 0, 0});
  often->settle({Demand::Kind::current, 0, 0});

  const auto whole = once->attempt(100, {Demand::Kind::current, 0, 10});
  Attempt part;
  for (int i = 0; i < 100; ++i) {
    part = often->attempt(1, {Demand::Kind::current, 0.1 * i, 0.1 * (i + 1)});
    often->accept();
  }

  EXPECT_NEAR(part.voltage_v, whole.voltage_v, 1e-10);
}

TEST(Ecm, NeedsAFit) {
  CellSet set = test::chen2020();
  set.ecm_2rc = {};

  const auto solver = make_ecm(ModelKind::ecm_2rc, set, {});

  ASSERT_FALSE(solver);
  EXPECT_THAT(solver.error().detail, testing::HasSubstr("no values for the model ecm_2rc"));
}

TEST(Ecm, RefusesKnotsThatDoNotRise) {
  CellSet set = test::chen2020();
  set.ecm_1rc.soc[3] = set.ecm_1rc.soc[2];

  EXPECT_FALSE(make_ecm(ModelKind::ecm_1rc, set, {}));
}

TEST(Ecm, CannotGiveMorePowerThanThereIs) {
  auto solver = make_ecm(ModelKind::ecm_2rc, test::chen2020(), {}).value();

  const Attempt settled = solver->settle({Demand::Kind::power, 500, 500});

  EXPECT_EQ(settled.outcome, Attempt::Outcome::no_solution);
  EXPECT_THAT(settled.reason, testing::HasSubstr("500 W cannot be held: the cell can give"));
}

struct Row {
  const char* steps;
  double soc;
  bool is_thermal;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.steps << " from " << row.soc; }

class Rows : public testing::TestWithParam<Row> {};

// Steps that pass bends of the open-circuit curve, knots and the end of a heating unseen.
TEST_P(Rows, BetweenStepsAreWithinThePreset) {
  for (const ModelKind model : {ModelKind::ecm_1rc, ModelKind::ecm_2rc}) {
    auto input = test::cell_run(GetParam().steps, GetParam().soc, model);
    input.is_thermal = GetParam().is_thermal;
    input.lower_v = 2;
    input.step_s = 1;
    input.columns = {"voltage_v", "temperature_c", "ocv_v"};  // a step for each row
    const auto exact = run(input).value().table;
    input.columns = {"voltage_v", "temperature_c"};
    for (const Preset preset : {Preset::fast, Preset::exact}) {
      input.preset = preset;
      const auto table = run(input).value().table;
      const auto voltage = test::column_of(table, "voltage_v");
      const auto warmth = test::column_of(table, "temperature_c");
      const auto right = test::column_of(exact, "voltage_v");
      const auto right_warmth = test::column_of(exact, "temperature_c");
      for (std::size_t i = 0; i + 2 < std::min(voltage.size(), right.size()); ++i) {
        ASSERT_NEAR(voltage[i], right[i], preset == Preset::fast ? 5e-4 : 1e-4) << i << " s";
        ASSERT_NEAR(warmth[i], right_warmth[i], 0.05) << i << " s";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Rows,
                         testing::Values(Row{"Discharge at 1C until 2.5 V", 1, false},
                                         Row{"Discharge at 1C until 2.5 V", 1, true},
                                         Row{"Discharge at 30 W until 2.5 V", 0.9, false},
                                         Row{"Discharge at 1 Ohm until 2.5 V", 0.9, true},
                                         Row{"Discharge at 2C for 100 s; Rest for 1 hour", 0.8,
                                             true}));

TEST(Ecm, HasAHighestTemperature) {
  CellSet set = test::chen2020();
  set.thermal.heat_capacity_j_per_k = 1e-3;
  set.thermal.cooling_w_per_k = 0;
  SolverSettings settings;
  settings.is_thermal = true;
  auto solver = make_ecm(ModelKind::ecm_1rc, set, settings).value();
  const Demand demand{Demand::Kind::current, 5, 5};
  solver->settle(demand);

  const Attempt step = solver->attempt(60, demand);

  EXPECT_EQ(step.outcome, Attempt::Outcome::no_solution);
  EXPECT_THAT(step.reason, testing::HasSubstr("temperature"));
}

// Two percent of the heat of 0.25 W at rest after an hour would be a wrong time constant.
TEST(Ecm, WarmsUpToTheBalanceOfHeatAndCooling) {
  auto input = test::cell_run("Discharge at 0.5C for 80 minutes", 1, ModelKind::ecm_1rc);
  input.is_thermal = true;
  input.columns = {"temperature_c", "heat_w"};

  const auto table = run(input).value().table;

  const double heat = test::column_of(table, "heat_w").back();
  const double warmer = test::column_of(table, "temperature_c").back() - 25;
  EXPECT_NEAR(warmer, heat / input.set.thermal.cooling_w_per_k, 0.15 * warmer);
}

struct Limit {
  const char* run;
  ModelKind model;
  double rms_mv;
};
void PrintTo(const Limit& limit, std::ostream* out) { *out << limit.run; }

class Fit : public testing::TestWithParam<Limit> {};

// The fits' errors against DFN, docs/simulation.md, "Cheap models".
TEST_P(Fit, IsAsGoodAsItsTableSays) {
  if (test::reference_folder().empty()) GTEST_SKIP() << "../shared/data/simulation is missing";
  auto reference = test::reference_run(GetParam().run);
  reference.input.model = GetParam().model;

  const auto off = test::compare(reference, run(reference.input).value());

  EXPECT_LE(off.rms_mv, GetParam().rms_mv);
}

INSTANTIATE_TEST_SUITE_P(All, Fit,
                         testing::Values(Limit{"us06_DFN_soc080", ModelKind::ecm_1rc, 10.8},
                                         Limit{"us06_DFN_soc080", ModelKind::ecm_2rc, 10.2}));

}  // namespace
}  // namespace b2m::sim

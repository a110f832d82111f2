// SPDX-License-Identifier: MIT
// What a run does at events and limits, with rows, and when it is told to stop.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cell_run.hpp"

namespace b2m::sim {
namespace {

using test::cell_run;
using test::column_of;
using test::cycle_run;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

SimulationOutput run_of(const SimulationInput& input, const RunControl& control = {}) {
  auto output = run(input, control);
  EXPECT_TRUE(output) << (output ? "" : output.error().detail);
  return output ? std::move(*output) : SimulationOutput{};
}

TEST(SimulationRun, EndsExactlyAtTheLowerLimitAndSaysSo) {
  const auto output = run_of(cell_run("Discharge at 1C for 2 hours"));

  EXPECT_EQ(output.end.reason, EndReason::lower_voltage);
  EXPECT_NEAR(output.end.voltage_v, 2.5, 1e-8);
  EXPECT_THAT(output.end.text, HasSubstr("in step 1 (\"Discharge at 1C for 2 hours\")"));
  EXPECT_NEAR(column_of(output.table, "voltage_v").back(), 2.5, 1e-8);
  EXPECT_DOUBLE_EQ(column_of(output.table, "time_s").back(), output.end.time_s);
}

// Reaching the voltage of "until" is the step's end even where it is the run's limit, too.
TEST(SimulationRun, GoesOnAfterAStepThatEndsAtTheLimit) {
  const auto output = run_of(cell_run("Discharge at 1C until 2.5 V; Rest for 10 minutes"));

  EXPECT_EQ(output.end.reason, EndReason::finished);
  EXPECT_GT(output.end.voltage_v, 2.6);
}

// The second step's jump passes the lower limit, and its own "until" with it.
TEST(SimulationRun, EndsByALimitThatAJumpHasPassed) {
  const auto output = run_of(cell_run(
      "Discharge at 1C until 2.55 V; Discharge at 8C for 10 s or until 2.54 V; Rest for 1 s"));

  EXPECT_EQ(output.end.reason, EndReason::lower_voltage);
  EXPECT_EQ(output.end.step, 2);
}

// A full cell is charged "until" the very limit: there is nothing to do, and nothing wrong.
TEST(SimulationRun, GoesOnWhereTheStepWasToEndAtTheLimitThatTheJumpHasPassed) {
  const auto output = run_of(cell_run("Charge at 1C until 4.2 V; Hold at 4.2 V until 1 A", 0.99));

  EXPECT_EQ(output.end.reason, EndReason::finished) << output.end.text;
}

TEST(SimulationRun, SaysWhichStepTookNoTime) {
  const auto output = run_of(cell_run("Charge at 1C until 3 V; Rest for 1 minute"));

  EXPECT_EQ(output.end.reason, EndReason::finished);
  EXPECT_THAT(
      output.end.text,
      HasSubstr("step 1 (\"Charge at 1C until 3 V\") took no time: 3 V was passed already"));
}

TEST(SimulationRun, EndsAtNoVoltageWithoutASign) {
  auto input = cell_run("Discharge at 5C for 1 hour", 0.5, ModelKind::ecm_1rc);
  input.lower_v = 0;

  EXPECT_THAT(run_of(input).end.text, testing::Not(HasSubstr("-0.0000")));
}

TEST(SimulationRun, StartsEachStepWithARowOfItsOwn) {
  auto input = cell_run("Rest for 20 s; Discharge at 1C for 25 s");
  input.columns = {"time_s", "step", "current_a"};

  const auto table = run_of(input).table;

  EXPECT_THAT(column_of(table, "time_s"), ElementsAre(0, 10, 20, 20, 30, 40, 45));
  EXPECT_THAT(column_of(table, "step"), ElementsAre(1, 1, 1, 2, 2, 2, 2));
  EXPECT_THAT(column_of(table, "current_a"), ElementsAre(0, 0, 0, 5, 5, 5, 5));
}

TEST(SimulationRun, GivesExactlyTheTimesAskedForAndTheEnd) {
  auto input = cell_run("Discharge at 1C for 100 s; Rest for 100 s");
  input.row_times_s = {0, 0.5, 33.25, 100, 150, 500};

  const auto table = run_of(input).table;

  EXPECT_THAT(column_of(table, "time_s"), ElementsAre(0, 0.5, 33.25, 100, 150, 200));
}

TEST(SimulationRun, HasTheColumnsOfTheContract) {
  const auto csv = to_csv(run_of(cell_run("Rest for 5 s")).table);

  EXPECT_EQ(csv.substr(0, csv.find('\n')),
            "time_s,current_a,voltage_v,discharge_capacity_ah,soc,temperature_c");
  EXPECT_THAT(csv, HasSubstr("\n5,0,3.750873"));
}

TEST(SimulationRun, LeavesOutWhatAModelDoesNotHave) {
  auto input = cell_run("Rest for 5 s", 0.5, ModelKind::ecm_1rc);
  input.columns = {"time_s", "electrolyte_min", "step"};

  EXPECT_EQ(to_csv(run_of(input).table), "time_s,electrolyte_min,step\n0,,1\n5,,1\n");
}

TEST(SimulationRun, CountsPassesThroughTheExperiment) {
  auto input = cell_run("Discharge at 1C for 10 s; Charge at 1C for 10 s");
  input.cycles = 3;
  input.columns = {"cycle", "step", "discharge_capacity_ah"};

  const auto table = run_of(input).table;

  EXPECT_EQ(column_of(table, "cycle").back(), 3);
  EXPECT_NEAR(column_of(table, "discharge_capacity_ah").back(), 0, 1e-12);
}

class EveryModel : public testing::TestWithParam<ModelKind> {};

TEST_P(EveryModel, KeepsPowerAndResistance) {
  auto input = cell_run("Discharge at 10 W for 60 s; Discharge at 2 Ohm for 60 s", 0.5, GetParam());
  input.columns = {"voltage_v", "current_a", "power_w", "step"};

  const auto table = run_of(input).table;

  const auto step = column_of(table, "step"), power = column_of(table, "power_w");
  const auto voltage = column_of(table, "voltage_v"), current = column_of(table, "current_a");
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const double off = step[row] == 1 ? power[row] - 10 : voltage[row] - 2 * current[row];
    EXPECT_NEAR(off, 0, 2e-4) << "row " << row;
  }
}

TEST_P(EveryModel, HoldsAVoltageUntilTheCurrentHasFallen) {
  const auto output =
      run_of(cell_run("Charge at C/2 until 4 V; Hold at 4 V until 100 mA", 0.6, GetParam()));

  EXPECT_EQ(output.end.reason, EndReason::finished) << output.end.text;
  EXPECT_NEAR(column_of(output.table, "current_a").back(), -0.1, 1e-8);
  EXPECT_NEAR(output.end.voltage_v, 4, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(All, EveryModel,
                         testing::Values(ModelKind::spm, ModelKind::spme, ModelKind::dfn,
                                         ModelKind::spm_rc, ModelKind::ecm_1rc,
                                         ModelKind::ecm_2rc));

// Charging pulses that reach 4.15 V; the last one, small, does not.
SimulationInput clamped(AtLimit at_limit) {
  auto input = cycle_run({0, 10, 20, 200, 210, 300}, {0, 0, -10, -10, 1, 1}, 0.9);
  input.upper_v = 4.15;
  input.step_s = 1;
  input.at_limit = at_limit;
  return input;
}

TEST(SimulationLimit, StopsACycle) {
  const auto output = run_of(clamped(AtLimit::stop));

  EXPECT_EQ(output.end.reason, EndReason::upper_voltage);
  EXPECT_NEAR(output.end.voltage_v, 4.15, 1e-8);
}

TEST(SimulationLimit, IsIgnoredByACycle) {
  const auto output = run_of(clamped(AtLimit::ignore));

  EXPECT_EQ(output.end.reason, EndReason::finished);
  EXPECT_THAT(column_of(output.table, "voltage_v"), testing::Contains(testing::Gt(4.2)));
}

TEST(SimulationLimit, IsHeldUntilTheCycleLeadsAway) {
  const auto output = run_of(clamped(AtLimit::clamp));

  EXPECT_EQ(output.end.reason, EndReason::finished) << output.end.text;
  EXPECT_EQ(output.end.time_s, 300);
  const auto voltage = column_of(output.table, "voltage_v");
  EXPECT_LE(*std::max_element(voltage.begin(), voltage.end()), 4.15 + 1e-5);
  const auto current = column_of(output.table, "current_a");
  EXPECT_GT(current[150], -9);          // held
  EXPECT_DOUBLE_EQ(current.back(), 1);  // and the cycle again
  for (double amperes : current) EXPECT_GE(amperes, -10);
}

TEST(SimulationLimit, IsHeldFromTheFirstRow) {
  auto input = cycle_run({0, 60}, {-5, -5}, 1);
  input.at_limit = AtLimit::clamp;

  const auto voltage = column_of(run_of(input).table, "voltage_v");

  for (double volts : voltage) EXPECT_LE(volts, 4.2 + 1e-5);
}

TEST(SimulationRun, EndsByDepletionWithAReason) {
  auto input = cell_run("Discharge at 8C for 1 hour", 1, ModelKind::dfn);
  input.lower_v = 0.1;

  const auto output = run_of(input);

  EXPECT_EQ(output.end.reason, EndReason::depleted) << output.end.text;
  EXPECT_GT(output.end.time_s, 1);
  EXPECT_FALSE(output.end.text.empty());
  for (double value : output.table.values) EXPECT_TRUE(std::isfinite(value));
}

TEST(SimulationRun, EndsByDepletionOfTheTheveninModel) {
  auto input = cell_run("Discharge at 1C for 3 hours", 1, ModelKind::ecm_2rc);
  input.lower_v = 0;

  EXPECT_EQ(run_of(input).end.reason, EndReason::depleted);
}

TEST(SimulationRun, IsCancelled) {
  std::atomic<bool> is_cancelled = true;
  RunControl control;
  control.is_cancelled = &is_cancelled;

  EXPECT_EQ(run_of(cell_run("Rest for 1 hour"), control).end.reason, EndReason::cancelled);
}

TEST(SimulationRun, EndsWhenTheTimeForItIsUsedUp) {
  RunControl control;
  control.is_out_of_time = [] { return true; };

  const auto output = run_of(cell_run("Discharge at 1C until 2.5 V"), control);

  EXPECT_EQ(output.end.reason, EndReason::out_of_time);
  EXPECT_GT(output.table.rows(), 0U);
}

// A step of a fine mesh may take a second.
TEST(SimulationRun, AFullCellLooksAtTheTimeInEveryStep) {
  int looks = 0;
  RunControl control;
  control.is_out_of_time = [&looks] { return ++looks == 3; };

  const auto output = run_of(cell_run("Discharge at 1C until 2.5 V", 1, ModelKind::dfn), control);

  EXPECT_EQ(output.end.reason, EndReason::out_of_time);
  EXPECT_LE(output.end.solver_steps, 3);
}

TEST(SimulationRun, EndsWhenTheTableIsFull) {
  auto input = cell_run("Discharge at 1C until 2.5 V");
  input.max_rows = 20;

  const auto output = run_of(input);

  EXPECT_EQ(output.end.reason, EndReason::row_limit);
  EXPECT_EQ(output.table.rows(), 20U);
}

// A current that is never reached would go on for ever.
TEST(SimulationRun, EndsAtTheLongestTime) {
  auto input = cell_run("Hold at 3.8 V until 1 mA for 1 h");
  input.experiment.steps[0].duration_s.reset();
  input.experiment.steps[0].until_a = 1e-12;
  input.max_time_s = 86400;
  input.step_s = 3600;

  const auto output = run_of(input);

  EXPECT_EQ(output.end.reason, EndReason::time_limit);
  EXPECT_DOUBLE_EQ(output.end.time_s, 86400);
}

TEST(SimulationRun, TellsItsProgress) {
  std::vector<double> parts;
  RunControl control;
  control.progress = [&](double part) { parts.push_back(part); };
  auto input = cell_run("Discharge at C/10 until 2.5 V; Charge at C/10 until 4.2 V");
  input.columns = {"ocv_v"};

  run_of(input, control);

  ASSERT_GT(parts.size(), 2U);
  EXPECT_TRUE(std::is_sorted(parts.begin(), parts.end()));
  EXPECT_EQ(parts.back(), 1);
}

}  // namespace
}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cell_run.hpp"

namespace b2m::sim {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinite = std::numeric_limits<double>::infinity();

struct Wrong {
  const char* says;
  std::function<void(SimulationInput&)> spoil;
};
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.says; }

class WrongInput : public testing::TestWithParam<Wrong> {};

TEST_P(WrongInput, IsRefusedWithTheFieldAtFault) {
  SimulationInput input = test::cell_run("Discharge at 1C until 3 V");
  ASSERT_TRUE(check(input)) << check(input).error().detail;

  GetParam().spoil(input);

  const auto checked = check(input);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().detail, testing::HasSubstr(GetParam().says));
  EXPECT_FALSE(run(input));
}

using In = SimulationInput;
INSTANTIATE_TEST_SUITE_P(
    All, WrongInput,
    testing::Values(
        Wrong{"lower_v: 4.3 V is not below upper_v", [](In& i) { i.lower_v = 4.3; }},
        Wrong{"mesh: it is too fine for formulas",
              [](In& i) {
                i.model = ModelKind::dfn;
                i.mesh = {200, 200, 200, 400, 400};
                std::string formula = "1e-14";
                while (formula.size() < 1000) formula += "+1e-20*x";
                i.set.negative.diffusivity = *Function::parse(formula);
              }},
        Wrong{"thermal: the set",
              [](In& i) {
                i.is_thermal = true;
                i.set.thermal.heat_capacity_j_per_k = 0;
              }},
        Wrong{"lower_v: 3.9000 V is above the start voltage", [](In& i) { i.lower_v = 3.9; }},
        Wrong{"upper_v: 3.0000 V is below the start voltage", [](In& i) { i.upper_v = 3; }},
        Wrong{"lower_v: 3.7000 V is passed at once", [](In& i) { i.lower_v = 3.7; }},
        Wrong{"upper_v: 3.8000 V is passed at once",
              [](In& i) {
                i.upper_v = 3.8;
                i.experiment = parse_experiment("Charge at 1C for 1 h", 5).value();
              }},
        // "until" does not hide a limit that the jump has passed.
        Wrong{"lower_v: 2.5000 V is passed at once",
              [](In& i) {
                i.soc = 0;
                i.experiment =
                    parse_experiment("Discharge at 10 A for 10 s or until 2.6 V", 5).value();
              }},
        Wrong{"lower_v: 2.5000 V is passed at once",
              [](In& i) {
                i.model = ModelKind::ecm_1rc;
                i.experiment = parse_experiment("Discharge at 100C until 0.1 V", 5).value();
              }},
        Wrong{"more than 1000C; spm has no resistance",
              [](In& i) {
                i.upper_v = 9;
                i.experiment = parse_experiment("Hold at 9 V for 1 h", 5).value();
              }},
        Wrong{"lower_v: nan", [](In& i) { i.lower_v = kNan; }},
        Wrong{"upper_v: inf", [](In& i) { i.upper_v = kInfinite; }},
        Wrong{"soc: 1.5", [](In& i) { i.soc = 1.5; }},
        Wrong{"soc: -0.1", [](In& i) { i.soc = -0.1; }},
        Wrong{"temperature_k: 25 K", [](In& i) { i.temperature_k = 25; }},
        Wrong{"ambient_k: nan", [](In& i) { i.ambient_k = kNan; }},
        Wrong{"mesh: 1 nodes of the separator", [](In& i) { i.mesh.separator = 1; }},
        Wrong{"mesh: 1000000 shells", [](In& i) { i.mesh.shells_positive = 1'000'000; }},
        Wrong{"step_s: -1", [](In& i) { i.step_s = -1; }},
        Wrong{"step_s: nan", [](In& i) { i.step_s = kNan; }},
        Wrong{"step_s: a row each 0.001 s makes 36000000 rows",
              [](In& i) {
                i.step_s = 1e-3;
                i.experiment = parse_experiment("Rest for 10 h", 5).value();
              }},
        Wrong{"row_times_s: time 2",
              [](In& i) {
                i.row_times_s = {1, 1};
              }},
        Wrong{"row_times_s: time 1", [](In& i) { i.row_times_s = {kNan}; }},
        Wrong{"row_times_s: time 1", [](In& i) { i.row_times_s = {-1}; }},
        Wrong{"columns: there is no \"volts\"", [](In& i) { i.columns = {"volts"}; }},
        Wrong{"cycles: 0", [](In& i) { i.cycles = 0; }},
        Wrong{"experiment: there are no steps", [](In& i) { i.experiment.steps.clear(); }},
        Wrong{"experiment: step 1 (\"Discharge at 1C until 3 V\"): 600 A are more than",
              [](In& i) { i.experiment.steps[0].value = 600; }},
        Wrong{"the value is not a number", [](In& i) { i.experiment.steps[0].value = kNan; }},
        Wrong{"a duration of 0 s", [](In& i) { i.experiment.steps[0].duration_s = 0; }},
        Wrong{"its steps take 3.6e+12 s",
              [](In& i) {
                i.experiment = parse_experiment("Rest for 1 h", 5).value();
                i.experiment.steps[0].duration_s = 3.6e12;
              }},
        Wrong{"is not within the limits",
              [](In& i) { i.experiment = parse_experiment("Hold at 4.3 V for 1 h", 5).value(); }},
        Wrong{"a cycle needs two points",
              [](In& i) { i.experiment.steps[0].kind = ExperimentStep::Kind::cycle; }}));

class FullAndEmpty : public testing::TestWithParam<double> {};

// Their voltages at rest are the limits themselves.
TEST_P(FullAndEmpty, CellsMayRest) {
  const auto output = run(test::cell_run("Rest for 1 hour", GetParam()));

  ASSERT_TRUE(output) << output.error().detail;
  EXPECT_EQ(output->end.reason, EndReason::finished) << output->end.text;
}
INSTANTIATE_TEST_SUITE_P(All, FullAndEmpty, testing::Values(0.0, 1.0));

}  // namespace
}  // namespace b2m::sim

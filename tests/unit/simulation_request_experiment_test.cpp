// SPDX-License-Identifier: MIT
// Experiments, cycles and parameter sets inside a request, and the request that stands alone.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gateway/app/simulation/request_fields.hpp"
#include "tests/support/simulation_requests.hpp"

namespace b2m::app {
namespace {

using b2m::testing::parse;
using b2m::testing::request_sources;
using Kind = sim::ExperimentStep::Kind;
using Json = nlohmann::json;

std::vector<sim::ExperimentStep> steps(std::string_view json) {
  const auto parsed = parse(json);
  EXPECT_TRUE(parsed.request) << parsed.error.field << ": " << parsed.error.text;
  return parsed.request ? parsed.request->input.experiment.steps
                        : std::vector<sim::ExperimentStep>();
}

void expect_refused(std::string_view json, const std::string& field, const std::string& words) {
  const auto parsed = parse(json);
  ASSERT_FALSE(parsed.request) << json;
  EXPECT_EQ(parsed.error.field, field) << json << " " << parsed.error.text;
  EXPECT_NE(parsed.error.text.find(words), std::string::npos) << json << " " << parsed.error.text;
}

TEST(SimulationRequestExperiment, TextListsObjectsAndGroupsBecomeSteps) {
  const auto all = steps(
      R"({"soc":1,"experiment":["Discharge at 1C until 2.5 V",["Rest for 1 hour"],)"
      R"({"repeat":2,"steps":["Charge at C/2 until 4.2 V",{"voltage_v":4.2,"until_a":0.05}]},)"
      R"({"c_rate":0.5,"duration_s":60},{"power_w":3,"duration_s":1},{"rest":true,"duration_s":1},)"
      R"({"resistance_ohm":2,"duration_s":9,"until_v":3}]})");
  ASSERT_EQ(all.size(), 10U);
  EXPECT_EQ(all[0].value, 5);
  EXPECT_EQ(all[2].value, -2.5);
  EXPECT_EQ(all[3].kind, Kind::voltage);
  EXPECT_EQ(all[4].value, -2.5);
  EXPECT_EQ(all[6].value, 2.5);
  EXPECT_EQ(all[7].kind, Kind::power);
  EXPECT_EQ(all[8].value, 0);
  EXPECT_EQ(all[9].until_v, 3);
  EXPECT_EQ(steps(R"({"experiment":"Discharge at 1C until 2.5 V; Rest for 1 hour"})").size(), 2U);
}

TEST(SimulationRequestExperiment, CRatesFollowTheScaledCell) {
  EXPECT_EQ(steps(R"({"nominal_ah":10,"experiment":"Discharge at 1C until 2.5 V"})")[0].value, 10);
}

TEST(SimulationRequestExperiment, FaultIsNamedByItsPlace) {
  expect_refused(R"({"experiment":["Rest for 1 hour","Dicharge at 1C"]})", "experiment[1]",
                 "Dicharge");
  expect_refused(R"({"experiment":[]})", "experiment", "empty");
  expect_refused(R"({"experiment":[5]})", "experiment[0]", "must be a text");
  expect_refused(R"({"experiment":[{"current_a":5,"until":3}]})", "experiment[0].until", "until_");
  expect_refused(R"({"experiment":[{"current_a":5,"power_w":3}]})", "experiment[0]", "needs one");
  expect_refused(R"({"experiment":[{"current_a":500,"duration_s":1}]})", "experiment[0]", "500 A");
  expect_refused(R"({"experiment":[{"power_w":5000,"duration_s":1}]})", "experiment[0]", "5000 W");
  expect_refused(R"({"experiment":["Rest for 1 hour",{"repeat":0,"steps":["Rest for 1 hour"]}]})",
                 "experiment[1].repeat", "1 to");
  expect_refused(R"({"experiment":[{"rest":true}]})", "experiment", "nothing ends it");
}

TEST(SimulationRequestExperiment, StepsAreBoundedWithTheirRepeats) {
  expect_refused(R"({"experiment":[{"repeat":100000,"steps":["Rest for 1 second"]}]})",
                 "experiment[0].repeat", "more than 1000 steps");
  expect_refused(
      R"({"experiment":{"repeat":900,"steps":[{"repeat":900,"steps":["Rest for 1 second"]}]}})",
      "experiment.repeat", "more than 1000 steps");
}

TEST(SimulationRequestExperiment, CyclesComeByNameAsTextAndAsLists) {
  const auto named = steps(R"({"cycle":"us06"})");
  ASSERT_EQ(named.size(), 1U);
  EXPECT_EQ(named[0].cycle->current_a, (std::vector<double>{0.5, 3, -1, 0.5}));
  EXPECT_EQ(steps(R"({"cycle":"0,1\n10,2\n"})")[0].cycle->time_s, (std::vector<double>{0, 10}));
  EXPECT_EQ(steps(R"({"cycle":{"time_s":[0,1],"current_a":[1,2]},"cycle_sign":"charge_positive",)"
                  R"("soc":0.5})")[0]
                .cycle->current_a,
            (std::vector<double>{-1, -2}));
  EXPECT_EQ(steps(R"({"soc":0.5,"experiment":[{"cycle":"us06"},"Rest for 1 hour"]})").size(), 2U);
}

TEST(SimulationRequestExperiment, RowsOfACycleStandAtItsTimes) {
  EXPECT_EQ(parse(R"({"cycle":"0,1\n7,2\n"})").request->input.row_times_s,
            (std::vector<double>{0, 7}));
  EXPECT_EQ(parse(R"({"cycle":"0,1\n7,2\n","step_s":1})").request->input.row_times_s.size(), 0U);
}

TEST(SimulationRequestExperiment, WrongCyclesAreRefused) {
  expect_refused(R"({"cycle":"nowhere"})", "cycle", "\"nowhere\"");
  expect_refused(R"({"cycle":"0,1\n2,1\n1,1\n"})", "cycle", "line 3");
  expect_refused(R"({"cycle":{"time_s":[0,1],"current_a":[1]}})", "cycle", "2 times and 1");
  expect_refused(R"({"cycle":{"time_s":[0,1]}})", "cycle", "both");
  expect_refused(R"({"cycle":{"time_s":[0,1],"current_a":[1,1e3]}})", "cycle", "1000 A");
  expect_refused(R"({"cycle":{"time_s":[],"current_a":[]}})", "cycle", "two points");
  expect_refused(R"({"cycle":{"time_s":[0,0],"current_a":[1,1]}})", "cycle.time_s[1]", "rise");
  expect_refused(R"({"experiment":[{"cycle":"nowhere"}]})", "experiment", "\"nowhere\"");
}

TEST(SimulationRequestExperiment, WrongSetsAreRefused) {
  expect_refused(R"({"current_a":5,"parameters":"chen2021"})", "parameters", "\"chen2020\"?");
  expect_refused(R"({"current_a":5,"parameters":"../../etc/passwd"})", "parameters", "there is no");
  expect_refused(R"({"current_a":5,"parameters":{"negative":{}}})", "parameters", "missing");
  expect_refused(R"({"current_a":5,"parameters":3})", "parameters", "name of a set");
  expect_refused(R"({"current_a":5,"overrides":{"negative.porosty":1}})",
                 "overrides.negative.porosty", "negative.porosity");
  expect_refused(R"({"current_a":5,"overrides":{"negative.porosity":"x"}})",
                 "overrides.negative.porosity", "must be a number");
}

TEST(SimulationRequestExperiment, BpxGoesInAsItIs) {
  std::ifstream file(B2M_SOURCE_DIR "/tests/vectors/cells/chen2020_bpx.json");
  Json request{{"current_a", 5}, {"thermal", true}};
  request["parameters"] = Json::parse(file);
  const auto parsed = parse(request.dump());
  ASSERT_TRUE(parsed.request) << parsed.error.text;
  EXPECT_EQ(parsed.request->input.set.nominal_capacity_ah, 5);
  ASSERT_FALSE(parsed.notes.empty());
  EXPECT_NE(parsed.notes.front().find("ignored because"), std::string::npos);
}

// Another machine has neither our sets nor our cycles.
TEST(SimulationRequestExperiment, SelfContainedRequestNeedsNoSources) {
  for (const char* json :
       {R"({"id":3,"simulationType":"driveCycle"})", R"({"simulationType":"cell","id":"x"})",
        R"({"cycle":"us06","overrides":{"negative.porosity":0.24},"priority":2})",
        R"({"experiment":[{"cycle":"us06"},"Rest for 1 hour"],"cycle_sign":"charge_positive",)"
        R"("soc":0.5})"}) {
    const auto once = parse(json);
    ASSERT_TRUE(once.request) << json << once.error.text;
    const auto again = parse_self_contained(once.request->self_contained, {});
    ASSERT_TRUE(again.request) << json << again.error.text;
    const auto& a = once.request->input;
    const auto& b = again.request->input;
    EXPECT_EQ(once.request->id_json, again.request->id_json);
    EXPECT_EQ(once.request->simulation_type, again.request->simulation_type);
    EXPECT_EQ(a.row_times_s, b.row_times_s);
    EXPECT_EQ(a.set.name, b.set.name);
    EXPECT_EQ(a.set.negative.porosity, b.set.negative.porosity);
    EXPECT_EQ(a.experiment.steps[0].cycle ? a.experiment.steps[0].cycle->current_a
                                          : std::vector<double>(),
              b.experiment.steps[0].cycle ? b.experiment.steps[0].cycle->current_a
                                          : std::vector<double>());
  }
}

TEST(SimulationRequestExperiment, SelfContainedRequestIsCheckedAgain) {
  const auto once = parse(R"({"current_a":5})");
  ASSERT_TRUE(once.request);
  Json tampered = Json::parse(once.request->self_contained);
  tampered["parameters"]["negative"]["thickness"]["value"] = 85;
  EXPECT_FALSE(parse_self_contained(tampered.dump(), {}).request);
  EXPECT_FALSE(parse_self_contained(R"({"current_a":5})", {}).request);
}

TEST(SimulationRequestExperiment, HandbookHoldsEveryField) {
  std::ifstream file(B2M_SOURCE_DIR "/docs/simulation-jobs.md");
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_NE(page.str().find(request_reference()), std::string::npos)
      << "put this into docs/simulation-jobs.md:\n\n"
      << request_reference();
}

}  // namespace
}  // namespace b2m::app

// SPDX-License-Identifier: MIT
#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gateway/app/simulation/request.hpp"
#include "tests/support/simulation_requests.hpp"

namespace b2m::app {
namespace {

using b2m::testing::parse;
using b2m::testing::request_sources;
using Kind = sim::ExperimentStep::Kind;

const SimulationRequest& good(const ParsedRequest& parsed) {
  static const SimulationRequest kNone;
  EXPECT_TRUE(parsed.request) << parsed.error.field << ": " << parsed.error.text;
  return parsed.request ? *parsed.request : kNone;
}

/// "field: text".
std::string refusal(std::string_view json) {
  const auto parsed = parse(json);
  return parsed.request ? "accepted" : parsed.error.field + ": " + parsed.error.text;
}

void expect_refused(std::string_view json, const std::string& field, const std::string& words) {
  const auto parsed = parse(json);
  ASSERT_FALSE(parsed.request) << json;
  EXPECT_EQ(parsed.error.field, field) << json << " " << parsed.error.text;
  EXPECT_NE(parsed.error.text.find(words), std::string::npos) << json << " " << parsed.error.text;
}

TEST(SimulationRequest, OriginalCellHasTheOriginalsDefaults) {
  const auto parsed = parse(R"({"simulationType":"cell"})");
  const auto& input = good(parsed).input;

  EXPECT_EQ(good(parsed).simulation_type, "cell");
  EXPECT_EQ(input.model, sim::ModelKind::dfn);
  EXPECT_EQ(input.experiment.steps.front().value, 5);
  EXPECT_EQ(input.experiment.steps.front().duration_s, 3600);
  EXPECT_EQ(input.lower_v, 2.5);
  EXPECT_EQ(input.upper_v, 4.2);
  EXPECT_TRUE(std::isnan(input.soc));
  EXPECT_FALSE(input.is_thermal);
  EXPECT_EQ(input.mesh.negative, 20);
  EXPECT_EQ(input.mesh.shells_positive, 20);
  EXPECT_EQ(input.preset, sim::Preset::exact);
  ASSERT_EQ(input.row_times_s.size(), 100U);
  EXPECT_EQ(input.row_times_s.front(), 0);
  EXPECT_EQ(input.row_times_s.back(), 3600);
}

TEST(SimulationRequest, OriginalExampleIsRead) {
  const auto parsed =
      parse(R"({"id":7,"simulationType":"cell","time":2,"upperVoltage":4.2,"lowerVoltage":2.6,)"
            R"("nominalCell":8,"controlCurrent":4})");
  const auto& request = good(parsed);

  EXPECT_EQ(request.id, "7");
  EXPECT_EQ(request.id_json, "7");
  EXPECT_EQ(request.simulation_type, "cell");
  EXPECT_EQ(request.input.experiment.steps.front().value, 4);
  EXPECT_EQ(request.input.experiment.steps.front().duration_s, 7200);
  EXPECT_EQ(request.input.lower_v, 2.6);
  EXPECT_EQ(request.input.set.nominal_capacity_ah, 5);
}

TEST(SimulationRequest, NominalCellScalesOnlyWhenAsked) {
  const auto parsed = parse(R"({"simulationType":"cell","nominalCell":10,"scaleNominal":true})");
  EXPECT_DOUBLE_EQ(good(parsed).input.set.area_m2, 2 * 0.1027);
  EXPECT_DOUBLE_EQ(good(parse(R"({"current_a":5,"nominal_ah":10})")).input.set.area_m2, 2 * 0.1027);
}

TEST(SimulationRequest, OriginalDriveCycleIgnoresLimitsOnItsOwnMesh) {
  const auto parsed = parse(R"({"simulationType":"driveCycle","time":0,"controlCurrent":0})");
  const auto& input = good(parsed).input;

  EXPECT_EQ(input.at_limit, sim::AtLimit::ignore);
  EXPECT_EQ(input.mesh.negative, 30);
  EXPECT_EQ(input.mesh.separator, 30);
  EXPECT_EQ(input.mesh.shells_negative, 10);
  ASSERT_EQ(input.experiment.steps.size(), 1U);
  EXPECT_EQ(input.experiment.steps.front().kind, Kind::cycle);
  EXPECT_EQ(input.row_times_s, (std::vector<double>{0, 1, 2, 3}));
}

TEST(SimulationRequest, DriveCycleThatIsNotThereIsTold) {
  RequestSources none = request_sources();
  none.drive_cycle = "nowhere";
  const auto parsed = parse_request(R"({"simulationType":"driveCycle"})", none, {});
  ASSERT_FALSE(parsed.request);
  EXPECT_EQ(parsed.error.field, "simulationType");
  EXPECT_NE(parsed.error.text.find("\"nowhere\""), std::string::npos);
}

// What the original refused without a word, or failed at after seconds.
TEST(SimulationRequest, WhatTheOriginalRefusedSilentlyHasAReason) {
  expect_refused(R"({"simulationType":"cell","controlCurrent":-2})", "upperVoltage",
                 "98.96 % charge");
  expect_refused(R"({"simulationType":"cell","lowerVoltage":4.1})", "lowerVoltage", "4.1");
  expect_refused(R"({"simulationType":"cell","upperVoltage":3.0})", "upperVoltage",
                 "start voltage");
  expect_refused(R"({"simulationType":"cell","time":0})", "time", "0 h is not possible");
  expect_refused(R"({"simulationType":"cell","time":"1"})", "time", "write it without quotes");
  expect_refused(R"({"simulationType":"cell","controlCurrent":null})", "controlCurrent", "null");
  expect_refused(R"({"simulationType":"cell","controlCurrent":"4"})", "controlCurrent",
                 "must be a number");
  expect_refused(R"({"simulationType":"batteryPack"})", "simulationType", "\"cell\"");
  expect_refused(R"({"simulationType":"cell","time":0.0,"upperVoltage":0.0,"lowerVoltage":0.0,)"
                 R"("nominalCell":0.0,"controlCurrent":0.0})",
                 "time", "0 h");
  EXPECT_EQ(refusal(R"({"simulationType":"cell","lowerVoltage":0})"), "accepted");
  EXPECT_EQ(refusal(R"({"simulationType":"cell","upperVoltage":10})"), "accepted");
}

TEST(SimulationRequest, BrokenJsonIsRefused) {
  for (const char* json :
       {"", "null", "[]", "5", "{", "{\"time\":NaN}", "{\"time\":1e999}", "{\"a\" 1}",
        "{\"current_a\":5,\"current_a\":6}", "\xff{}", "{\"id\":\"\xff\"}"})
    EXPECT_FALSE(parse(json).request) << json;
  expect_refused("{\"current_a\":5,\"current_a\":6}", "", "\"current_a\" is given twice");
}

TEST(SimulationRequest, SizeAndDepthAreBounded) {
  const std::string large(10'000'000, ' ');
  expect_refused(large, "", "10000000 bytes; at most 2000000");
  const std::string deep = R"({"experiment":)" + std::string(100'000, '[');
  expect_refused(deep, "", "nest more than 32 deep");
}

TEST(SimulationRequest, UnknownFieldHasTheNearestKnownOne) {
  expect_refused(R"({"current_a":5,"modle":"spm"})", "modle", "did you mean model?");
  expect_refused(R"({"simulationType":"cell","lowerVolts":3})", "lowerVolts", "lowerVoltage");
  expect_refused(R"({"simulationType":"cell","soc":0.5})", "soc", "simulationType");
  expect_refused(R"({"current_a":5,"upperVoltage":4})", "upperVoltage", "simulationType");
}

TEST(SimulationRequest, IdComesBackAsItWasWritten) {
  EXPECT_EQ(good(parse(R"({"current_a":5,"id":"a-1"})")).id_json, "\"a-1\"");
  EXPECT_EQ(good(parse(R"({"simulationType":"cell","id":null})")).id_json, "");
  EXPECT_EQ(parse(R"({"id":12,"current_a":"x"})").id_json, "12");
  expect_refused(R"({"current_a":5,"id":"a/b"})", "id", "topic");
  expect_refused(R"({"current_a":5,"id":""})", "id", "topic");
  expect_refused(R"({"current_a":5,"id":1.5})", "id", "whole number");
}

TEST(SimulationRequest, RicherFormHasItsDefaults) {
  const auto parsed = parse(R"({"current_a":5})");
  const auto& input = good(parsed).input;
  EXPECT_EQ(good(parsed).simulation_type, "");
  EXPECT_EQ(input.soc, 1);
  EXPECT_EQ(input.step_s, 10);
  EXPECT_EQ(input.temperature_k, 298.15);
  EXPECT_EQ(input.ambient_k, 298.15);
  EXPECT_EQ(input.lower_v, 2.5);
  EXPECT_FALSE(input.experiment.steps.front().duration_s);
}

TEST(SimulationRequest, EveryFieldOfTheRicherFormIsTaken) {
  const auto parsed = parse(
      R"({"id":"x","model":"SPMe","parameters":"chen2020","current_a":1,"hours":0.5,"soc":0.5,)"
      R"("temperature_c":10,"thermal":true,"lower_v":2.8,"upper_v":4.1,"at_limit":"clamp",)"
      R"("step_s":5,"outputs":["time_s","ocv_v"],"mesh":{"nodes":12,"shells_positive":30},)"
      R"("preset":"fast","priority":-3,"time_limit_s":9,"callback":"http://h:1/p",)"
      R"("format":"csv","repeat":2,"overrides":{"negative.porosity":0.24}})");
  const auto& request = good(parsed);
  const auto& input = request.input;

  EXPECT_EQ(input.model, sim::ModelKind::spme);
  EXPECT_EQ(input.soc, 0.5);
  EXPECT_DOUBLE_EQ(input.temperature_k, 283.15);
  EXPECT_DOUBLE_EQ(input.ambient_k, 283.15);
  EXPECT_TRUE(input.is_thermal);
  EXPECT_EQ(input.lower_v, 2.8);
  EXPECT_EQ(input.upper_v, 4.1);
  EXPECT_EQ(input.at_limit, sim::AtLimit::clamp);
  EXPECT_EQ(input.step_s, 5);
  EXPECT_EQ(input.columns, (std::vector<std::string>{"time_s", "ocv_v"}));
  EXPECT_EQ(input.mesh.separator, 12);
  EXPECT_EQ(input.mesh.shells_positive, 30);
  EXPECT_EQ(input.preset, sim::Preset::fast);
  EXPECT_EQ(input.cycles, 2);
  EXPECT_EQ(input.set.negative.porosity, 0.24);
  EXPECT_EQ(request.priority, -3);
  EXPECT_EQ(request.time_limit_s, 9);
  EXPECT_EQ(request.callback_url, "http://h:1/p");
  EXPECT_EQ(request.format, ResultFormat::csv);
}

TEST(SimulationRequest, StartVoltageBecomesAStateOfCharge) {
  const auto parsed = parse(R"({"current_a":5,"start_voltage_v":3.7509})");
  EXPECT_NEAR(good(parsed).input.soc, 0.5, 1e-4);
  expect_refused(R"({"current_a":5,"start_voltage_v":4.7})", "start_voltage_v", "outside");
  expect_refused(R"({"current_a":5,"start_voltage_v":3.7,"soc":0.5})", "start_voltage_v", "soc");
}

TEST(SimulationRequest, WrongValuesAreRefusedAtTheirField) {
  expect_refused(R"({"current_a":5,"soc":1.2})", "soc", "1.2 is not possible; 0 to 1 is");
  expect_refused(R"({"current_a":500})", "current_a", "20 times the nominal capacity");
  expect_refused(R"({"current_a":5,"hours":1e6})", "hours", "8784 h");
  expect_refused(R"({"current_a":5,"hours":-1})", "hours", "-1 h");
  expect_refused(R"({"current_a":5,"lower_v":4.3})", "lower_v", "upper_v");
  expect_refused(R"({"current_a":5,"model":"dnf"})", "model", "did you mean \"dfn\"?");
  expect_refused(R"({"current_a":5,"mesh":{"nodes":1000}})", "mesh", "more than 200");
  expect_refused(R"({"current_a":5,"mesh":{"node":10}})", "mesh.node", "nodes");
  expect_refused(R"({"current_a":5,"outputs":["volt"]})", "outputs", "\"volt\"");
  expect_refused(R"({"current_a":5,"times_s":[0,2,1]})", "times_s", "have to rise");
  expect_refused(R"({"current_a":5,"times_s":[0,"1"]})", "times_s[1]", "must be a number");
  expect_refused(R"({"current_a":5,"step_s":1,"times_s":[0,1]})", "step_s", "times_s");
  expect_refused(R"({"current_a":5,"hours":8000,"step_s":0.001})", "step_s", "rows");
  expect_refused(R"({"current_a":5,"priority":11})", "priority", "-10 to 10");
  expect_refused(R"({"current_a":5,"priority":1.5})", "priority", "whole number");
  expect_refused(R"({"current_a":5,"callback":"ftp://x"})", "callback", "http://");
  expect_refused(R"({"current_a":5,"time_limit_s":1e6})", "time_limit_s", "600");
  expect_refused(R"({"current_a":5,"thermal":1})", "thermal", "true or false");
  expect_refused(R"({"current_a":5,"cycle":"us06"})", "experiment", "only one of");
  expect_refused(R"({})", "experiment", "is missing");
}

}  // namespace
}  // namespace b2m::app

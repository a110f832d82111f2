// SPDX-License-Identifier: MIT
// Small requests that would become large ones.
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/simulation_requests.hpp"

namespace b2m::app {
namespace {

std::string list_of(int count, const std::string& step) {
  std::string list;
  for (int i = 0; i < count; ++i) list += (i > 0 ? "," : "") + step;
  return "[" + list + "]";
}

/// A cycle of so many points, each 14 bytes of JSON or more; counts how often it is read.
RequestSources with_cycle(int points, int& reads) {
  RequestSources sources = b2m::testing::request_sources();
  sources.cycle_csv = [points, &reads](std::string_view) -> Result<std::string> {
    ++reads;
    std::string csv;
    for (int i = 0; i < points; ++i) csv += fmt::format("{},{}\n", i, 1.123456);
    return csv;
  };
  return sources;
}

TEST(SimulationRequestBounds, ACycleThatManyStepsNameIsReadAndKeptOnce) {
  int reads = 0;
  const std::string json =
      R"({"model":"ecm","soc":1,"experiment":)" + list_of(1000, R"({"cycle":"a"})") + "}";
  const auto parsed = parse_request(json, with_cycle(600, reads), {});
  ASSERT_TRUE(parsed.request) << parsed.error.text;
  EXPECT_EQ(reads, 1);
  EXPECT_LT(parsed.request->self_contained.size(), 60'000U);

  const auto again = parse_self_contained(parsed.request->self_contained, {});
  ASSERT_TRUE(again.request) << again.error.text;
  ASSERT_EQ(again.request->input.experiment.steps.size(), 1000U);
  std::set<const sim::DriveCycle*> different;
  for (const auto& step : again.request->input.experiment.steps) different.insert(step.cycle.get());
  EXPECT_EQ(different.size(), 1U);
  EXPECT_EQ((*different.begin())->time_s.size(), 600U);
}

TEST(SimulationRequestBounds, CyclesOfDifferentNamesAreBoundedTogether) {
  int reads = 0;
  std::string steps;
  for (int i = 0; i < 100; ++i) steps += fmt::format(R"({}{{"cycle":"c{}"}})", i > 0 ? "," : "", i);
  const auto parsed =
      parse_request(R"({"experiment":[)" + steps + "]}", with_cycle(50'000, reads), {});
  ASSERT_FALSE(parsed.request);
  EXPECT_EQ(parsed.error.field, "experiment");
  EXPECT_NE(parsed.error.text.find("bytes together"), std::string::npos) << parsed.error.text;
  EXPECT_LE(reads, 5);
}

TEST(SimulationRequestBounds, WhatCouldNotRunIsRefusedAtOnce) {
  int reads = 0;
  const RequestSources sources = with_cycle(20'000, reads);
  RequestLimits limits;
  const char* const json = R"({"cycle":"long","model":"ecm"})";
  const auto whole = parse_request(json, sources, limits);
  ASSERT_TRUE(whole.request) << whole.error.text;

  limits.max_whole_bytes = whole.request->self_contained.size();
  EXPECT_TRUE(parse_self_contained(whole.request->self_contained, limits).request);
  --limits.max_whole_bytes;
  EXPECT_FALSE(parse_self_contained(whole.request->self_contained, limits).request);
  const auto refused = parse_request(json, sources, limits);
  ASSERT_FALSE(refused.request);
  EXPECT_NE(refused.error.text.find("with its parameters and cycles"), std::string::npos)
      << refused.error.text;
}

TEST(SimulationRequestBounds, ALongTimeLimitThatWasTakenIsTakenByEveryMachine) {
  RequestLimits of_service;
  of_service.max_time_limit_s = 3600;
  const auto parsed = parse_request(R"({"current_a":5,"time_limit_s":3000})",
                                    b2m::testing::request_sources(), of_service);
  ASSERT_TRUE(parsed.request) << parsed.error.text;

  const auto at_worker = parse_self_contained(parsed.request->self_contained, RequestLimits());
  EXPECT_TRUE(at_worker.request) << at_worker.error.text;
}

TEST(SimulationRequestBounds, CyclesByNameCannotBePutInByTheCaller) {
  const auto parsed =
      b2m::testing::parse(R"({"experiment":[{"cycle":"us06"}],"cycles":{"us06":1}})");
  ASSERT_FALSE(parsed.request);
  EXPECT_EQ(parsed.error.field, "cycles");
}

}  // namespace
}  // namespace b2m::app

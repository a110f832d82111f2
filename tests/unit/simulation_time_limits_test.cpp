// SPDX-License-Identifier: MIT
// Two limits of time: that of calculation, and the longest time that a run may cover.
#include <gtest/gtest.h>

#include "gateway/app/simulation/local_place.hpp"
#include "gateway/app/simulation/sources.hpp"

namespace b2m::test {
namespace {

app::JobResult calculated(const char* request, double time_limit_s) {
  app::JobOrder order;
  order.id = "x";
  order.time_limit_s = time_limit_s;
  const auto sources = app::request_sources({}, B2M_SOURCE_DIR "/config/x.toml");
  const auto parsed = app::parse_request(request, sources, {});
  EXPECT_TRUE(parsed.request) << parsed.error.text;
  if (parsed.request) order.request = parsed.request->self_contained;
  return app::calculate(order, app::RequestLimits(), sim::RunControl());
}

// It was said to be not finished after 60 s of calculation.
TEST(SimulationTimeLimits, AJobThatNeverEndsHasFailed) {
  const auto result =
      calculated(R"({"model":"spm","soc":0.5,"step_s":864000,"experiment":"Rest until 3 V"})", 60);

  EXPECT_EQ(result.state, app::JobState::failed);
  EXPECT_EQ(result.output.end.reason, sim::EndReason::time_limit);
  EXPECT_NE(result.error.find("the longest time"), std::string::npos) << result.error;
}

TEST(SimulationTimeLimits, AJobThatCalculatesForTooLongHasTimedOut) {
  const auto result = calculated(
      R"({"model":"spm","soc":0.5,"step_s":60,"experiment":"Rest for 1 hour","repeat":100})", 0);

  EXPECT_EQ(result.state, app::JobState::timed_out);
  EXPECT_EQ(result.output.end.reason, sim::EndReason::out_of_time);
}

}  // namespace
}  // namespace b2m::test

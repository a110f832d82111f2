// SPDX-License-Identifier: MIT
// Simulation jobs over a real broker: their states, their rows, and what a killed gateway leaves.
#include <cmath>
#include <csignal>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "gateway/app/simulation/request.hpp"
#include "gateway/app/simulation/sources.hpp"
#include "tests/support/gateway_rig.hpp"

namespace b2m::test {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

constexpr auto kLong = 60s;  // also for a sanitized build on a busy machine

class SimulationOverMqtt : public GatewayRig {
 protected:
  void start_with(const std::string& lines = {}) {
    file.packs.clear();
    file.more = "[simulation]\n" + lines;
    start_broker();
    start_tap();
    start_gateway();
    ASSERT_TRUE(tap->wait_state(topic("bridge/state"), "online", kLong)) << gateway->log();
  }
  Json ask(const std::string& verb, const std::string& payload) {
    return command(topic("bridge/request/" + verb), payload);
  }
  std::string state(const std::string& id) {
    const auto payload = tap->last(topic("bridge/simulation/" + id));
    return payload ? Json::parse(*payload, nullptr, false).value("state", "") : "";
  }
  bool wait_done(const std::string& id) {
    return eventually([&] { return state(id) == "done"; }, kLong);
  }
  static std::string job(const std::string& id) {
    return fmt::format(
        R"({{"id":"{}","model":"spm","current_a":5,"hours":1,"step_s":1,"soc":0.9}})", id);
  }
};

TEST_F(SimulationOverMqtt, TheRowsOfAJobAreThoseOfTheModel) {
  start_with();
  const Json answer = ask("simulate", job("a"));
  ASSERT_EQ(answer.value("status", ""), "ok") << answer;
  ASSERT_TRUE(wait_done("a")) << gateway->log();
  const auto parsed =
      app::parse_request(job("a"), app::request_sources({}, B2M_SOURCE_DIR "/config/x.toml"), {});
  ASSERT_TRUE(parsed.request) << parsed.error.text;
  const auto expected = sim::run(parsed.request->input);
  ASSERT_TRUE(expected);

  std::vector<double> values;
  for (int part = 1, parts = 1; part <= parts; ++part) {
    const Json data = ask("simulate_fetch", fmt::format(R"({{"id":"a","part":{}}})", part))["data"];
    ASSERT_TRUE(data.contains("rows")) << data;
    parts = data["parts"];
    for (const Json& row : data["rows"])
      for (const Json& value : row)
        values.push_back(value.is_null() ? std::nan("") : value.get<double>());
  }

  ASSERT_EQ(values.size(), expected->table.values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_NEAR(values[i], expected->table.values[i], 1e-8 * std::abs(values[i]) + 1e-12) << i;
}

TEST_F(SimulationOverMqtt, AKilledGatewayLosesNoJob) {
  start_with("workers = 1\n");
  constexpr int kJobs = 30;
  for (int i = 0; i < kJobs; ++i)
    ASSERT_EQ(ask("simulate", job(fmt::format("job{}", i))).value("status", ""), "ok");

  gateway->signal(SIGKILL);
  gateway->wait();
  start_gateway();

  for (int i = 0; i < kJobs; ++i) EXPECT_TRUE(wait_done(fmt::format("job{}", i))) << i;
  EXPECT_EQ(ask("simulate_list", "{}")["data"]["total"], kJobs);
}

TEST_F(SimulationOverMqtt, AWrongRequestIsAnsweredWithTheFieldAtFault) {
  start_with();

  const Json answer = ask("simulate", R"({"simulationType":"cell","time":"long"})");

  EXPECT_EQ(answer["status"], "error");
  EXPECT_EQ(answer["data"]["field"], "time");
}

TEST_F(SimulationOverMqtt, ManyJobsAreCountedInHealth) {
  start_with();
  for (int i = 0; i < 300; ++i)
    ASSERT_EQ(ask("simulate", job(fmt::format("job{}", i))).value("status", ""), "ok");

  const Json health = wait_health([](const Json& h) { return h["simulation"]["stored"] == 300; });

  ASSERT_FALSE(health.is_null());
  RecordProperty("loop_lag_ms", health["loop_lag_ms"]["max"].dump());
  EXPECT_EQ(health["simulation"]["failed"], 0);
}

}  // namespace
}  // namespace b2m::test

// SPDX-License-Identifier: MIT
// A broker that is not there, goes away, forgets everything or refuses the login; and two gateways
// that claim to be the same one.
#include <csignal>
#include <fstream>
#include <iostream>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "tests/support/gateway_rig.hpp"

namespace b2m::test {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

class GatewayBroker : public GatewayRig {
 protected:
  /// Topics that held something retained, the gateway's own and Home Assistant's.
  std::set<std::string> retained_topics() const {
    std::set<std::string> topics;
    for (const TapMessage& m : tap->all())
      if (m.retained && !m.payload.empty()) topics.insert(m.topic);
    return topics;
  }
  /// What of these has not been heard yet.
  std::vector<std::string> missing(const std::set<std::string>& topics) const {
    std::set<std::string> left = topics;
    for (const TapMessage& m : tap->all()) left.erase(m.topic);
    return {left.begin(), left.end()};
  }
};

TEST_F(GatewayBroker, ABrokerThatComesLaterGetsEverything) {
  start_broker();
  broker->kill();
  start_world();
  start_gateway();
  ASSERT_TRUE(gateway->wait_for_log("trying again")) << gateway->log();
  ASSERT_TRUE(gateway->wait_for_log("bench is connected")) << "the hardware does not wait for it";

  broker->start();
  start_tap();

  EXPECT_TRUE(wait_for_packs()) << gateway->log();
  EXPECT_TRUE(tap->wait_state(topic("bridge/state"), "online"));
  EXPECT_EQ(command(topic("pack1/charging/set"), "ON").value("status", ""), "ok");
}

TEST_F(GatewayBroker, AKilledBrokerThatHasForgottenAllGetsAllBackInTime) {
  start_all();
  ASSERT_TRUE(charging_is(1, "OFF"));
  ASSERT_TRUE(tap->wait([&](const TapMessage& m) { return m.topic == topic("pack2"); }));
  const std::set<std::string> topics = retained_topics();
  ASSERT_GT(topics.size(), 60U);
  tap.reset();
  broker->kill();
  ASSERT_TRUE(gateway->wait_for_log("offline:")) << gateway->log();

  broker->start();
  const auto up = SteadyClock::now();
  start_tap();

  EXPECT_TRUE(eventually([&] { return missing(topics).empty(); }))
      << fmt::format("{}", fmt::join(missing(topics), " "));
  EXPECT_TRUE(wait_for_packs()) << gateway->log();
  EXPECT_EQ(command(topic("pack1/charging/set"), "ON").value("status", ""), "ok");
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - up);
  std::cout << "all " << topics.size() << " topics and the commands are back after " << took.count()
            << " ms\n";
  RecordProperty("back_after_ms", static_cast<int>(took.count()));
  EXPECT_LE(took, 10s);
}

TEST_F(GatewayBroker, AFrozenBrokerCostsNoMemoryAndNoValue) {
  file.mqtt_lines = "keep_alive_s = 2\nmin_interval_s = 0\n";
  start_all();
  const std::size_t before_kib = gateway->resident_kib();

  broker->freeze();
  EXPECT_TRUE(gateway->wait_for_log("offline:", 15s)) << gateway->log();
  broker->thaw();

  const std::size_t from = tap->mark();
  EXPECT_TRUE(
      tap->wait([&](const TapMessage& m) { return m.topic == topic("pack1/availability"); }, from));
  EXPECT_TRUE(tap->wait_state(topic("bridge/state"), "online"));
  EXPECT_LT(gateway->resident_kib(), before_kib + 8 * 1024);
}

TEST_F(GatewayBroker, AWrongPasswordIsExplainedWithoutBeingShownAndTriedEverMoreSlowly) {
  BrokerSettings settings;
  settings.username = "b2m";
  settings.password = "right-one";
  start_broker(settings);
  start_world();
  start_tap();
  file.mqtt_lines = "username = \"b2m\"\npassword = \"wrong-secret-7731\"\n";
  start_gateway();

  ASSERT_TRUE(gateway->wait_for_log("trying again")) << gateway->log();

  EXPECT_TRUE(gateway->wait_for_log("password")) << "the hint says what to look at";
  EXPECT_EQ(gateway->count_in_log("wrong-secret-7731"), 0U);
  EXPECT_FALSE(tap->last(topic("bridge/state")));
  const Ran dump = run_program({"dump", "-c", folder / "battery2mqtt.toml"});
  EXPECT_EQ(dump.status, 0) << dump.log;
  const Json json = Json::parse(dump.output, nullptr, false);
  EXPECT_EQ(json["health"]["mqtt"]["online"], false);
  EXPECT_LE(json["health"]["mqtt"]["failed_connects"], 3);
  EXPECT_EQ(stop_gateway(), 0);

  file.mqtt_lines = "username = \"b2m\"\npassword = \"right-one\"\n";
  start_gateway();
  EXPECT_TRUE(wait_for_packs()) << gateway->log();
}

TEST_F(GatewayBroker, SamplesOfAnOutageArriveAsHistoryWithTheirTimes) {
  start_all();
  tap.reset();
  broker->stop();
  ASSERT_TRUE(gateway->wait_for_log("offline:"));
  peers->fault("kind=cell_voltage pack=1 cell=4 value=13.21 for_s=2");
  peers->fault("kind=cell_voltage pack=2 cell=1 value=11.09");
  const auto dumped = [&](std::string_view key) {
    const Ran dump = run_program({"dump", "-c", folder / "battery2mqtt.toml"});
    return Json::parse(dump.output, nullptr, false)["devices"]["pack1"][std::string(key)]["value"];
  };
  ASSERT_TRUE(eventually([&] { return dumped("cell_04_voltage") == "13.21"; }));
  ASSERT_TRUE(eventually([&] { return dumped("cell_04_voltage") != "13.21"; }));

  broker->start();
  start_tap();

  const auto heard = tap->wait([&](const TapMessage& m) {
    return m.topic == topic("pack1/history") &&
           m.payload.find(R"("cell_04_voltage","value":13.21})") != std::string::npos;
  });
  ASSERT_TRUE(heard) << gateway->log();
  EXPECT_FALSE(heard->retained);
  bool is_there = false;
  const Json history = Json::parse(heard->payload);
  for (const Json& sample : history["samples"])
    is_there |= sample["key"] == "cell_04_voltage" && sample["value"] == 13.21 &&
                sample["time"].get<std::string>().starts_with("20");
  EXPECT_TRUE(is_there) << heard->payload;
  EXPECT_TRUE(tap->wait([&](const TapMessage& m) {
    return m.topic == topic("pack2/history") && m.payload.find("11.09") != std::string::npos;
  }));
  EXPECT_TRUE(eventually([&] { return tap->last(topic("pack1/cell_04_voltage")) != "13.21"; }))
      << "the newest value, not the one of then";
}

TEST_F(GatewayBroker, AnAlarmDuringAnOutageIsToldAfterwards) {
  start_all();
  tap.reset();
  broker->stop();
  ASSERT_TRUE(gateway->wait_for_log("offline:"));
  peers->fault("kind=cell_voltage pack=1 cell=2 value=14.6");
  ASSERT_TRUE(gateway->wait_for_log("Cell voltage high raised", 15s)) << gateway->log();

  broker->start();
  start_tap();

  EXPECT_TRUE(tap->wait_event(file.id, {"alarm_raised", "alarm_cell_voltage_high", "Cell 2"}))
      << gateway->log();
  EXPECT_TRUE(tap->wait_state(topic("pack1/alarm_cell_voltage_high"), "ON"));
}

TEST_F(GatewayBroker, TwoGatewaysWithOneIdAreToldSoAndDoNotFightWithoutEnd) {
  start_all();
  GatewayFile other = file;
  other.url = broker->url();
  other.state_dir = folder / "other";
  other.interface = "slcan:" + (folder / "nothing");
  std::ofstream(folder / "other.toml") << other.text();
  GatewayProcess second({"run", "-c", folder / "other.toml"});

  const std::string rival = "takes the connection over";
  EXPECT_TRUE(eventually([&] {
    return gateway->count_in_log(rival) > 0 && second.count_in_log(rival) > 0;
  })) << gateway->log()
      << second.log();
  EXPECT_GT(gateway->count_in_log("own gateway.id"), 0U) << gateway->log();
  const auto connects = [&] {
    return gateway->count_in_log("connected to mqtt") + second.count_in_log("connected to mqtt");
  };
  // The pauses are 1, 2, 4 ... s on each side: a dozen connections take more than 10 s.
  EXPECT_FALSE(eventually([&] { return connects() >= 12; }, 8s));
}

}  // namespace
}  // namespace b2m::test

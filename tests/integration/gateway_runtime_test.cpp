// SPDX-License-Identifier: MIT
// What can be changed while the program runs: the log level, and a restart in place.
#include <fstream>

#include <nlohmann/json.hpp>

#include "tests/support/gateway_rig.hpp"

namespace b2m::test {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

class GatewayRuntime : public GatewayRig {
 protected:
  std::string started() { return json_at(topic("bridge/info"))["started"]; }
};

TEST_F(GatewayRuntime, TheLogLevelIsSetByItsEntity) {
  start_all();
  ASSERT_TRUE(tap->wait_state(topic("bridge/log_level"), "info"));
  const Json config = json_at("homeassistant/device/battery2mqtt_bridge/config");
  ASSERT_EQ(config["cmps"]["log_level"].value("p", ""), "select");

  EXPECT_EQ(command(config["cmps"]["log_level"]["cmd_t"], "debug").value("status", ""), "ok");
  EXPECT_TRUE(tap->wait_state(topic("bridge/log_level"), "debug"));

  EXPECT_EQ(command(topic("bridge/log_level/set"), "loud").value("status", ""), "error");
  EXPECT_EQ(tap->last(topic("bridge/log_level")), "debug");
}

TEST_F(GatewayRuntime, TheLogLevelIsSetByARequestAndDecidesWhatIsTold) {
  start_all();
  const Json answer = command(topic("bridge/request/log_level"), R"({"value":"error"})");
  EXPECT_EQ(answer["status"], "ok");
  EXPECT_EQ(answer["data"]["value"], "error");
  EXPECT_TRUE(tap->wait_state(topic("bridge/log_level"), "error"));
  const std::size_t from = tap->mark();

  EXPECT_EQ(command(topic("pack1/charging/set"), "nonsense").value("status", ""), "error");
  ASSERT_TRUE(tap->wait_event(file.id, {"command_failed"}, from));
  EXPECT_TRUE(tap->payloads(topic("bridge/logging"), from).empty()) << "that is only a warning";

  command(topic("bridge/request/log_level"), R"({"value":"info"})");
  // Refusals that follow each other closely share one line.
  ASSERT_TRUE(eventually([&] {
    command(topic("pack1/charging/set"), "nonsense again");
    return !tap->payloads(topic("bridge/logging"), from).empty();
  }));
  const auto line =
      tap->wait([&](const TapMessage& m) { return m.topic == topic("bridge/logging"); }, from);
  ASSERT_TRUE(line);
  EXPECT_FALSE(line->retained);
  EXPECT_TRUE(Json::parse(line->payload)["message"].is_string());
}

TEST_F(GatewayRuntime, ARestartKeepsTheProcessAndChangesTheTimeOfTheStart) {
  start_all();
  const std::string before = started();
  // `started` has a resolution of one second.
  ASSERT_TRUE(wait_health([](const Json& h) { return h["uptime_s"] >= 2; }).is_object());
  const std::size_t from = tap->mark();

  const Json answer = command(topic("bridge/request/restart"), "");

  EXPECT_EQ(answer.value("status", ""), "ok");
  EXPECT_TRUE(tap->wait(
      [&](const TapMessage& m) {
        return m.topic == topic("bridge/info") && Json::parse(m.payload)["started"] != before;
      },
      from))
      << gateway->log();
  EXPECT_TRUE(tap->wait_state(topic("bridge/state"), "online"));
  EXPECT_TRUE(wait_for_packs()) << gateway->log();
  EXPECT_FALSE(gateway->wait(1ms)) << "it is still the same process";
  EXPECT_EQ(command(topic("pack1/charging/set"), "ON").value("status", ""), "ok");
  EXPECT_EQ(stop_gateway(), 0);
}

TEST_F(GatewayRuntime, TheRestartButtonSwitchesChargingOffFirst) {
  start_all();
  ASSERT_TRUE(charging_is(1, "OFF"));
  tap->publish(topic("pack1/charging/set"), "ON");
  ASSERT_TRUE(charging_is(1, "ON"));

  tap->publish(topic("bridge/restart/set"), "PRESS");

  EXPECT_TRUE(peers->wait_for("bms part=1 charging=off cause=command")) << gateway->log();
  EXPECT_TRUE(tap->wait_state(topic("pack1/availability"), "offline"));
  EXPECT_TRUE(tap->wait_state(topic("pack1/availability"), "online")) << gateway->log();
  EXPECT_TRUE(charging_is(1, "OFF"));
}

TEST_F(GatewayRuntime, ARestartIsRefusedWhileTheConfigurationIsWrong) {
  start_all();
  const std::string before = started();
  std::ofstream(folder / "battery2mqtt.toml", std::ios::app) << "\n[control]\nalow = []\n";

  const Json restart = command(topic("bridge/request/restart"), "");
  const Json check = command(topic("bridge/request/config_check"), "");

  EXPECT_EQ(restart.value("status", ""), "error");
  EXPECT_NE(restart.dump().find("not restarted"), std::string::npos) << restart;
  EXPECT_NE(restart.dump().find("battery2mqtt.toml:"), std::string::npos) << restart;
  EXPECT_EQ(check.value("status", ""), "error");
  EXPECT_EQ(started(), before);
  EXPECT_EQ(command(topic("pack1/charging/set"), "OFF").value("status", ""), "ok");
}

TEST_F(GatewayRuntime, RediscoverPublishesDiscoveryAgain) {
  start_all();
  const std::size_t from = tap->mark();

  EXPECT_EQ(command(topic("bridge/request/rediscover"), "").value("status", ""), "ok");

  for (const char* slug : {"bridge", "pack1", "pack2"}) {
    const std::string at = std::string("homeassistant/device/battery2mqtt_") + slug + "/config";
    EXPECT_TRUE(tap->wait([&](const TapMessage& m) { return m.topic == at; }, from)) << at;
  }
}

TEST_F(GatewayRuntime, AnotherIdIsAnotherBaseTopicPrefixAndClient) {
  file.id = "garage-2";
  start_all();

  const Json config = json_at("homeassistant/device/garage-2_pack1/config");

  EXPECT_EQ(config["dev"]["ids"][0], "garage-2_pack1");
  EXPECT_EQ(config["cmps"]["voltage"]["uniq_id"], "garage-2_pack1_voltage");
  EXPECT_EQ(config["cmps"]["voltage"]["stat_t"], "garage-2/pack1/voltage");
  for (const TapMessage& m : tap->all()) EXPECT_FALSE(m.topic.starts_with("battery2mqtt"));
}

}  // namespace
}  // namespace b2m::test

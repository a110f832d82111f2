// SPDX-License-Identifier: MIT
// Home Assistant comes, goes, deletes and restarts, and the configuration changes meanwhile: in the
// end it shows what there is, and nothing else. Home Assistant is the model of
// support/ha_model.hpp.
#include <nlohmann/json.hpp>

#include "tests/support/gateway_rig.hpp"
#include "tests/support/ha_model.hpp"

namespace b2m::test {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

const std::string kConfig1 = "homeassistant/device/battery2mqtt_pack1/config";
const std::string kConfig2 = "homeassistant/device/battery2mqtt_pack2/config";
const std::string kBridgeConfig = "homeassistant/device/battery2mqtt_bridge/config";
const EntityId kSwitch{"switch", "battery2mqtt_pack1_charging"};
const EntityId kReadOnly{"binary_sensor", "battery2mqtt_pack1_charging"};

class GatewayDiscovery : public GatewayRig {
 protected:
  void start_ha() {
    ha.start();
    // The broker sends what is retained first; then Home Assistant says that it is there.
    std::map<std::string, TapMessage> retained;
    for (const TapMessage& m : tap->all()) retained[m.topic] = m;
    heard_ = tap->mark();
    for (const auto& [at, m] : retained)
      if (m.topic.ends_with("/config") && !m.payload.empty())
        ha.on_config(at, m.payload, std::chrono::steady_clock::now());
    tap->publish("homeassistant/status", "online");
  }
  void stop_ha() {
    follow();
    ha.stop();
    tap->publish("homeassistant/status", "offline");
  }
  /// Hands the model what came since.
  void follow() {
    for (const TapMessage& m : tap->all(heard_)) {
      ++heard_;
      if (m.topic.starts_with("homeassistant/device/") && m.topic.ends_with("/config"))
        ha.on_config(m.topic, m.payload, m.time);
    }
  }
  bool ha_shows(const std::function<bool()>& test, std::chrono::milliseconds limit = 25s) {
    return eventually(
        [&] {
          follow();
          return test();
        },
        limit);
  }
  [[nodiscard]] bool knows_device(const std::string& slug) const {
    return std::ranges::any_of(ha.registry(), [&](const EntityId& id) {
      return id.second.starts_with("battery2mqtt_" + slug + "_");
    });
  }
  bool again(const std::string& at, std::size_t from, std::chrono::milliseconds limit = 15s) {
    return tap
        ->wait([&](const TapMessage& m) { return m.topic == at && !m.payload.empty(); }, from,
               limit)
        .has_value();
  }
  void restart_gateway() {
    ASSERT_EQ(stop_gateway(), 0) << gateway->log();
    start_gateway();
    ASSERT_TRUE(tap->wait_state(topic("bridge/state"), "online")) << gateway->log();
  }

  HaModel ha;

 private:
  std::size_t heard_ = 0;
};

TEST_F(GatewayDiscovery, ABirthMessageBringsEverythingAgain) {
  start_all();
  const std::size_t from = tap->mark();
  const auto born = std::chrono::steady_clock::now();

  tap->publish("homeassistant/status", "online");

  for (const std::string& at :
       {kBridgeConfig, kConfig1, kConfig2, topic("pack1/availability"), topic("pack2/availability"),
        topic("pack1/cell_06_temperature"), topic("pack2/charging"), topic("bridge/version")})
    EXPECT_TRUE(again(at, from)) << at;
  const auto first = tap->wait([&](const TapMessage& m) { return m.topic == kConfig1; }, from);
  ASSERT_TRUE(first);
  EXPECT_GE(first->time - born, 900ms) << "spread over the first seconds";
  EXPECT_LE(first->time - born, 10s);
}

TEST_F(GatewayDiscovery, AnEmptiedConfigTopicIsFilledAgainWithAWordAboutIt) {
  start_all();
  const std::string good = tap->last(kConfig1).value_or("");
  const std::size_t from = tap->mark();
  TapPublish retained;
  retained.retain = true;

  for (int i = 0; i < 5; ++i) tap->publish(kConfig1, "", retained);

  EXPECT_TRUE(tap->wait_event(file.id, {"discovery_deleted", "pack1"}, from)) << gateway->log();
  EXPECT_TRUE(tap->wait_state(kConfig1, good));
  EXPECT_EQ(tap->payloads(kConfig1, from).size(), 6U) << "once, not for every deletion";
}

TEST_F(GatewayDiscovery, APackTakenOutOfTheConfigurationGoesFromHomeAssistant) {
  start_tap();
  start_ha();
  start_all();
  ASSERT_TRUE(ha_shows([&] { return knows_device("pack1") && knows_device("pack2"); }));

  file.packs = {1};
  restart_gateway();

  EXPECT_TRUE(ha_shows([&] { return !knows_device("pack2"); })) << gateway->log();
  EXPECT_TRUE(knows_device("pack1"));
  EXPECT_TRUE(ha.ghosts().empty());
  EXPECT_TRUE(tap->wait_state(kConfig2, ""));
  for (const char* key : {"pack2/voltage", "pack2/cell_01_voltage", "pack2/charging",
                          "pack2/availability", "pack2/connected", "pack2"})
    EXPECT_TRUE(tap->wait_state(topic(key), "")) << key << " must not stay behind";
}

TEST_F(GatewayDiscovery, APackTakenOutWhileHomeAssistantWasDownGoesAtItsNextStart) {
  start_tap();
  start_ha();
  start_all();
  ASSERT_TRUE(ha_shows([&] { return knows_device("pack2"); }));
  stop_ha();

  file.packs = {1};
  restart_gateway();
  ASSERT_TRUE(tap->wait_state(kConfig2, ""));
  ASSERT_TRUE(knows_device("pack2")) << "a ghost, until it is taken back";
  start_ha();

  EXPECT_TRUE(ha_shows([&] { return !knows_device("pack2") && knows_device("pack1"); }))
      << gateway->log();
  EXPECT_TRUE(ha_shows([&] { return ha.ghosts().empty(); }));
  EXPECT_TRUE(tap->wait_state(kConfig2, ""));
  EXPECT_EQ(ha.errors(), 0);
}

TEST_F(GatewayDiscovery, ARemovalThatWaitsForHomeAssistantSurvivesAnotherRestart) {
  start_tap();
  start_ha();
  start_all();
  ASSERT_TRUE(ha_shows([&] { return knows_device("pack2"); }));
  stop_ha();

  file.packs = {1};
  restart_gateway();
  ASSERT_TRUE(tap->wait_state(kConfig2, ""));
  restart_gateway();
  start_ha();

  EXPECT_TRUE(ha_shows([&] { return !knows_device("pack2") && knows_device("pack1"); }))
      << gateway->log();
}

TEST_F(GatewayDiscovery, TakingBackAPermissionChangesThePlatformThroughARemoval) {
  start_tap();
  start_ha();
  start_all();
  ASSERT_TRUE(ha_shows([&] { return ha.registry().contains(kSwitch); }));
  const std::size_t from = tap->mark();

  file.allow = "";
  restart_gateway();

  EXPECT_TRUE(ha_shows([&] {
    return !ha.registry().contains(kSwitch) && ha.registry().contains(kReadOnly);
  })) << gateway->log();
  EXPECT_TRUE(ha.ghosts().empty());
  EXPECT_TRUE(tap->wait(
      [&](const TapMessage& m) {
        const Json json = Json::parse(m.payload, nullptr, false);
        return m.topic == kConfig1 && json.is_object() &&
               json["cmps"].value("charging", Json()) == Json{{"p", "switch"}};
      },
      from));
}

TEST_F(GatewayDiscovery, GivingAPermissionWhileHomeAssistantIsDownEndsInASwitch) {
  file.allow = "";
  start_tap();
  start_ha();
  start_all();
  ASSERT_TRUE(ha_shows([&] { return ha.registry().contains(kReadOnly); }));
  stop_ha();

  file.allow = "\"charging\"";
  restart_gateway();
  ASSERT_TRUE(eventually(
      [&] { return tap->last(kConfig1).value_or("").find("\"switch\"") != std::string::npos; }));
  start_ha();

  EXPECT_TRUE(ha_shows([&] {
    return ha.registry().contains(kSwitch) && !ha.registry().contains(kReadOnly);
  })) << gateway->log();
}

TEST_F(GatewayDiscovery, SwitchedOffNothingIsAnnouncedAndWhatWasIsTakenBack) {
  start_all();
  ASSERT_TRUE(tap->wait_state(topic("pack1/availability"), "online"));

  file.more = "[homeassistant]\nenabled = false\n";
  restart_gateway();

  EXPECT_TRUE(tap->wait_state(kConfig1, ""));
  EXPECT_TRUE(tap->wait_state(kBridgeConfig, ""));
  EXPECT_TRUE(tap->wait_state(topic("pack1/availability"), "online")) << gateway->log();
}

}  // namespace
}  // namespace b2m::test

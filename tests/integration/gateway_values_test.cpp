// SPDX-License-Identifier: MIT
// Two packs on one bus, all the way to the topics: values, availability, discovery and what the
// gateway says of itself.
#include <regex>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/support/gateway_rig.hpp"

namespace b2m::test {
namespace {

using Json = nlohmann::json;

class GatewayValues : public GatewayRig {
 protected:
  /// What `bridge/devices` says about one entity, by topic.
  std::map<std::string, Json> entities() {
    std::map<std::string, Json> all;
    for (const Json& device : json_at(topic("bridge/devices")))
      for (const Json& entity : device["entities"])
        if (entity.contains("topic")) all[entity["topic"]] = entity;
    return all;
  }
};

/// The form that a good value of an entity has.
std::regex form_of(const Json& entity) {
  const std::string type = entity["type"];
  const int decimals = entity.value("decimals", 0);
  if (type == "numeric")
    return std::regex(decimals == 0 ? "-?[0-9]+" : fmt::format("-?[0-9]+\\.[0-9]{{{}}}", decimals));
  if (type == "binary")
    return std::regex(
        fmt::format("{}|{}", entity.value("value_on", "ON"), entity.value("value_off", "OFF")));
  if (type == "enum") {
    std::string all;
    for (const std::string word : entity["values"]) all += (all.empty() ? "" : "|") + word;
    return std::regex(all);
  }
  if (type == "timestamp")
    return std::regex("20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}.*");
  return std::regex("[^]+");
}

TEST_F(GatewayValues, EveryValueTopicHoldsAValueOfItsEntitysForm) {
  start_all();

  const auto all = entities();

  for (const auto& each : all) {
    const auto& at = each.first;
    const auto& entity = each.second;
    if (entity["type"] == "event") continue;
    const auto value = tap->wait([&](const TapMessage& m) { return m.topic == at; });
    ASSERT_TRUE(value) << "nothing on " << at;
    for (const TapMessage& m : tap->all())
      if (m.topic == at) {
        EXPECT_TRUE(m.payload == "None" || std::regex_match(m.payload, form_of(entity)))
            << at << ": " << m.payload;
        EXPECT_TRUE(m.retained) << at;
      }
  }
}

TEST_F(GatewayValues, TheKeysThatAreForEverAreThere) {
  start_all();

  const auto all = entities();

  for (const std::string pack : {"pack1", "pack2"}) {
    for (const char* key :
         {"voltage", "cell_01_voltage", "cell_06_voltage", "cell_01_temperature",
          "cell_06_temperature", "cell_voltage_min", "cell_voltage_max", "cell_voltage_mean",
          "cell_voltage_spread", "worst_cell", "temperature_min", "temperature_max", "charging",
          "problem", "alarm_data_missing", "connected", "last_event"})
      EXPECT_TRUE(all.contains(topic(pack + "/" + key))) << pack << " " << key;
    EXPECT_FALSE(all.contains(topic(pack + "/cell_07_voltage")));
  }
}

TEST_F(GatewayValues, AValueOnTheBusIsTheTextOnItsTopic) {
  start_all();

  peers->fault("kind=cell_voltage pack=1 cell=3 value=12.75");
  peers->fault("kind=cell_temperature pack=2 cell=6 value=-5");

  EXPECT_TRUE(tap->wait_state(topic("pack1/cell_03_voltage"), "12.75"));
  EXPECT_TRUE(tap->wait_state(topic("pack2/cell_06_temperature"), "-5.00"));
  EXPECT_TRUE(tap->wait_state(topic("pack2/temperature_min"), "-5.0"));
}

TEST_F(GatewayValues, TheSummaryHoldsNumbersAndTheTimeOfItsNewestValue) {
  start_all();
  peers->fault("kind=cell_voltage pack=1 cell=3 value=12.75");

  const auto heard = tap->wait([&](const TapMessage& m) {
    return m.topic == topic("pack1") && m.retained &&
           Json::parse(m.payload).value("cell_03_voltage", Json()) == 12.75;
  });

  ASSERT_TRUE(heard) << tap->last(topic("pack1")).value_or("nothing");
  const Json summary = Json::parse(heard->payload);
  EXPECT_TRUE(summary["charging"].is_boolean());
  EXPECT_TRUE(summary["sampled_at"].is_string());
  for (const auto& [key, value] : summary.items()) EXPECT_FALSE(value.is_structured()) << key;
}

TEST_F(GatewayValues, TheBridgeSaysWhatItIsAndHowItIs) {
  start_all();

  const Json info = json_at(topic("bridge/info"));
  const Json health = wait_health([](const Json& h) { return !h["adapters"].empty(); });
  const Json devices = json_at(topic("bridge/devices"));

  EXPECT_EQ(tap->last(topic("bridge/state")), "online");
  EXPECT_TRUE(info["version"].is_string());
  EXPECT_TRUE(info["started"].is_string());
  EXPECT_EQ(info["adapters"][0]["id"], "bench");
  EXPECT_EQ(info["config"]["gateway"]["id"], "battery2mqtt");
  ASSERT_TRUE(health.is_object());
  EXPECT_GT(health["memory_kib"], 1000);
  EXPECT_EQ(health["adapters"][0]["up"], true);
  EXPECT_GT(health["adapters"][0]["counters"]["frames"], 0);
  EXPECT_EQ(health["adapters"][0]["counters"]["wrong_length"], 0);
  EXPECT_EQ(health["mqtt"]["protocol"], "5");
  EXPECT_EQ(health["mqtt"]["queues"]["event"]["dropped"], 0);
  std::set<std::string> slugs;
  for (const Json& device : devices) slugs.insert(device["id"]);
  EXPECT_EQ(slugs, (std::set<std::string>{"bridge", "pack1", "pack2"}));
}

TEST_F(GatewayValues, AvailabilityAndValuesGoOutBeforeDiscovery) {
  start_all();

  const auto place = [&](const std::string& at) {
    const auto all = tap->all();
    return std::ranges::find(all, at, &TapMessage::topic) - all.begin();
  };

  const auto config = place("homeassistant/device/battery2mqtt_pack1/config");
  EXPECT_LT(place(topic("pack1/availability")), config);
  EXPECT_LT(place(topic("pack1/cell_01_voltage")), config);
  EXPECT_LT(place("homeassistant/device/battery2mqtt_bridge/config"), config);
}

TEST_F(GatewayValues, HomeAssistantCanUseEverythingThatWasEverSaid) {
  start_all();
  peers->fault("kind=cell_voltage pack=1 cell=3 value=14.6");
  ASSERT_TRUE(tap->wait_state(topic("pack1/alarm_cell_voltage_high"), "ON"));
  peers->clear_faults();
  ASSERT_TRUE(tap->wait_state(topic("pack1/problem"), "OFF"));
  tap->publish(topic("pack2/charging/set"), "ON");
  ASSERT_TRUE(charging_is(2, "ON"));

  const Ran checked = run_other({"python3", B2M_SOURCE_DIR "/tests/support/ha_check.py", "--topics",
                                 tap->write_capture(folder / "capture")});

  EXPECT_EQ(checked.status, 0) << checked.output << checked.log;
}

}  // namespace
}  // namespace b2m::test

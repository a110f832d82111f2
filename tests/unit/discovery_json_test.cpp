// SPDX-License-Identifier: MIT
// bridge/devices, the summary of a device, events and the reference of entities.
#include <algorithm>
#include <chrono>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "discovery/entities.hpp"
#include "discovery/exposes.hpp"
#include "discovery/state_json.hpp"
#include "gateway/model/event_types.hpp"
#include "tests/support/discovery_sites.hpp"

namespace b2m::discovery {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

const Topics kTopics("bat", "homeassistant", "home");
const WallTime kWall{std::chrono::seconds{1795251847}};  // 2026-11-21T09:04:07Z
const SteadyTime kNow = SteadyTime{} + 1h;

class Summary : public testing::Test {
 protected:
  test::DiscoverySite site;
  std::vector<Reading> readings{site->readings()};
  std::vector<std::string> texts{site->readings()};

  void set(std::string_view key, double value, SteadyDuration age = {}) {
    readings[site->find("pack1", key)->slot] = {value, kNow - age, Quality::good};
  }
  json summary() {
    return json::parse(summary_json({*site, readings, texts, kNow}, *site->find("pack1"), kWall));
  }
};

TEST_F(Summary, HoldsNumbersAndNullForTheUnknown) {
  set("cell_01_voltage", 12.75);
  set("charging", 1);
  set("cell_01_temperature", std::numeric_limits<double>::quiet_NaN());

  const json s = summary();

  EXPECT_EQ(s["cell_01_voltage"], 12.75);
  EXPECT_EQ(s["charging"], true);
  EXPECT_TRUE(s["cell_02_voltage"].is_null());
  EXPECT_TRUE(s["cell_01_temperature"].is_null());
  EXPECT_FALSE(s.contains("last_event"));
}

TEST_F(Summary, SaysWhenItsNewestValueWasSampled) {
  EXPECT_TRUE(summary()["sampled_at"].is_null());

  set("cell_01_voltage", 12.75, 7s);
  set("cell_02_voltage", 12.75, 60s);

  EXPECT_EQ(summary()["sampled_at"], "2026-11-21T09:04:00+00:00");
}

TEST(Events, SurviveAnyText) {
  const std::string text =
      event_json({"bms_error", "pack1", "bms_error", Severity::error, "\"\x01\xFF\n", kWall});

  const json event = json::parse(text);

  EXPECT_EQ(event["event_type"], "bms_error");
  EXPECT_EQ(event["severity"], "error");
  EXPECT_EQ(event["message"], "\"\x01?\n");
  EXPECT_EQ(event["time"], "2026-11-21T09:04:07+00:00");
  EXPECT_TRUE(is_event_type("alarm_raised"));
  EXPECT_FALSE(is_event_type("alarm_raise"));
}

TEST(Exposes, TellEverythingAboutEveryDevice) {
  const test::DiscoverySite site(test::Packs{{.cells = 4, .modules = 2}});

  const json devices = json::parse(devices_json(*site, kTopics));

  ASSERT_EQ(devices.size(), site->devices().size());
  EXPECT_EQ(devices[1]["id"], "pack1");
  EXPECT_EQ(devices[2]["parent"], "pack1");
  EXPECT_EQ(devices[1]["set_topic"], "bat/pack1/set");
  const json& entities = devices[1]["entities"];
  const auto charging =
      std::ranges::find_if(entities, [](const json& e) { return e["key"] == "charging"; });
  ASSERT_NE(charging, entities.end());
  EXPECT_EQ((*charging)["access"], 3);
  EXPECT_EQ((*charging)["set_topic"], "bat/pack1/charging/set");
  EXPECT_EQ((*charging)["value_on"], "ON");
  const json& cell = devices[2]["entities"][1];
  EXPECT_EQ(cell["key"], "cell_01_voltage");
  EXPECT_EQ(cell["type"], "numeric");
  EXPECT_EQ(cell["unit"], "V");
  EXPECT_EQ(cell["access"], 1);
  EXPECT_EQ(cell["value_max"], 60);
}

TEST(Entities, DescribeEveryRow) {
  const std::string text = entities_markdown();

  for (const PointRow& row : kPoints)
    EXPECT_NE(text.find("| `" + std::string(row.key) + "` |"), std::string::npos) << row.key;
}

}  // namespace
}  // namespace b2m::discovery

// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "discovery/topics.hpp"
#include "tests/support/discovery_sites.hpp"

namespace b2m::discovery {
namespace {

const Topics kTopics("bat", "homeassistant", "home");

TEST(Topics, NamesThoseOfADevice) {
  const test::DiscoverySite site;
  const Device& pack = *site->find("pack1");

  EXPECT_EQ(kTopics.value(pack, *site->find("pack1", "cell_03_voltage")),
            "bat/pack1/cell_03_voltage");
  EXPECT_EQ(kTopics.set(pack, *site->find("pack1", "charging")), "bat/pack1/charging/set");
  EXPECT_EQ(kTopics.availability("pack1"), "bat/pack1/availability");
  EXPECT_EQ(kTopics.summary("pack1"), "bat/pack1");
  EXPECT_EQ(kTopics.device_set("pack1"), "bat/pack1/set");
  EXPECT_EQ(kTopics.history("pack1"), "bat/pack1/history");
  EXPECT_EQ(kTopics.config("pack1"), "homeassistant/device/home_pack1/config");
}

TEST(Topics, ShowsTheConnectionOnTheTopicOfTheWill) {
  const test::DiscoverySite site;
  const Device& bridge = site->device(kBridge);

  EXPECT_EQ(kTopics.value(bridge, *site->find("bridge", "connection")), "bat/bridge/state");
  EXPECT_EQ(kTopics.value(bridge, *site->find("bridge", "version")), "bat/bridge/version");
  EXPECT_EQ(kTopics.availability("bridge"), "bat/bridge/state");
}

struct Case {
  std::string_view topic;
  Verb verb;
  std::string_view device, key;
};

TEST(Topics, ReadsWhatATopicAddresses) {
  constexpr Case kCases[] = {
      {"bat/pack1/charging/set", Verb::set, "pack1", "charging"},
      {"bat/bridge/log_level/set", Verb::set, "bridge", "log_level"},
      {"bat/pack1/set", Verb::device_set, "pack1", ""},
      {"bat/bridge/request/restart", Verb::request, "bridge", "restart"},
      {"homeassistant/device/home_pack1/config", Verb::config, "pack1", ""},
  };
  for (const Case& c : kCases) {
    const auto address = kTopics.parse(c.topic);

    ASSERT_TRUE(address) << c.topic;
    EXPECT_EQ(address->verb, c.verb) << c.topic;
    EXPECT_EQ(address->device, c.device);
    EXPECT_EQ(address->key, c.key);
  }
}

TEST(Topics, KnowsWhatIsNotItsOwn) {
  for (const std::string_view topic :
       {"", "/", "bat", "bat/", "bat/pack1", "bat/pack1/charging", "bat//set", "bat/pack1//set",
        "bat/pack1/charging/set/", "bat/a/b/c/set", "bats/pack1/set", "other/pack1/set",
        "bat/bridge/request", "homeassistant/device/home_/config",
        "homeassistant/device/home_a/b/config", "homeassistant/device/garage_pack1/config",
        "homeassistant/sensor/home_pack1/config", "homeassistant/device/home_pack1"})
    EXPECT_FALSE(kTopics.parse(topic)) << topic;
}

}  // namespace
}  // namespace b2m::discovery

// SPDX-License-Identifier: MIT
// What the tests of the announcer begin with: a house (tests/support/ha_model.hpp), sites to be
// announced in it, and what must be true in the end.
#pragma once

#include <cstdint>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "discovery/announcer.hpp"
#include "tests/support/discovery_sites.hpp"
#include "tests/support/ha_model.hpp"

namespace b2m::test {

inline const std::string kPackConfig = "homeassistant/device/home_pack1/config";

inline DiscoverySite one_pack() { return DiscoverySite(); }
inline DiscoverySite two_packs() {
  return DiscoverySite(Packs{{}, {.slug = "pack2", .name = "Pack 2"}});
}
inline DiscoverySite without_alarm() {
  DiscoveryPack pack;
  pack.alarms = {"alarm_data_missing"};
  return DiscoverySite(Packs{pack});
}

/// The parameter is the seed of the house.
class Announcing : public testing::TestWithParam<std::uint32_t> {
 protected:
  static constexpr auto kSettled = std::chrono::seconds(30);
  House house{GetParam()};

  void begin(const DiscoverySite& site, bool with_ha = true) {
    if (with_ha) house.start_ha();
    house.start_gateway(*site);
    house.run(kSettled);
  }
  void restart(const DiscoverySite& site) {
    house.stop_gateway();
    house.start_gateway(*site);
    house.run(kSettled);
  }
  void start_ha() {
    house.start_ha();
    house.run(kSettled);
  }
  void restart_ha() {
    house.stop_ha();
    house.run(std::chrono::seconds(5));
    start_ha();
  }
  /// The gateway starts with this site first, Home Assistant later.
  void restart_before_ha(const DiscoverySite& site) {
    restart(site);
    start_ha();
  }

  void expect_agreement(const DiscoverySite& site) {
    expect_entities(site);
    EXPECT_EQ(house.ha.errors(), 0);
  }
  void expect_entities(const DiscoverySite& site) {
    EXPECT_EQ(house.ha.registry(), wanted_entities(*site));
    EXPECT_TRUE(house.ha.ghosts().empty());
  }
  /// Nothing that belongs to a former configuration is left in the broker.
  void expect_clean_configs(const DiscoverySite& site) {
    for (const auto& [topic, payload] : house.retained) {
      const auto config = nlohmann::json::parse(payload, nullptr, false);
      ASSERT_TRUE(config.is_object()) << topic;
      for (const auto& [id, c] : config["cmps"].items()) EXPECT_GT(c.size(), 1U) << topic << id;
    }
    EXPECT_EQ(house.retained.size(), site->devices().size());
  }
};

}  // namespace b2m::test

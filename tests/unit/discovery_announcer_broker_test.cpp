// SPDX-License-Identifier: MIT
// A broker or a disk that has forgotten, rubbish on our topics, and other gateways.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/announcing.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::Not;

class AnnouncedToABroker : public Announcing {};
INSTANTIATE_TEST_SUITE_P(Seeds, AnnouncedToABroker, testing::Values(1, 2, 3, 4, 5));

TEST_P(AnnouncedToABroker, SendsEverythingAgainToABrokerThatLostItsStore) {
  const auto site = two_packs();
  begin(site);
  const auto before = house.retained;

  house.wipe_broker();
  house.run(100ms);

  EXPECT_EQ(house.retained, before) << "within 2 s of the connection, whatever Home Assistant does";
  house.run(kSettled);
  expect_agreement(site);
}

TEST_P(AnnouncedToABroker, LearnsFromTheBrokerWhatALostDiskHeld) {
  begin(DiscoverySite(Packs{{}, {.slug = "pack2", .name = "Pack 2"}}));
  house.lose_disk();
  const auto site = without_alarm();

  restart(site);
  EXPECT_EQ(house.ha.registry(), wanted_entities(*site));
  restart_ha();

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(AnnouncedToABroker, LearnsFromAnOrderToRemoveWhatALostDiskHeld) {
  begin(one_pack());
  house.stop_ha();
  const auto site = without_alarm();
  restart(site);
  house.lose_disk();

  restart_before_ha(site);

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(AnnouncedToABroker, ChangesThePlatformEvenWithALostDisk) {
  begin(one_pack());
  house.lose_disk();
  const DiscoverySite site(Packs{{}}, {});  // nothing may be switched any more

  restart(site);

  expect_agreement(site);
}

TEST_P(AnnouncedToABroker, LeavesAnotherGatewayAloneWhoseIdStartsWithOurs) {
  const std::string theirs = "homeassistant/device/home_garage_bridge/config";
  house.retained[theirs] =
      R"({"avty":[{"t":"home_garage/bridge/state"}],"cmps":{"x":{"p":"sensor","uniq_id":"y"}}})";
  const auto before = house.retained[theirs];

  begin(one_pack());

  EXPECT_EQ(house.retained[theirs], before);
  EXPECT_THAT(house.log, Not(Contains(theirs)));
}

TEST_P(AnnouncedToABroker, OverwritesRubbishOnItsOwnTopics) {
  const auto site = one_pack();
  for (const std::string& rubbish :
       {std::string("no JSON"), std::string(2'000'000, '['), std::string("\xff\xfe"),
        std::string(R"({"avty":[{"t":"home/bridge/state"}],"cmps":[1,null]})"),
        std::string(R"({"avty":[{"t":"home/bridge/state"}],"cmps":{"a":null,"b":{"p":7}}})"),
        std::string(R"({"avty":7,"cmps":{}})"), std::string(R"({"cmps":{"a":{"p":"sensor"}}})")}) {
    House fresh(GetParam());
    fresh.retained[kPackConfig] = rubbish;
    fresh.start_gateway(*site);
    fresh.run(kSettled);

    fresh.start_ha();
    fresh.run(kSettled);

    EXPECT_EQ(fresh.ha.registry(), wanted_entities(*site)) << rubbish.substr(0, 60);
    EXPECT_TRUE(fresh.ha.ghosts().empty());
  }
}

TEST_P(AnnouncedToABroker, DefendsItsTopicsButNotForEver) {
  const auto site = one_pack();
  begin(site);
  const std::string ours = house.retained[kPackConfig];
  house.log.clear();

  for (int i = 0; i < 600; ++i) {
    if (house.retained[kPackConfig] == ours)
      house.publish(kPackConfig, "{\"n\":" + std::to_string(i) + "}");
    house.run(100ms);
  }

  EXPECT_LE(house.log.size(), 6U) << "two gateways with one id must not fill the network";
  EXPECT_GE(house.log.size(), 5U);
  EXPECT_LE(std::ranges::count(house.events, "discovery_foreign"), 2);
  house.run(120s);
  EXPECT_EQ(house.retained[kPackConfig], ours);
}

}  // namespace
}  // namespace b2m::test

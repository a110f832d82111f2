// SPDX-License-Identifier: MIT
// Every order of restarts must end with Home Assistant showing exactly what is configured.
#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "discovery/announcer.hpp"
#include "tests/support/discovery_sites.hpp"
#include "tests/support/ha_model.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::Each;
using testing::Not;

constexpr auto kSettled = 30s;
const std::string kPackConfig = "homeassistant/device/home_pack1/config";

DiscoverySite two_packs() { return DiscoverySite(Packs{{}, {.slug = "pack2", .name = "Pack 2"}}); }
DiscoverySite one_pack() { return DiscoverySite(); }
DiscoverySite without_alarm() {
  DiscoveryPack pack;
  pack.alarms = {"alarm_data_missing"};
  return DiscoverySite(Packs{pack});
}
DiscoverySite read_only() { return DiscoverySite(Packs{{}}, {}); }

std::vector<PointRow> thing(Platform platform) {
  return {{"thing", Scope::pack, Origin::measured, platform, kind::kSwitch, "Thing", 0,
           Category::none, true,
           platform == Platform::switch_ ? Control::charging : Control::none}};
}

class Announcing : public testing::TestWithParam<std::uint32_t> {
 protected:
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
  void restart_ha() {
    house.stop_ha();
    house.run(5s);
    house.start_ha();
    house.run(kSettled);
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
INSTANTIATE_TEST_SUITE_P(Seeds, Announcing, testing::Values(1, 2, 3, 4, 5));

TEST_P(Announcing, ShowsTheConfiguration) {
  const auto site = two_packs();

  begin(site);

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(Announcing, AnnouncesParentsBeforeTheirChildren) {
  const DiscoverySite site(Packs{{.cells = 4, .modules = 2}});

  begin(site, false);

  EXPECT_EQ(house.log,
            (std::vector<std::string>{"homeassistant/device/home_bridge/config", kPackConfig,
                                      "homeassistant/device/home_pack1_module1/config",
                                      "homeassistant/device/home_pack1_module2/config"}));
}

TEST_P(Announcing, SurvivesAHomeAssistantThatStartsLater) {
  const auto site = two_packs();
  begin(site, false);

  house.start_ha();
  house.run(kSettled);

  expect_agreement(site);
}

TEST_P(Announcing, RemovesAnEntityWhileHomeAssistantRuns) {
  begin(one_pack());
  const auto site = without_alarm();

  restart(site);

  expect_agreement(site);
}

TEST_P(Announcing, RemovesAnEntityWhileHomeAssistantIsDown) {
  begin(one_pack());
  house.stop_ha();
  const auto site = without_alarm();

  restart(site);
  house.start_ha();
  house.run(kSettled);

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(Announcing, KeepsTheOrderToRemoveUntilHomeAssistantHasBeenSeen) {
  begin(one_pack());
  house.stop_ha();

  restart(without_alarm());
  const auto config = nlohmann::json::parse(house.retained[kPackConfig]);

  EXPECT_EQ(config["cmps"]["alarm_cell_voltage_high"], nlohmann::json({{"p", "binary_sensor"}}));
}

TEST_P(Announcing, RemovesADeviceWhileHomeAssistantRuns) {
  begin(two_packs());
  const auto site = one_pack();

  restart(site);

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(Announcing, RemovesADeviceWhileHomeAssistantIsDown) {
  begin(two_packs());
  house.stop_ha();
  const auto site = one_pack();

  restart(site);
  restart(site);  // a second restart must not forget what is still to be done
  house.start_ha();
  house.run(kSettled);

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(Announcing, RemovesAPackWithItsModules) {
  begin(DiscoverySite(Packs{{}, {.slug = "ring", .name = "Ring", .cells = 4, .modules = 2}}));
  house.stop_ha();
  const auto site = one_pack();

  restart(site);
  house.start_ha();
  house.run(kSettled);

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(Announcing, ChangesThePlatformOfAnEntityWhileHomeAssistantRuns) {
  begin(one_pack());
  const auto site = read_only();

  restart(site);

  expect_agreement(site);
}

TEST_P(Announcing, ChangesThePlatformWhileHomeAssistantIsDown) {
  begin(one_pack());
  house.stop_ha();
  const auto site = read_only();

  restart(site);
  house.start_ha();
  house.run(kSettled);

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(Announcing, ChangesThePlatformThereAndBackWhileHomeAssistantIsDown) {
  begin(one_pack());
  house.stop_ha();
  restart(read_only());
  const auto site = one_pack();

  restart(site);
  house.start_ha();
  house.run(kSettled);

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(Announcing, RemovesADeviceWhoseEntityHadChangedItsPlatform) {
  begin(two_packs());
  house.stop_ha();
  restart(DiscoverySite(Packs{{}, {.slug = "pack2", .name = "Pack 2"}}, {}));
  const auto site = one_pack();

  restart(site);
  house.start_ha();
  house.run(kSettled);

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(Announcing, BringsADeviceBackThatWasRemovedWhileHomeAssistantWasDown) {
  const auto site = two_packs();
  begin(site);
  house.stop_ha();
  restart(one_pack());

  restart(site);
  house.start_ha();
  house.run(kSettled);

  expect_agreement(site);
}

TEST_P(Announcing, RemovesForSureAlthoughHomeAssistantRestartsInBetween) {
  begin(two_packs());
  house.stop_ha();
  const auto site = without_alarm();
  restart(site);
  house.start_ha();

  house.run(std::chrono::milliseconds(7000 + 400 * GetParam()));  // amid the steps
  restart_ha();

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(Announcing, RemovesForSureAlthoughTheConnectionBreaksInBetween) {
  begin(two_packs());
  house.stop_ha();
  const auto site = without_alarm();
  restart(site);
  house.start_ha();

  house.run(std::chrono::milliseconds(7000 + 400 * GetParam()));
  house.disconnect();
  house.run(10s);
  house.connect();
  house.run(kSettled);
  restart_ha();

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(Announcing, RemovesBothFormerPlatformsOfOneEntity) {
  const DiscoverySite third(Packs(1), {}, thing(Platform::sensor));
  begin(DiscoverySite(Packs(1), {Control::charging}, thing(Platform::switch_)));
  house.stop_ha();
  restart(DiscoverySite(Packs(1), {}, thing(Platform::switch_)));

  restart(third);
  house.start_ha();
  house.run(kSettled);
  expect_agreement(third);

  house.stop_ha();  // and all of it with the device gone
  restart(DiscoverySite(Packs(1), {Control::charging}, thing(Platform::switch_)));
  const DiscoverySite nothing(Packs{});
  restart(nothing);
  house.start_ha();
  house.run(kSettled);
  expect_agreement(nothing);
}

TEST_P(Announcing, AgreesAfterAnyOrderOfEvents) {
  const std::vector<std::function<std::unique_ptr<DiscoverySite>()>> sites = {
      [] { return std::make_unique<DiscoverySite>(); },
      [] { return std::make_unique<DiscoverySite>(Packs(1), std::vector<Control>{}); },
      [] {
        return std::make_unique<DiscoverySite>(Packs{{}, {.slug = "pack2", .name = "Pack 2"}});
      },
      [] { return std::make_unique<DiscoverySite>(Packs{{.cells = 4, .alarms = {}}}); },
      [] { return std::make_unique<DiscoverySite>(Packs{{.cells = 4, .modules = 2}}); },
  };
  std::minstd_rand random(GetParam());
  const auto pick = [&](std::size_t n) { return random() / 7 % n; };
  auto site = sites[0]();
  begin(*site);

  for (int i = 0; i < 100; ++i) {
    SCOPED_TRACE(i);
    switch (pick(6)) {
      case 0:
        house.ha.is_up() ? house.stop_ha() : house.start_ha();
        break;
      case 1:
        house.wipe_broker();
        break;
      case 2:
        house.disconnect();
        house.run(2s);
        house.connect();
        break;
      case 3:
        if (house.ha.is_up()) house.delete_in_ha({"sensor", "home_pack1_cell_01_voltage"});
        break;
      default:
        site = sites[pick(sites.size())]();
        house.stop_gateway();
        house.start_gateway(**site);
    }
    house.run(std::chrono::milliseconds(50 * pick(400)));
    if (i % 10 != 9) continue;
    if (house.ha.is_up()) house.stop_ha();
    house.start_ha();
    house.run(kSettled);
    expect_entities(*site);  // errors may come: a restart at the very moment of another
    expect_clean_configs(*site);
  }
}

TEST_P(Announcing, AnnouncesAgainWhatTheUserDeleted) {
  const auto site = one_pack();
  begin(site);
  house.log.clear();

  house.delete_in_ha({"sensor", "home_pack1_cell_01_voltage"});
  house.delete_in_ha({"sensor", "home_pack1_cell_03_voltage"});
  house.run(4s);
  EXPECT_TRUE(house.log.empty()) << "not at once: Home Assistant is still at it";
  house.run(2s);

  EXPECT_EQ(house.log, std::vector<std::string>{kPackConfig}) << "once, not once per entity";
  expect_agreement(site);
  EXPECT_EQ(house.events, std::vector<std::string>{"discovery_deleted"});
}

TEST_P(Announcing, SendsEverythingAgainAfterARestartOfHomeAssistant) {
  const auto site = two_packs();
  begin(site);
  house.log.clear();
  house.states_published = 0;
  house.stop_ha();
  house.start_ha();

  house.run(5900ms);  // birth after 5 s
  EXPECT_TRUE(house.log.empty()) << "many bridges answer a birth message: not at once";
  house.run(10s);

  EXPECT_EQ(house.log.size(), site->devices().size());
  EXPECT_EQ(house.states_published, 1);
  expect_agreement(site);
}

TEST_P(Announcing, SendsEverythingAgainToABrokerThatLostItsStore) {
  const auto site = two_packs();
  begin(site);
  const auto before = house.retained;

  house.wipe_broker();
  house.run(100ms);

  EXPECT_EQ(house.retained, before) << "within 2 s of the connection, whatever Home Assistant does";
  house.run(kSettled);
  expect_agreement(site);
}

TEST_P(Announcing, LearnsFromTheBrokerWhatALostDiskHeld) {
  begin(DiscoverySite(Packs{{}, {.slug = "pack2", .name = "Pack 2"}}));
  house.lose_disk();
  const auto site = without_alarm();

  restart(site);
  EXPECT_EQ(house.ha.registry(), wanted_entities(*site));
  restart_ha();

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(Announcing, LearnsFromAnOrderToRemoveWhatALostDiskHeld) {
  begin(one_pack());
  house.stop_ha();
  const auto site = without_alarm();
  restart(site);
  house.lose_disk();

  restart(site);
  house.start_ha();
  house.run(kSettled);

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(Announcing, ChangesThePlatformEvenWithALostDisk) {
  begin(one_pack());
  house.lose_disk();
  const auto site = read_only();

  restart(site);

  expect_agreement(site);
}

TEST_P(Announcing, TakesEverythingBackWhenDiscoveryIsSwitchedOff) {
  const auto site = two_packs();
  begin(site);
  house.stop_gateway();

  house.start_gateway(*site, false);
  house.run(kSettled);

  EXPECT_TRUE(house.ha.registry().empty());
  EXPECT_TRUE(house.retained.empty());
}

TEST_P(Announcing, ClearsTheRetainedValuesOfWhatIsGone) {
  begin(two_packs());
  const auto keep = [&](const std::string& topic) { house.retained[topic] = "1"; };
  keep("home/pack2/availability");
  keep("home/pack2");
  keep("home/pack2/cell_03_voltage");
  keep("home/pack1/alarm_cell_voltage_high");
  keep("home/pack1/voltage");
  keep("home/bridge/state");

  restart(without_alarm());

  std::erase_if(house.retained, [](const auto& kept) { return kept.first.ends_with("/config"); });
  EXPECT_EQ(house.retained, (std::map<std::string, std::string>{{"home/bridge/state", "1"},
                                                                {"home/pack1/voltage", "1"}}));
}

TEST_P(Announcing, ClearsTheValuesBelowAFormerBaseTopic) {
  const auto site = one_pack();
  begin(site);
  house.retained["home/pack1/voltage"] = "12.75";
  house.stop_gateway();

  house.start_gateway(*site, true, "cellar");
  house.run(kSettled);

  EXPECT_FALSE(house.retained.contains("home/pack1/voltage"));
  expect_agreement(site);
}

TEST_P(Announcing, LeavesAnotherGatewayAloneWhoseIdStartsWithOurs) {
  const std::string theirs = "homeassistant/device/home_garage_bridge/config";
  house.retained[theirs] =
      R"({"avty":[{"t":"home_garage/bridge/state"}],"cmps":{"x":{"p":"sensor","uniq_id":"y"}}})";
  const auto before = house.retained[theirs];

  begin(one_pack());

  EXPECT_EQ(house.retained[theirs], before);
  EXPECT_THAT(house.log, Not(Contains(theirs)));
}

TEST_P(Announcing, OverwritesRubbishOnItsOwnTopics) {
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

TEST_P(Announcing, DefendsItsTopicsButNotForEver) {
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

TEST_P(Announcing, SaysNothingAboutItsOwnEcho) {
  begin(two_packs());
  restart(without_alarm());
  restart_ha();

  EXPECT_TRUE(house.events.empty());
}

TEST_P(Announcing, IsQuietOnceAllIsSaid) {
  begin(two_packs());
  house.log.clear();

  house.run(600s);

  EXPECT_TRUE(house.log.empty());
}

}  // namespace
}  // namespace b2m::test

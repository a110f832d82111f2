// SPDX-License-Identifier: MIT
// Every order of starts must end with Home Assistant showing exactly what is configured.
#include <functional>
#include <memory>
#include <random>

#include <gtest/gtest.h>

#include "tests/support/announcing.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

class Announcer : public Announcing {};
INSTANTIATE_TEST_SUITE_P(Seeds, Announcer, testing::Values(1, 2, 3, 4, 5));

TEST_P(Announcer, ShowsTheConfiguration) {
  const auto site = two_packs();

  begin(site);

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(Announcer, AnnouncesParentsBeforeTheirChildren) {
  const DiscoverySite site(Packs{{.cells = 4, .modules = 2}});

  begin(site, false);

  EXPECT_EQ(house.log,
            (std::vector<std::string>{"homeassistant/device/home_bridge/config", kPackConfig,
                                      "homeassistant/device/home_pack1_module1/config",
                                      "homeassistant/device/home_pack1_module2/config"}));
}

TEST_P(Announcer, SurvivesAHomeAssistantThatStartsLater) {
  const auto site = two_packs();
  begin(site, false);

  start_ha();

  expect_agreement(site);
}

TEST_P(Announcer, AgreesAfterAnyOrderOfEvents) {
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
    start_ha();
    expect_entities(*site);  // errors may come: a restart at the very moment of another
    expect_clean_configs(*site);
  }
}

TEST_P(Announcer, AnnouncesAgainWhatTheUserDeleted) {
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

TEST_P(Announcer, SendsEverythingAgainAfterARestartOfHomeAssistant) {
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

TEST_P(Announcer, SaysNothingAboutItsOwnEcho) {
  begin(two_packs());
  restart(without_alarm());
  restart_ha();

  EXPECT_TRUE(house.events.empty());
}

TEST_P(Announcer, IsQuietOnceAllIsSaid) {
  begin(two_packs());
  house.log.clear();

  house.run(600s);

  EXPECT_TRUE(house.log.empty());
}

}  // namespace
}  // namespace b2m::test

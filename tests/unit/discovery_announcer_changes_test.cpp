// SPDX-License-Identifier: MIT
// What a former configuration had and the new one has not, or has as something else, goes from
// Home Assistant and from the broker.
#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/announcing.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

class AnnouncedChanges : public Announcing {};
INSTANTIATE_TEST_SUITE_P(Seeds, AnnouncedChanges, testing::Values(1, 2, 3, 4, 5));

DiscoverySite read_only() { return DiscoverySite(Packs{{}}, {}); }

std::vector<PointRow> thing(Platform platform) {
  return {{"thing", Scope::pack, Origin::measured, platform, kind::kSwitch, "Thing", 0,
           Category::none, true,
           platform == Platform::switch_ ? Control::charging : Control::none}};
}

TEST_P(AnnouncedChanges, RemovesAnEntityWhileHomeAssistantRuns) {
  begin(one_pack());
  const auto site = without_alarm();

  restart(site);

  expect_agreement(site);
}

TEST_P(AnnouncedChanges, RemovesAnEntityWhileHomeAssistantIsDown) {
  begin(one_pack());
  house.stop_ha();
  const auto site = without_alarm();

  restart_before_ha(site);

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(AnnouncedChanges, KeepsTheOrderToRemoveUntilHomeAssistantHasBeenSeen) {
  begin(one_pack());
  house.stop_ha();

  restart(without_alarm());
  const auto config = nlohmann::json::parse(house.retained[kPackConfig]);

  EXPECT_EQ(config["cmps"]["alarm_cell_voltage_high"], nlohmann::json({{"p", "binary_sensor"}}));
}

TEST_P(AnnouncedChanges, RemovesADeviceWhileHomeAssistantRuns) {
  begin(two_packs());
  const auto site = one_pack();

  restart(site);

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(AnnouncedChanges, RemovesADeviceWhileHomeAssistantIsDown) {
  begin(two_packs());
  house.stop_ha();
  const auto site = one_pack();

  restart(site);
  restart(site);  // a second restart must not forget what is still to be done
  start_ha();

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(AnnouncedChanges, RemovesAPackWithItsModules) {
  begin(DiscoverySite(Packs{{}, {.slug = "ring", .name = "Ring", .cells = 4, .modules = 2}}));
  house.stop_ha();
  const auto site = one_pack();

  restart_before_ha(site);

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(AnnouncedChanges, ChangesThePlatformOfAnEntityWhileHomeAssistantRuns) {
  begin(one_pack());
  const auto site = read_only();

  restart(site);

  expect_agreement(site);
}

TEST_P(AnnouncedChanges, ChangesThePlatformWhileHomeAssistantIsDown) {
  begin(one_pack());
  house.stop_ha();
  const auto site = read_only();

  restart_before_ha(site);

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(AnnouncedChanges, ChangesThePlatformThereAndBackWhileHomeAssistantIsDown) {
  begin(one_pack());
  house.stop_ha();
  restart(read_only());
  const auto site = one_pack();

  restart_before_ha(site);

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(AnnouncedChanges, RemovesADeviceWhoseEntityHadChangedItsPlatform) {
  begin(two_packs());
  house.stop_ha();
  restart(DiscoverySite(Packs{{}, {.slug = "pack2", .name = "Pack 2"}}, {}));
  const auto site = one_pack();

  restart_before_ha(site);

  expect_agreement(site);
  expect_clean_configs(site);
}

TEST_P(AnnouncedChanges, BringsADeviceBackThatWasRemovedWhileHomeAssistantWasDown) {
  const auto site = two_packs();
  begin(site);
  house.stop_ha();
  restart(one_pack());

  restart_before_ha(site);

  expect_agreement(site);
}

TEST_P(AnnouncedChanges, RemovesForSureAlthoughHomeAssistantRestartsInBetween) {
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

TEST_P(AnnouncedChanges, RemovesForSureAlthoughTheConnectionBreaksInBetween) {
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

TEST_P(AnnouncedChanges, RemovesBothFormerPlatformsOfOneEntity) {
  const DiscoverySite third(Packs(1), {}, thing(Platform::sensor));
  begin(DiscoverySite(Packs(1), {Control::charging}, thing(Platform::switch_)));
  house.stop_ha();
  restart(DiscoverySite(Packs(1), {}, thing(Platform::switch_)));

  restart_before_ha(third);
  expect_agreement(third);

  house.stop_ha();  // and all of it with the device gone
  restart(DiscoverySite(Packs(1), {Control::charging}, thing(Platform::switch_)));
  const DiscoverySite nothing(Packs{});
  restart_before_ha(nothing);
  expect_agreement(nothing);
}

TEST_P(AnnouncedChanges, TakesEverythingBackWhenDiscoveryIsSwitchedOff) {
  const auto site = two_packs();
  begin(site);
  house.stop_gateway();

  house.start_gateway(*site, false);
  house.run(kSettled);

  EXPECT_TRUE(house.ha.registry().empty());
  EXPECT_TRUE(house.retained.empty());
}

TEST_P(AnnouncedChanges, ClearsTheRetainedValuesOfWhatIsGone) {
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

TEST_P(AnnouncedChanges, ClearsTheValuesBelowAFormerBaseTopic) {
  const auto site = one_pack();
  begin(site);
  house.retained["home/pack1/voltage"] = "12.75";
  house.stop_gateway();

  house.start_gateway(*site, true, "cellar");
  house.run(kSettled);

  EXPECT_FALSE(house.retained.contains("home/pack1/voltage"));
  expect_agreement(site);
}

}  // namespace
}  // namespace b2m::test

// SPDX-License-Identifier: MIT
// Orders to plugs: the timer first, each order confirmed by reading back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/kasa_garage.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using kasa::PlugFaultKind;
using test::KasaAdapter;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(KasaAdapter, SwitchesAndConfirmsByReadingBack) {
  auto& garage = start_garage();

  EXPECT_EQ(ended(relay("garage", true), 1s), "ok");
  EXPECT_TRUE(garage.is_on());
  EXPECT_EQ(inbox.last("garage", "relay"), "1");
  clock.advance(10s);
  EXPECT_EQ(inbox.last("garage", "power", 1), "60.0");
  EXPECT_EQ(ended(relay("garage", false), 1s), "ok");
  EXPECT_FALSE(garage.is_on());
  EXPECT_EQ(inbox.course("garage", "relay"), "0 1 0");
}

TEST_F(KasaAdapter, ArmsTheTimerBeforeItSwitchesOn) {
  auto& garage = start_garage();

  EXPECT_EQ(ended(relay("garage", true, 1800)), "ok");

  EXPECT_LT(position(garage, "add_rule"), position(garage, "set_relay_state"));
  ASSERT_TRUE(garage.timer_left_s());
  EXPECT_NEAR(*garage.timer_left_s(), 1800, 5);
  EXPECT_NEAR(std::stod(inbox.last("garage", "guard_remaining")), 1800, 5);
}

TEST_F(KasaAdapter, RemovesTheTimerAfterTheOffWasConfirmed) {
  auto& garage = start_garage();
  ASSERT_EQ(ended(relay("garage", true, 1800)), "ok");

  EXPECT_EQ(ended(relay("garage", false)), "ok");

  EXPECT_FALSE(garage.timer_left_s());
  EXPECT_EQ(inbox.last("garage", "guard_remaining"), "unknown");
}

TEST_F(KasaAdapter, DoesNotSwitchOnWhatCannotBeGuarded) {
  auto& garage = start_garage();
  fault(garage, PlugFaultKind::no_timer);

  const std::string end = ended(relay("garage", true, 1800));

  EXPECT_THAT(end, HasSubstr("NOT switched on because"));
  EXPECT_FALSE(garage.is_on());
  EXPECT_EQ(count(garage, "set_relay_state"), 0);
}

TEST_F(KasaAdapter, RenewsTheTimerOfAPlugThatIsOnWithoutSwitchingItAgain) {
  auto& garage = start_garage();
  ASSERT_EQ(ended(relay("garage", true, 600)), "ok");
  clock.advance(300s);

  EXPECT_EQ(ended(relay("garage", true, 600)), "ok");

  EXPECT_EQ(count(garage, "set_relay_state"), 1);
  EXPECT_NEAR(garage.timer_left_s().value_or(0), 600, 5);
}

TEST_F(KasaAdapter, SaysWhenARelayDoesNotObey) {
  auto& garage = start_garage();
  ASSERT_EQ(ended(relay("garage", true)), "ok");
  fault(garage, PlugFaultKind::ignores_off);

  EXPECT_EQ(ended(relay("garage", false)), "garage is still on although it was told to switch off");
  EXPECT_EQ(inbox.last("garage", "relay"), "1");
}

TEST_F(KasaAdapter, DoesNotRepeatALostOn) {
  auto& garage = start_garage();
  fault(garage, PlugFaultKind::ignores_on);

  EXPECT_THAT(ended(relay("garage", true)), HasSubstr("is still off"));
  EXPECT_EQ(count(garage, "set_relay_state"), 1);
}

TEST_F(KasaAdapter, GuardTimeIsCountedDownBetweenReadings) {
  auto& garage = start_garage();
  ASSERT_EQ(ended(relay("garage", true, 1800)), "ok");

  clock.advance(20s);

  EXPECT_NEAR(std::stod(inbox.last("garage", "guard_remaining")), *garage.timer_left_s(), 6);
}

TEST_F(KasaAdapter, RenamesSwitchesTheLedAndReboots) {
  auto& garage = start_garage();

  EXPECT_EQ(ended(order("garage", point::led.row, 0)), "ok");
  EXPECT_EQ(inbox.last("garage", "led"), "0");
  EXPECT_EQ(ended(order("garage", point::alias, 0, 0, "Bike charger")), "ok");
  EXPECT_EQ(inbox.last("garage", "alias"), "Bike charger");
  EXPECT_THAT(inbox.notes("plug_warning"), ElementsAre(HasSubstr("write \"Bike charger\"")));
  EXPECT_EQ(ended(order("garage", point::reboot, 1)), "ok");
  EXPECT_GT(count(garage, "reboot"), 0);
  clock.advance(60s);
  EXPECT_EQ(ended(relay("garage", true), 1s), "ok");
}

TEST_F(KasaAdapter, AnOrderEndsAtItsDeadline) {
  auto& garage = start_garage();
  fault(garage, PlugFaultKind::deaf);

  const auto end = ended(relay("garage", true), 5300ms);

  EXPECT_NE(end, "still going on");
  EXPECT_NE(end, "ok");
}

TEST_F(KasaAdapter, AnOrderGoesBeforeTheRestOfASlowPoll) {
  auto& garage = start_garage();
  HostFaults slow;
  slow.delay = 300ms;
  network.set_faults("127.0.1.1", slow);
  clock.advance(14100ms);  // within a poll

  EXPECT_EQ(ended(relay("garage", true), 3s), "ok");
  EXPECT_TRUE(garage.is_on());
}

TEST_F(KasaAdapter, ConcurrentOrdersTakeTurns) {
  auto& garage = start_garage();

  const auto on = relay("garage", true, 1800);
  const auto led = order("garage", point::led.row, 0);
  const auto name = order("garage", point::alias, 0, 0, "rad battery 1");

  EXPECT_EQ(ended(on), "ok");
  EXPECT_EQ(ended(led), "ok");
  EXPECT_EQ(ended(name), "ok");
  EXPECT_TRUE(garage.is_on());
}

TEST_F(KasaAdapter, AForeignTimerIsLeftAloneAndSaid) {
  auto& garage = start_garage();
  garage.answer(R"({"count_down":{"add_rule":{"enable":1,"act":0,"delay":3000,"name":"my own"}}})");

  const std::string end = ended(relay("garage", true, 1800));

  EXPECT_THAT(end, HasSubstr("NOT switched on because"));
  EXPECT_FALSE(garage.is_on());
  EXPECT_NEAR(garage.timer_left_s().value_or(0), 3000, 10);
}

}  // namespace
}  // namespace b2m

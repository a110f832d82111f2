// SPDX-License-Identifier: MIT
// What must not lift, loosen or fool the guards of a charge.
#include <gtest/gtest.h>

#include "gateway/rules/charge_guards.hpp"
#include "gateway/rules/charge_plan.hpp"
#include "tests/support/charge_rig.hpp"

namespace b2m {
namespace {

using namespace test;

constexpr double kHour = 3600;

class ChargeSafety : public testing::Test {
 protected:
  void TearDown() override {
    for (const auto& what : rig.broken) ADD_FAILURE() << what;
  }
  void start() {
    rig.load = constant_load(100);
    rig.wish(full_goal());
    ASSERT_TRUE(rig.run_to(ChargeState::charge_cc, 200)) << rig.reason();
  }
  void start_at_the_plug() {
    rig.load = constant_load(100);
    rig.run(60);
    rig.press_button(true);
    ASSERT_TRUE(rig.run_to(ChargeState::charge_cc, 200)) << rig.reason();
    ASSERT_TRUE(rig.session->figures().is_external);
  }
  void expect_reason(const std::string& text) const {
    EXPECT_NE(rig.reason().find(text), std::string::npos) << rig.reason();
  }
  ChargeRig rig;
};

TEST_F(ChargeSafety, ASilentSensorLiftsNoPauseForTheTemperature) {
  rig.in.has_ambient = true;
  rig.load = constant_load(100);
  rig.wish(full_goal());
  rig.run(300);
  EXPECT_EQ(rig.state(), ChargeState::off);
  expect_reason("temperature_topic");
  rig.in.ambient_c = 20;
  ASSERT_TRUE(rig.run_to(ChargeState::charge_cc, 200));
  rig.in.ambient_c = 46;
  rig.run(2);
  ASSERT_EQ(rig.state(), ChargeState::paused);

  rig.in.ambient_c.reset();
  rig.run(kHour);
  EXPECT_EQ(rig.state(), ChargeState::paused);
  rig.in.ambient_c = 44.5;  // inside the limits, not by the margin
  rig.run(kHour);
  EXPECT_EQ(rig.state(), ChargeState::paused);
  rig.in.ambient_c = 43.9;
  EXPECT_TRUE(rig.run_to(ChargeState::charge_cc, 200)) << rig.reason();
}

TEST_F(ChargeSafety, ASensorThatFallsSilentUnderWayPausesAfterTenMinutes) {
  rig.in.has_ambient = true;
  rig.in.ambient_c = 20;
  start();
  rig.in.ambient_c.reset();
  rig.run(590);
  EXPECT_EQ(rig.state(), ChargeState::charge_cc);
  rig.run(20);

  EXPECT_EQ(rig.state(), ChargeState::paused);
  expect_reason("temperature_topic");
}

TEST_F(ChargeSafety, OrdersThatGotNoAnswerDoNotStripTheGuard) {
  auto settings = rad_charger();
  settings.without_guard = true;
  rig = ChargeRig(settings);
  rig.lost_orders = 2;
  start();

  EXPECT_EQ(rig.out.guard_s, 1800);
  EXPECT_GT(rig.guard_left_s(), 1600);
  rig.lost_orders = 3;
  rig.run(1000);
  EXPECT_EQ(rig.out.guard_s, 1800);
  EXPECT_FALSE(rig.out.is_guard_missing);
}

TEST_F(ChargeSafety, ARenewalNeverSwitchesOnWhatWasSwitchedOff) {
  start();
  const double armed_s = rig.guard_left_s();
  while (rig.guard_left_s() <= armed_s) rig.step(1);
  rig.run(595);
  EXPECT_TRUE(rig.out.keep);
  rig.delay_poll(20);
  rig.press_button(false);
  rig.run(10);  // with the renewal, before anybody has seen the relay off
  EXPECT_EQ(rig.state(), ChargeState::charge_cc);
  EXPECT_FALSE(rig.relay());
  rig.run(60);

  EXPECT_EQ(rig.state(), ChargeState::paused);
  expect_reason("switched off at the plug");
}

TEST_F(ChargeSafety, TheFirstOnOfAChargeMaySwitchAndThatOfARestartMayNot) {
  rig.load = constant_load(100);
  rig.wish(full_goal());
  ASSERT_TRUE(rig.run_to(ChargeState::probe, 60));
  EXPECT_FALSE(rig.out.keep);
  rig.run(300);
  rig.restart(10);
  do rig.step(1);
  while (rig.out.no_opinion);

  EXPECT_TRUE(rig.out.relay_on);
  EXPECT_TRUE(rig.out.keep);
}

TEST_F(ChargeSafety, AChargeBegunAtThePlugGivesWayToItsCircuit) {
  start_at_the_plug();
  rig.in.gives_way = "gives way: 210 W";
  rig.step(1);

  ASSERT_EQ(rig.state(), ChargeState::off);
  EXPECT_EQ(rig.result(), "circuit");
  EXPECT_FALSE(rig.relay());
}

TEST_F(ChargeSafety, AChargeBegunAtThePlugAndPausedLeavesTheScheduleFree) {
  start_at_the_plug();
  rig.in.requests.pause = true;
  rig.run(5);
  ASSERT_EQ(rig.state(), ChargeState::off);
  EXPECT_EQ(rig.result(), "user");

  rig.wish(full_goal());
  rig.run(60);
  EXPECT_TRUE(rig.relay()) << rig.reason();
}

TEST_F(ChargeSafety, AnUnknownChargerHasACeilingToo) {
  rules::ChargingProfile p;
  EXPECT_EQ(rules::power_ceiling_w(p, {}), 1000);
  p.charger_current_a = 2;
  EXPECT_NEAR(rules::power_ceiling_w(p, {}), 180, 1e-9);
  p.peak_w = 104;
  EXPECT_EQ(rules::power_ceiling_w(p, {}), 0);
  p.max_power_w = 150;
  EXPECT_EQ(rules::power_ceiling_w(p, {}), 150);

  auto settings = rad_charger();
  settings.profile.max_power_w = 0;
  rig = ChargeRig(settings);
  start();
  rig.load = constant_load(200);
  ASSERT_TRUE(rig.run_to(ChargeState::fault, 30));
  expect_reason("set max_power_w");
}

TEST_F(ChargeSafety, AWishThatFlickersDoesNotResumeWhatTheUserHasPaused) {
  rig.load = constant_load(100);
  rig.wish(full_goal(), true);
  ASSERT_TRUE(rig.run_to(ChargeState::charge_cc, 200));
  rig.in.requests.pause = true;
  rig.run(10);
  rig.wish_pause("the circuit is full");
  rig.run(10);
  rig.wish(full_goal(), true);
  rig.run(kHour);
  EXPECT_EQ(rig.state(), ChargeState::paused);
  EXPECT_FALSE(rig.relay());

  rig.in.requests.resume = true;
  EXPECT_TRUE(rig.run_to(ChargeState::charge_cc, 200)) << rig.reason();
}

TEST_F(ChargeSafety, AnOnOfOursThatComesLateIsNoUserAtThePlug) {
  start();
  rig.wish_nothing();
  rig.run(20);
  ASSERT_FALSE(rig.relay());
  rig.press_button(true);  // as the late order would
  rig.run(15);
  EXPECT_EQ(rig.state(), ChargeState::off);
  EXPECT_FALSE(rig.relay());

  rig.run(60);
  rig.press_button(true);
  rig.run(15);
  EXPECT_TRUE(rig.session->figures().is_external);
}

TEST_F(ChargeSafety, AFlappingLineIsHeldLongerEachTimeAndThenGivenUp) {
  start();
  for (const double hold_s : {60.0, 300.0, 900.0, 1800.0}) {
    rig.is_reachable = false;
    rig.run(80);
    rig.is_reachable = true;
    ASSERT_TRUE(rig.run_to(ChargeState::paused, 20)) << rig.reason();
    rig.run(hold_s - 5);
    EXPECT_EQ(rig.state(), ChargeState::paused) << hold_s;
    ASSERT_TRUE(rig.run_to(ChargeState::charge_cc, 200)) << rig.reason();
  }
  rig.restart(10);
  rig.run(20);
  rig.is_reachable = false;
  rig.run(80);
  rig.is_reachable = true;
  rig.run(20);

  ASSERT_EQ(rig.state(), ChargeState::off);
  EXPECT_EQ(rig.result(), "stale");
  rig.run(kHour);
  EXPECT_FALSE(rig.relay());
}

TEST_F(ChargeSafety, NoKeptFigureIsInfinite) {
  for (const char* text : {" level_base=inf", " level_base=nan", " level_base=-inf"})
    EXPECT_EQ(rules::PlanMemory::from_text(text).level_base_wh, 0) << text;
}

}  // namespace
}  // namespace b2m

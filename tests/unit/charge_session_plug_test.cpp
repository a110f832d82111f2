// SPDX-License-Identifier: MIT
// What comes between a charge and its end: hands at the plug, silence, faults, the pack, the cold.
#include <gtest/gtest.h>

#include "tests/support/charge_session_fixture.hpp"

namespace b2m {
namespace {

using namespace test;

TEST_F(ChargeSessionTest, SwitchingOffAtThePlugIsAPauseThatNobodyFights) {
  start();
  rig.press_button(false);
  rig.run(kHour);
  EXPECT_EQ(rig.state(), ChargeState::paused);
  EXPECT_TRUE(rig.session->figures().paused_by_user);
  EXPECT_FALSE(rig.relay());

  rig.in.requests.resume = true;
  ASSERT_TRUE(rig.run_to(ChargeState::charge_cc, 300)) << rig.reason();
  EXPECT_TRUE(rig.records.empty());
}

TEST_F(ChargeSessionTest, SwitchingOnAtThePlugIsAChargeWithGuardAndLimits) {
  rig.load = rad_like(kHour);
  rig.run(60);
  rig.press_button(true);
  ASSERT_TRUE(rig.run_to(ChargeState::charge_cc, 300)) << rig.reason();

  EXPECT_TRUE(rig.session->figures().is_external);
  EXPECT_EQ(rig.session->figures().mode, ChargeMode::manual);
  EXPECT_GT(rig.guard_left_s(), 1500);
  EXPECT_TRUE(rig.run_to(ChargeState::done, 8 * kHour));
  EXPECT_EQ(rig.result(), "full");
}

TEST_F(ChargeSessionTest, AnOffThatIsNotThereYetIsNoUserSwitchingOn) {
  start();
  rig.obeys_off = false;
  rig.wish_nothing();
  rig.run(20);
  EXPECT_EQ(rig.state(), ChargeState::off);
  EXPECT_FALSE(rig.session->figures().is_external);

  rig.obeys_off = true;
  rig.run(30);
  EXPECT_FALSE(rig.relay());
  EXPECT_EQ(rig.state(), ChargeState::off);
}

TEST_F(ChargeSessionTest, SwitchedOnAtThePlugWhileThePackForbidsItGoesOffAgain) {
  rig.load = constant_load(100);
  rig.in.pack.is_bound = true;
  rig.in.pack.obstacle = "cell 3 is at 4.21 V";
  rig.run(60);
  rig.press_button(true);
  rig.run(20);

  EXPECT_FALSE(rig.relay());
  EXPECT_EQ(rig.state(), ChargeState::off);
  ASSERT_FALSE(rig.warnings.empty());
  EXPECT_NE(rig.warnings[0].find("cell 3"), std::string::npos);
}

TEST_F(ChargeSessionTest, SilenceSwitchesOffAndAShortOneGoesOnAfterwards) {
  start();
  rig.is_reachable = false;
  ASSERT_TRUE(rig.run_to(ChargeState::stale, 70));
  EXPECT_FALSE(rig.out.relay_on);
  rig.run(60);
  rig.is_reachable = true;

  ASSERT_TRUE(rig.run_to(ChargeState::paused, 20)) << rig.reason();
  EXPECT_FALSE(rig.relay());
  EXPECT_TRUE(rig.run_to(ChargeState::charge_cc, 300)) << rig.reason();
  EXPECT_NEAR(rig.session->figures().energy_wh, rig.drawn_wh(), 2);
}

TEST_F(ChargeSessionTest, FiveMinutesOfSilenceAreAFault) {
  start();
  rig.is_reachable = false;

  ASSERT_TRUE(rig.run_to(ChargeState::fault, 400));

  EXPECT_EQ(rig.result(), "fault");
}

TEST_F(ChargeSessionTest, APlugWithoutPowerReadingsIsStaleToo) {
  start();
  rig.has_meter = false;

  EXPECT_TRUE(rig.run_to(ChargeState::stale, 70));
}

TEST_F(ChargeSessionTest, AFaultStaysUntilTheUserClearsIt) {
  start();
  rig.in.plug.overheated = {1, {}, Quality::good};
  rig.run(5);
  EXPECT_EQ(rig.state(), ChargeState::fault);
  EXPECT_FALSE(rig.relay());
  rig.in.plug.overheated = {};
  rig.wish(full_goal(), true);
  rig.run(kHour);
  EXPECT_EQ(rig.state(), ChargeState::fault);

  rig.in.requests.clear_fault = true;
  ASSERT_TRUE(rig.run_to(ChargeState::charge_cc, 300)) << rig.reason();
}

TEST_F(ChargeSessionTest, UnpluggingTheChargerEndsTheCharge) {
  start();
  rig.load = constant_load(0);

  ASSERT_TRUE(rig.run_to(ChargeState::no_load, 200));

  EXPECT_EQ(rig.result(), "unplugged");
  EXPECT_FALSE(rig.relay());
}

TEST_F(ChargeSessionTest, TakingTheBatteryOffTheChargerIsNotAFullBattery) {
  start();
  rig.run(kHour);
  rig.load = constant_load(0.7);

  ASSERT_TRUE(rig.run_to(ChargeState::idle, 400)) << rig.reason();

  EXPECT_EQ(rig.result(), "idle");
  EXPECT_FALSE(rig.session->figures().full_at);
}

TEST_F(ChargeSessionTest, ThePacksObstacleStopsAtOnceAndForAtLeastFiveMinutes) {
  rig.in.pack.is_bound = true;
  start();
  rig.in.pack.obstacle = "cell 3 is at 4.21 V";
  rig.step(1);
  EXPECT_EQ(rig.state(), ChargeState::paused);
  EXPECT_FALSE(rig.out.relay_on);

  rig.in.pack.obstacle.reset();
  rig.run(290);
  EXPECT_EQ(rig.state(), ChargeState::paused);
  EXPECT_TRUE(rig.run_to(ChargeState::charge_cc, 300));
}

TEST_F(ChargeSessionTest, TheThirdObstacleEndsTheCharge) {
  rig.in.pack.is_bound = true;
  start();
  for (int i = 0; i < 3; ++i) {
    rig.run(60);
    rig.in.pack.obstacle = "cell 3 is at 4.21 V";
    rig.run(5);
    rig.in.pack.obstacle.reset();
    rig.run(500);
  }

  EXPECT_EQ(rig.state(), ChargeState::done);
  EXPECT_EQ(rig.result(), "limit");
}

TEST_F(ChargeSessionTest, TooColdPausesAndDoesNotStart) {
  rig.load = constant_load(100);
  rig.in.ambient_c = -1;
  rig.wish(full_goal());
  rig.run(300);
  EXPECT_EQ(rig.state(), ChargeState::off);
  EXPECT_NE(rig.reason().find("-1.0 °C"), std::string::npos) << rig.reason();

  rig.in.ambient_c = 10;
  ASSERT_TRUE(rig.run_to(ChargeState::charge_cc, 300));
  rig.in.ambient_c = 46;
  rig.run(2);
  EXPECT_EQ(rig.state(), ChargeState::paused);
}

TEST_F(ChargeSessionTest, AnotherBatteryPastTheKneeIsWarnedOf) {
  start();
  ASSERT_TRUE(rig.run_to(ChargeState::charge_cv, 4 * kHour));
  rig.run(kHour);
  rig.load = constant_load(102);
  rig.run(1800);

  ASSERT_EQ(rig.warnings.size(), 1u);
  EXPECT_NE(rig.warnings[0].find("another battery"), std::string::npos);
}

TEST_F(ChargeSessionTest, WallClockJumpsChangeNothing) {
  start();
  for (int i = 0; i < 20; ++i) {
    rig.run(60);
    rig.in.wall += std::chrono::hours(i % 2 ? -9000 : 9000);
  }
  EXPECT_EQ(rig.state(), ChargeState::charge_cc);
  EXPECT_NEAR(rig.session->figures().energy_wh, rig.drawn_wh(), 1);
}

}  // namespace
}  // namespace b2m

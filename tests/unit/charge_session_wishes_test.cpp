// SPDX-License-Identifier: MIT
// Wishes that come, change and go during one charge, and the pause after it.
#include <gtest/gtest.h>

#include "tests/support/charge_session_fixture.hpp"

namespace b2m {
namespace {

using namespace test;

TEST_F(ChargeSessionTest, AClosedWindowPausesAndTheSessionGoesOnWithItsEnergy) {
  start();
  rig.run(kHour);
  rig.wish_pause();
  rig.run(5);
  EXPECT_EQ(rig.state(), ChargeState::paused);
  EXPECT_FALSE(rig.relay());
  const double energy = rig.session->figures().energy_wh;
  EXPECT_GT(energy, 100);

  rig.run(4 * kHour);
  rig.wish(full_goal());
  ASSERT_TRUE(rig.run_to(ChargeState::charge_cc, 300));

  EXPECT_NEAR(rig.session->figures().energy_wh, energy, 3);
  EXPECT_TRUE(rig.records.empty());
}

TEST_F(ChargeSessionTest, NoWishEndsTheSession) {
  start();
  rig.wish_nothing();
  rig.run(5);

  EXPECT_EQ(rig.state(), ChargeState::off);
  EXPECT_EQ(rig.result(), "window");
  EXPECT_FALSE(rig.relay());
}

TEST_F(ChargeSessionTest, StopByTheUserIsNotUndoneByTheSameWindow) {
  start();
  rig.in.requests.stop = true;
  rig.run(5);
  EXPECT_EQ(rig.state(), ChargeState::off);
  EXPECT_EQ(rig.result(), "user");

  rig.run(kHour);
  EXPECT_FALSE(rig.relay());

  rig.wish(full_goal(), true);
  rig.run(60);
  EXPECT_TRUE(rig.relay());
}

TEST_F(ChargeSessionTest, CoolDownHoldsTheScheduleBackAndNotTheUser) {
  start(energy_goal(20));
  ASSERT_TRUE(rig.run_to(ChargeState::done, 2 * kHour));
  rig.run(7 * kHour);
  EXPECT_EQ(rig.state(), ChargeState::done);
  EXPECT_NE(rig.reason().find("cool-down"), std::string::npos) << rig.reason();

  rig.wish(energy_goal(20), true);
  rig.run(60);
  EXPECT_TRUE(rig.relay());
}

TEST_F(ChargeSessionTest, AnUrgentWishThatNobodyWithdrawsIsOneChargeOnly) {
  rig.load = rad_like(2 * kHour);
  rig.wish(energy_goal(20), true);
  ASSERT_TRUE(rig.run_to(ChargeState::done, 2 * kHour));

  rig.run(6 * kHour);

  EXPECT_EQ(rig.records.size(), 1u);

  rig.wish_nothing();
  rig.run(5);
  rig.wish(energy_goal(20), true);
  rig.run(30);
  EXPECT_TRUE(rig.relay());
}

TEST_F(ChargeSessionTest, AfterTheCoolDownTheScheduleMayStartAgain) {
  start(energy_goal(20));
  ASSERT_TRUE(rig.run_to(ChargeState::done, 2 * kHour));

  rig.run(8.1 * kHour);

  EXPECT_GT(rig.records.size() + (rig.relay() ? 1 : 0), 1u);
}

TEST_F(ChargeSessionTest, TheGoalMayBeChangedUnderWay) {
  start(full_goal());
  rig.run(kHour);
  rig.wish(energy_goal(120));

  ASSERT_TRUE(rig.run_to(ChargeState::done, kHour));
  EXPECT_NEAR(rig.drawn_wh(), 120, 1);
}

}  // namespace
}  // namespace b2m

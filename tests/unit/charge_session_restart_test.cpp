// SPDX-License-Identifier: MIT
// One charge across the end of the program and its next start.
#include <gtest/gtest.h>

#include "tests/support/charge_session_fixture.hpp"

namespace b2m {
namespace {

using namespace test;

TEST_F(ChargeSessionTest, ShuttingDownSwitchesOffAndTheSessionWaits) {
  start();
  rig.in.shutting_down = true;
  rig.run(3);

  EXPECT_FALSE(rig.relay());
  EXPECT_EQ(rig.state(), ChargeState::paused);
}

TEST(ChargeSessionAtStop, MayStayOnWithTheGuardRenewed) {
  auto settings = rad_charger();
  settings.keeps_on_at_stop = true;
  ChargeRig rig(settings);
  rig.load = constant_load(100);
  rig.wish(full_goal());
  ASSERT_TRUE(rig.run_to(ChargeState::charge_cc, 180));
  rig.run(300);
  rig.in.shutting_down = true;

  rig.step(1);

  EXPECT_TRUE(rig.out.relay_on);
  EXPECT_TRUE(rig.out.arm_again);
  EXPECT_EQ(rig.guard_left_s(), 1800);
}

TEST_F(ChargeSessionTest, ARestartGoesOnGuardFirstWithTheOldCounters) {
  start();
  rig.run(kHour);
  const double energy = rig.session->figures().energy_wh;
  const double on_s = rig.session->figures().on_s;

  rig.restart(300);
  rig.step(1);
  EXPECT_TRUE(rig.out.no_opinion);
  EXPECT_TRUE(rig.relay());
  rig.run(10);

  EXPECT_EQ(rig.state(), ChargeState::charge_cc) << rig.reason();
  EXPECT_GT(rig.guard_left_s(), 1780);
  EXPECT_NEAR(rig.session->figures().energy_wh, energy + 300 * 103 / 3600.0, 2);
  EXPECT_NEAR(rig.session->figures().on_s, on_s + 311, 10);
  EXPECT_NEAR(rig.session->figures().peak_w, 103.2, 0.5);
}

TEST_F(ChargeSessionTest, ARestartWithTheRelayOffClosesTheSession) {
  start();
  rig.run(600);
  rig.wish_nothing();
  const std::string kept = rig.session->to_text();
  rig.press_button(false);
  rig.restart(60);
  rig.run(20);

  ASSERT_EQ(rig.records.size(), 1u);
  EXPECT_EQ(rig.result(), "interrupted");
  EXPECT_EQ(rig.state(), ChargeState::off);
}

TEST_F(ChargeSessionTest, ARestartWithoutAKeptSessionSwitchesAnOnRelayOff) {
  rig.load = constant_load(100);
  rig.press_button(true);
  rig.run(20);

  EXPECT_FALSE(rig.relay());
  EXPECT_EQ(rig.state(), ChargeState::off);
}

TEST_F(ChargeSessionTest, AKeptFaultStaysLatched) {
  start();
  rig.in.plug.overheated = {1, {}, Quality::good};
  rig.run(5);
  rig.restart(3600);
  rig.wish(full_goal(), true);
  rig.run(600);

  EXPECT_EQ(rig.state(), ChargeState::fault);
  EXPECT_FALSE(rig.relay());
}

TEST_F(ChargeSessionTest, ARestartWithAnUnreachablePlugIsAFaultAfterFiveMinutes) {
  start();
  rig.restart(10);
  rig.is_reachable = false;
  rig.run(290);
  EXPECT_EQ(rig.state(), ChargeState::stale);
  rig.run(20);

  EXPECT_EQ(rig.state(), ChargeState::fault);
}

TEST_F(ChargeSessionTest, CoolDownSurvivesARestart) {
  start(energy_goal(20));
  ASSERT_TRUE(rig.run_to(ChargeState::done, 2 * kHour));
  rig.restart(60);
  rig.run(kHour);
  EXPECT_EQ(rig.state(), ChargeState::done);
  EXPECT_FALSE(rig.relay());
}

TEST_F(ChargeSessionTest, TheCoolDownGoesOnWhileTheProgramIsAway) {
  start(energy_goal(20));
  ASSERT_TRUE(rig.run_to(ChargeState::done, 2 * kHour));
  rig.restart(9 * kHour);
  rig.run(60);
  EXPECT_TRUE(rig.relay());
}

TEST_F(ChargeSessionTest, ASecondRestartBeforeThePlugIsSeenLosesNothing) {
  start();
  rig.run(kHour);
  const double on_s = rig.session->figures().on_s;
  rig.restart(300);
  rig.is_reachable = false;
  rig.run(60);
  rig.restart(60);
  rig.is_reachable = true;
  rig.run(20);

  EXPECT_EQ(rig.state(), ChargeState::charge_cc) << rig.reason();
  EXPECT_GE(rig.session->figures().on_s, on_s + 420);
  EXPECT_GE(rig.session->figures().energy_wh, rig.drawn_wh() - 1);
}

TEST_F(ChargeSessionTest, GarbageInsteadOfTheKeptTextIsAsIfThereWereNone) {
  for (const char* kept : {"", "garbage", "version=1\nstate=charge_cc\n",
                           "version=1\nstate=charge_cc\nmode=nominal\ngoal=full\non_s=nan\n",
                           "version=1\nstate=balance\nmode=full\ngoal=full\non_s=-5\nenergy_wh=1",
                           "version=2\nstate=fault\n", "state=fault"}) {
    rules::ChargeSession session(rad_charger(), {});
    session.restore(kept);
    EXPECT_FALSE(session.figures().is_active) << kept;
    EXPECT_EQ(session.to_text().find("goal="), std::string::npos) << kept;
  }
}

}  // namespace
}  // namespace b2m

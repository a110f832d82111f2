// SPDX-License-Identifier: MIT
// States and transitions of one charge from its first reading to its end.
#include <gtest/gtest.h>

#include "tests/support/charge_session_fixture.hpp"

namespace b2m {
namespace {

using namespace test;

TEST_F(ChargeSessionTest, StaysOffUntilAChargeIsWished) {
  rig.load = constant_load(100);
  rig.run(600);

  EXPECT_EQ(rig.state(), ChargeState::off);
  EXPECT_FALSE(rig.relay());
}

TEST_F(ChargeSessionTest, ProbesWithTheGuardArmedAndTellsFigures) {
  start();

  ASSERT_EQ(rig.transitions.size(), 2u);
  EXPECT_EQ(rig.transitions[0].to, ChargeState::probe);
  EXPECT_EQ(rig.transitions[0].reason, "window 22:00-06:00");
  EXPECT_NE(rig.transitions[1].reason.find("102.0 W"), std::string::npos)
      << rig.transitions[1].reason;
  EXPECT_EQ(rig.out.guard_s, 1800);
  EXPECT_EQ(rig.out.guard_refresh_s, 600);
  EXPECT_GT(rig.guard_left_s(), 1600);
}

TEST_F(ChargeSessionTest, ProbeSettlesForHalfAMinuteAndNeedsFiveReadings) {
  rig.load = constant_load(100);
  rig.poll_s = 15;
  rig.wish(full_goal());
  ASSERT_TRUE(rig.run_to(ChargeState::probe, 60));
  const double from = rig.time_s();

  ASSERT_TRUE(rig.run_to(ChargeState::charge_cc, 300));

  EXPECT_GE(rig.time_s() - from, 30 + 4 * 15);
  EXPECT_LE(rig.time_s() - from, 30 + 6 * 15);
}

TEST_F(ChargeSessionTest, AnEmptySocketIsTriedOnceAndNotClickedAgain) {
  rig.load = constant_load(0);
  rig.wish(full_goal());
  ASSERT_TRUE(rig.run_to(ChargeState::no_load, 180));
  EXPECT_EQ(rig.result(), "no_load");
  const auto transitions = rig.transitions.size();

  rig.run(2 * kHour);
  EXPECT_EQ(rig.transitions.size(), transitions);

  rig.wish_nothing();
  rig.run(60);
  rig.wish(full_goal());
  rig.run(20);
  EXPECT_EQ(rig.state(), ChargeState::probe);
}

TEST_F(ChargeSessionTest, AChargerWithoutABatteryIsIdleAndLearned) {
  rig.load = constant_load(0.7);
  rig.wish(full_goal());

  ASSERT_TRUE(rig.run_to(ChargeState::idle, 300));

  EXPECT_EQ(rig.result(), "idle");
  EXPECT_FALSE(rig.relay());
  EXPECT_NEAR(rig.session->learned().idle_w, 0.7, 0.01);
}

TEST_F(ChargeSessionTest, AChargerThatBeginsLateIsNotTakenForIdle) {
  rig.load = [](double s) { return s < 80 ? 1.0 : 100.0; };
  rig.wish(full_goal());

  EXPECT_TRUE(rig.run_to(ChargeState::charge_cc, 300));
}

TEST_F(ChargeSessionTest, BelowTheStartPowerItIsNotWorthStarting) {
  rig.load = constant_load(84);
  rig.wish(power_goal(45, 90));

  ASSERT_TRUE(rig.run_to(ChargeState::idle, 300));

  EXPECT_NE(rig.reason().find("not worth starting: 84.0 W"), std::string::npos) << rig.reason();
}

TEST_F(ChargeSessionTest, AFullChargeGoesThroughKneeAndBalanceToDone) {
  start();
  ASSERT_TRUE(rig.run_to(ChargeState::charge_cv, 3 * kHour));
  EXPECT_NEAR(rig.charged_s(), 2 * kHour + 600, 300);
  ASSERT_TRUE(rig.run_to(ChargeState::balance, 3 * kHour));
  const double balance_from = rig.time_s();
  ASSERT_TRUE(rig.run_to(ChargeState::done, 2 * kHour));

  EXPECT_NEAR(rig.time_s() - balance_from, 3600, 5);
  ASSERT_EQ(rig.records.size(), 1u);
  const SessionRecord& record = rig.records[0];
  EXPECT_EQ(record.result, "full");
  EXPECT_EQ(record.charger, "garage_charger");
  EXPECT_NEAR(record.energy_wh, rig.drawn_wh(), 1);
  EXPECT_NEAR(record.peak_w, 104.5, 0.5);
  EXPECT_NEAR(record.on_s, static_cast<double>(record.curve.size()) * 60, 120);
  EXPECT_EQ(rig.session->figures().level_percent, 100);
  EXPECT_TRUE(rig.session->figures().full_at);
}

TEST_F(ChargeSessionTest, ABatteryThatBecomesFullBeforeItsTargetEndsTheCharge) {
  start(energy_goal(500));

  ASSERT_TRUE(rig.run_to(ChargeState::done, 6 * kHour));

  EXPECT_EQ(rig.result(), "full");
}

TEST_F(ChargeSessionTest, EnergyIsDrawnToTheTarget) {
  start(energy_goal(100));

  ASSERT_TRUE(rig.run_to(ChargeState::done, 6 * kHour));

  EXPECT_EQ(rig.result(), "done");
  EXPECT_NEAR(rig.drawn_wh(), 100, 0.5);
  EXPECT_NE(rig.reason().find("100 Wh"), std::string::npos);
}

TEST_F(ChargeSessionTest, LevelAndTimeLeftAreToldOnceTheyAreKnown) {
  rig.session->set_start_level(50);
  start();
  const auto& figures = rig.session->figures();
  ASSERT_TRUE(figures.level_percent);
  EXPECT_NEAR(*figures.level_percent, 50, 1);
  ASSERT_TRUE(figures.time_left_min);
  EXPECT_GT(*figures.time_left_min, 200);

  rig.run(kHour);
  EXPECT_NEAR(*figures.level_percent, 50 + 102.6 / 8.4, 0.5);
}

}  // namespace
}  // namespace b2m

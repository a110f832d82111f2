// SPDX-License-Identifier: MIT
// States and transitions of one charge, with a plug and a charger around it.
#include <gtest/gtest.h>

#include "tests/support/charge_rig.hpp"

namespace b2m {
namespace {

using namespace test;
using ::testing::Test;

constexpr double kHour = 3600;

class ChargeSessionTest : public Test {
 protected:
  void TearDown() override {
    for (const auto& what : rig.broken) ADD_FAILURE() << what;
  }
  /// Into constant current, as most tests need it.
  void start(const rules::ChargeGoal& goal = full_goal()) {
    rig.load = rad_like(2 * kHour);
    rig.wish(goal);
    ASSERT_TRUE(rig.run_to(ChargeState::charge_cc, 180)) << rig.reason();
  }
  ChargeRig rig;
};

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

TEST_F(ChargeSessionTest, AnotherBatteryPastTheKneeIsWarnedOf) {
  start();
  ASSERT_TRUE(rig.run_to(ChargeState::charge_cv, 4 * kHour));
  rig.run(kHour);
  rig.load = constant_load(102);
  rig.run(1800);

  ASSERT_EQ(rig.warnings.size(), 1u);
  EXPECT_NE(rig.warnings[0].find("another battery"), std::string::npos);
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

TEST_F(ChargeSessionTest, WallClockJumpsChangeNothing) {
  start();
  for (int i = 0; i < 20; ++i) {
    rig.run(60);
    rig.in.wall += std::chrono::hours(i % 2 ? -9000 : 9000);
  }
  EXPECT_EQ(rig.state(), ChargeState::charge_cc);
  EXPECT_NEAR(rig.session->figures().energy_wh, rig.drawn_wh(), 1);
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

TEST_F(ChargeSessionTest, TheGoalMayBeChangedUnderWay) {
  start(full_goal());
  rig.run(kHour);
  rig.wish(energy_goal(120));

  ASSERT_TRUE(rig.run_to(ChargeState::done, kHour));
  EXPECT_NEAR(rig.drawn_wh(), 120, 1);
}

}  // namespace
}  // namespace b2m

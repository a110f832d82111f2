// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_manager.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "gateway/rules/local_time.hpp"
#include "tests/support/charger_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using test::ChargerFixture;

int count(const std::vector<Note>& notes, const std::string& type) {
  return static_cast<int>(
      std::ranges::count_if(notes, [&](const Note& n) { return n.type == type; }));
}

bool is_charging(ChargeState s) {
  return s == ChargeState::charge_cc || s == ChargeState::charge_cv;
}

struct ChargeManager : testing::Test {
  ChargerFixture f;

  void schedule(const std::string& windows, const std::string& ready_by = "") {
    f.settings().mode = ChargeMode::nominal;
    f.settings().profile.target = ChargeTarget::full;
    f.settings().schedule = true;
    f.settings().windows = windows;
    f.settings().ready_by = ready_by;
  }
};

TEST_F(ChargeManager, ChargesInItsWindowToItsTargetAndOnlyOnce) {
  schedule("22:00-06:00");
  f.settings().profile.target = ChargeTarget::knee;
  f.use_load({.level = 0.75});
  f.begin();
  f.run(10min);
  EXPECT_FALSE(f.is_on());
  EXPECT_EQ(f.local("next_start"), "fri 22:00");
  EXPECT_NE(f.text("charge_reason").find("outside the charge windows"), std::string::npos);

  f.run_until("fri 22:10");
  EXPECT_TRUE(is_charging(f.state())) << f.text("charge_reason");
  f.run_until("sat 05:59");

  EXPECT_FALSE(f.is_on());
  EXPECT_EQ(f.state(), ChargeState::done) << f.text("charge_reason");
  EXPECT_EQ(f.starts(), 1);
  ASSERT_EQ(f.sessions.size(), 1U);
  EXPECT_EQ(f.sessions[0].result, "done");
  EXPECT_EQ(count(f.notes, "charge_session_finished"), 1);
  EXPECT_GE(count(f.notes, "charge_state"), 3);
  EXPECT_EQ(f.local("next_start"), "sat 22:00");
}

TEST_F(ChargeManager, ANewWindowOpensAfterTheCoolDownOnly) {
  schedule("22:00-02:00; 02:30-06:00");
  f.use_load({.level = 0.97});
  f.settings().cool_down_h = 0;
  f.begin();
  f.run_until("sat 02:00");
  const int starts = f.starts();
  f.run_until("sat 05:50");

  EXPECT_EQ(starts, 1);
  EXPECT_EQ(f.starts(), 2) << "the second window may have its own";
}

TEST_F(ChargeManager, PausesOutsideWindowsWithinTheSameSession) {
  schedule("22:00-23:00; 01:00-05:00");
  f.use_load({.level = 0.1});
  f.begin();
  f.run_until("fri 23:01");

  EXPECT_EQ(f.state(), ChargeState::paused) << f.text("charge_reason");
  EXPECT_FALSE(f.is_on());
  const double energy = f.reading("session_energy").value;
  EXPECT_GT(energy, 0.05);
  EXPECT_EQ(f.local("next_start"), "sat 01:00");

  f.run_until("sat 01:10");
  EXPECT_TRUE(f.is_on());
  EXPECT_GE(f.reading("session_energy").value, energy);
  EXPECT_TRUE(f.sessions.empty());
}

TEST_F(ChargeManager, MinimumOnTimeOutlastsTheWindow) {
  schedule("20:50-21:00");
  f.use_load({.level = 0.3});
  f.settings().min_on_min = 30;
  f.begin();
  f.run_until("fri 21:15");
  EXPECT_TRUE(f.is_on());
  f.run_until("fri 21:22");
  EXPECT_FALSE(f.is_on());
}

TEST_F(ChargeManager, ReadyByStartsOutsideWindowsAndStaysOn) {
  schedule("06:30-06:40", "sat 12:00");
  f.use_load({.level = 0.1});
  f.begin();
  f.run(1min);
  // 840 Wh at 104.5 W, two hours of tail, one of balancing, and a fifth of it all.
  EXPECT_EQ(f.local("next_start"), "fri 22:45");
  f.run_until("fri 22:44");
  EXPECT_EQ(f.starts(), 0);
  f.run_until("sat 05:00");

  EXPECT_TRUE(f.is_on()) << f.text("charge_reason");
  EXPECT_EQ(f.starts(), 1) << "the more it has charged, the later it would have to start";
}

TEST_F(ChargeManager, ReadyByMayBeToldToKeepToTheWindows) {
  schedule("06:30-06:40", "sat 07:00");
  f.settings().ready_by_outside = false;
  f.begin();
  f.run_until("sat 06:00");
  EXPECT_EQ(f.starts(), 0);
}

TEST_F(ChargeManager, StartByHandRunsOutsideWindowsToTheEnd) {
  schedule("22:00-06:00");
  f.use_load({.level = 0.95});
  f.begin();
  f.run(10s);
  EXPECT_TRUE(f.command("charge_start").accepted);
  f.run(5min);
  EXPECT_TRUE(f.is_on());
  f.run(5h);

  ASSERT_EQ(f.sessions.size(), 1U);
  EXPECT_EQ(f.sessions[0].mode, ChargeMode::nominal);
  EXPECT_FALSE(f.is_on());
}

TEST_F(ChargeManager, StartByHandInModeOffChargesFullAndEndsThere) {
  f.begin();
  f.run(10s);
  EXPECT_NE(f.text("charge_reason").find("mode is off"), std::string::npos);
  EXPECT_TRUE(f.command("relay", 1).accepted);
  f.run(5min);
  EXPECT_TRUE(f.is_on());
  EXPECT_TRUE(f.command("charge_stop").accepted);
  f.run(1min);

  EXPECT_FALSE(f.is_on());
  ASSERT_EQ(f.sessions.size(), 1U);
  EXPECT_EQ(f.sessions[0].mode, ChargeMode::manual);
  f.run(1h);
  EXPECT_EQ(f.starts(), 1);
}

TEST_F(ChargeManager, RelayOffPausesUntilTheUserStartsAgain) {
  schedule("");
  f.use_load({.level = 0.3});
  f.begin();
  f.run(20min);
  ASSERT_TRUE(f.is_on());

  EXPECT_TRUE(f.command("relay", 0).accepted);
  f.run(5h);
  EXPECT_FALSE(f.is_on());
  EXPECT_EQ(f.state(), ChargeState::paused);
  EXPECT_TRUE(f.sessions.empty());

  EXPECT_TRUE(f.command("relay", 1).accepted);
  f.run(5min);
  EXPECT_TRUE(f.is_on());
}

TEST_F(ChargeManager, StopEndsTheChargeForThisWindow) {
  schedule("20:00-23:00", "sat 07:00");
  f.use_load({.level = 0.3});
  f.begin();
  f.run(20min);
  ASSERT_TRUE(f.is_on());
  EXPECT_TRUE(f.command("charge_stop").accepted);
  f.run_until("sat 06:59");

  EXPECT_EQ(f.starts(), 1);
  ASSERT_EQ(f.sessions.size(), 1U);
  EXPECT_EQ(f.sessions[0].result, "user");
}

TEST_F(ChargeManager, SkipLeavesOutOneWindow) {
  schedule("22:00-06:00");
  f.use_load({.level = 0.9});
  f.begin();
  f.run(1min);
  EXPECT_TRUE(f.command("charge_skip").accepted);
  f.run(1min);
  EXPECT_EQ(f.local("next_start"), "sat 22:00");
  f.run_until("sat 06:30");
  EXPECT_EQ(f.starts(), 0);
  f.run_until("sat 22:05");
  EXPECT_EQ(f.starts(), 1);
}

TEST_F(ChargeManager, SkipWithoutAnyPlanIsRefused) {
  f.begin();
  f.run(10s);
  const Verdict verdict = f.command("charge_skip");
  EXPECT_FALSE(verdict.accepted);
  EXPECT_NE(verdict.reason.find("switch the schedule off"), std::string::npos);
}

TEST_F(ChargeManager, TheStartDelayIsMeasuredByTheSteadyClock) {
  schedule("22:00-06:00");
  f.settings().start_delay_min = 60;
  f.use_load({.level = 0.3});
  f.begin();
  f.run_until("fri 22:10");
  f.jump_wall(2h);
  f.run(10min);
  EXPECT_EQ(f.starts(), 0);
  f.run(45min);
  EXPECT_EQ(f.starts(), 1);
}

TEST_F(ChargeManager, AClockSetBackDoesNotStartTheSameWindowTwice) {
  schedule("22:00-06:00");
  f.settings().cool_down_h = 0;
  f.use_load({.level = 0.99});
  f.begin();
  f.run_until("sat 02:00");
  ASSERT_EQ(f.sessions.size(), 1U);
  f.jump_wall(-4h);
  f.run(3h);
  f.jump_wall(-24h);
  f.run(3h);

  EXPECT_EQ(f.starts(), 1);
}

TEST_F(ChargeManager, WithoutAClockNothingIsScheduled) {
  schedule("");
  f.set_wall(rules::from_unix(3600));
  f.begin();
  f.run(1h);
  EXPECT_EQ(f.starts(), 0);
  EXPECT_NE(f.text("charge_reason").find("clock"), std::string::npos);
  EXPECT_TRUE(f.command("charge_start").accepted) << "by hand it may";
}

TEST_F(ChargeManager, NothingIsSaidToAPlugThatWasNeverRead) {
  f.plug().is_online = false;
  f.plug().is_on = true;
  f.begin();
  f.run(5min);
  EXPECT_FALSE(f.has_output());
  EXPECT_FALSE(f.command("charge_start").accepted);

  f.plug().is_online = true;
  f.run(1min);
  EXPECT_TRUE(f.has_output());
}

TEST_F(ChargeManager, ARestartDuringAChargeGoesOnWithTheSameSession) {
  schedule("20:00-06:00");
  f.use_load({.level = 0.3});
  f.begin();
  f.run(1h);
  ASSERT_TRUE(f.is_on());
  const double energy = f.reading("session_energy").value;

  f.begin();
  f.run(2min);

  EXPECT_TRUE(f.is_on());
  EXPECT_EQ(f.starts(), 1) << "it never went off";
  EXPECT_GE(f.reading("session_energy").value, energy - 0.01);
  EXPECT_TRUE(f.sessions.empty());
}

TEST_F(ChargeManager, ARestartDoesNotSwitchOnWhatTheUserHadStarted) {
  f.use_load({.level = 0.3});
  f.begin();
  f.run(10s);
  f.settings().start_delay_min = 0;
  f.command("start_delay", 30);
  EXPECT_TRUE(f.command("charge_start").accepted);
  f.run(5min);
  ASSERT_FALSE(f.is_on());

  f.begin();
  f.run(2h);
  EXPECT_EQ(f.starts(), 0);
}

TEST_F(ChargeManager, ARestartDuringAChargeByHandGoesOn) {
  f.use_load({.level = 0.3});
  f.settings().start_delay_min = 2;
  f.begin();
  f.run(10s);
  f.command("charge_start");
  f.run(1h);
  ASSERT_TRUE(f.is_on());
  f.begin();
  f.run(1h);
  EXPECT_TRUE(f.is_on()) << f.text("charge_reason");
  EXPECT_TRUE(f.sessions.empty());
}

TEST_F(ChargeManager, AStopOfTheProgramKeepsTheSessionOfTheSchedule) {
  schedule("20:00-06:00");
  f.use_load({.level = 0.3});
  f.begin();
  f.run(1h);
  f.tick({}, true);
  f.pass(10s);
  f.tick({}, true);
  ASSERT_FALSE(f.is_on());
  EXPECT_TRUE(f.sessions.empty());

  f.begin();
  f.run(5min);
  EXPECT_TRUE(f.is_on()) << f.text("charge_reason");
  EXPECT_GT(f.reading("session_energy").value, 0.05);
}

TEST_F(ChargeManager, AStopOfTheProgramEndsWhatTheUserHadStarted) {
  f.use_load({.level = 0.3});
  f.begin();
  f.run(10s);
  f.command("charge_start");
  f.run(1h);
  f.tick({}, true);
  ASSERT_FALSE(f.is_on());

  f.begin();
  f.run(1h);
  EXPECT_EQ(f.starts(), 1) << "nothing is switched on because the program has started";
}

TEST_F(ChargeManager, ARestartAfterTheGuardHasFiredPlansAnew) {
  schedule("20:00-06:00");
  f.use_load({.level = 0.3});
  f.begin();
  f.run(1h);
  f.pass(40min);  // the program is gone; the plug switches itself off
  ASSERT_FALSE(f.is_on());

  f.begin();
  f.run(20min);
  EXPECT_TRUE(f.is_on()) << f.text("charge_reason");
}

TEST_F(ChargeManager, ARestartKeepsAFaultLatched) {
  schedule("");
  f.settings().profile.max_power_w = 60;
  f.use_load({.level = 0.3});
  f.begin();
  f.run(10min);
  ASSERT_EQ(f.state(), ChargeState::fault);
  f.begin();
  f.run(1h);
  EXPECT_EQ(f.state(), ChargeState::fault);
  EXPECT_FALSE(f.is_on());
  EXPECT_TRUE(f.reading("alarm_charger_fault").is_on());
}

TEST_F(ChargeManager, ARestartKeepsWhatTheUserHasPaused) {
  schedule("");
  f.use_load({.level = 0.3});
  f.begin();
  f.run(20min);
  f.command("charge_pause");
  f.run(1min);
  f.begin();
  f.run(1h);
  EXPECT_EQ(f.state(), ChargeState::paused);
  EXPECT_FALSE(f.is_on());
}

TEST_F(ChargeManager, ARestartAfterTheEndDoesNotChargeAgain) {
  schedule("20:00-10:00");
  f.settings().cool_down_h = 0;
  f.use_load({.level = 0.98});
  f.begin();
  f.run_until("sat 01:00");
  ASSERT_EQ(f.sessions.size(), 1U);
  const std::string last = f.text("last_result");
  f.begin();
  f.run(2h);
  EXPECT_EQ(f.starts(), 1);
  EXPECT_EQ(f.text("last_result"), last);
}

TEST_F(ChargeManager, ARestartInAnEmptySocketDoesNotClickOn) {
  schedule("20:00-10:00");
  f.plug().load.plug_in(false);
  f.begin();
  f.run(30min);
  ASSERT_EQ(f.sessions.size(), 1U);
  EXPECT_EQ(f.sessions[0].result, "no_load");
  f.begin();
  f.run(2h);
  EXPECT_EQ(f.starts(), 1);
}

TEST_F(ChargeManager, TheWindowEndsWithTheLocalClockWhenThatIsSetForward) {
  schedule("22:00-06:00");
  f.use_load({.capacity_wh = 2000, .level = 0});
  f.set_wall(rules::from_unix(1774728000));  // 2026-03-28 21:00
  f.begin();
  f.run(1h + 7h - 1min);
  EXPECT_TRUE(f.is_on()) << rules::moment_text(f.wall());
  f.run(2min);
  EXPECT_FALSE(f.is_on()) << rules::moment_text(f.wall());
  EXPECT_EQ(rules::moment_text(f.wall()), "sun 06:01");
}

TEST_F(ChargeManager, WritesOnceAMinuteAtMostWhileNothingHappens) {
  schedule("");
  f.use_load({.level = 0.3});
  f.begin();
  f.run(20min);
  int ticks_with_writes = 0;
  for (int i = 0; i < 60; ++i) {
    f.run(10s);
    for (const Kept& k : f.decision().kept)
      ticks_with_writes += k.key == "charger.charger1.session";
  }
  EXPECT_LE(ticks_with_writes, 11);
  EXPECT_GE(ticks_with_writes, 5);
}

TEST_F(ChargeManager, SettingsSurviveARestartUntilTheFileChangesThem) {
  schedule("22:00-06:00");
  f.begin();
  f.run(10s);
  EXPECT_TRUE(f.write("schedule_windows", "daily 1:00-2:00").accepted);
  EXPECT_TRUE(f.command("charge_mode", static_cast<double>(ChargeMode::full)).accepted);
  EXPECT_TRUE(f.command("cool_down", 3.5).accepted);

  f.begin();
  f.run(10s);
  EXPECT_EQ(f.text("schedule_windows"), "01:00-02:00");
  EXPECT_EQ(f.reading("charge_mode").value, static_cast<double>(ChargeMode::full));
  EXPECT_EQ(f.reading("cool_down").value, 3.5);

  f.settings().windows = "23:00-05:00";
  f.begin();
  f.run(10s);
  EXPECT_EQ(f.text("schedule_windows"), "23:00-05:00");
  EXPECT_EQ(f.reading("cool_down").value, 3.5) << "that one is as it was";
}

TEST_F(ChargeManager, AWrongWindowIsRefusedWithItsPlace) {
  f.begin();
  f.run(10s);
  const Verdict verdict = f.write("schedule_windows", "mon 25:00-06:00");
  EXPECT_FALSE(verdict.accepted);
  EXPECT_NE(verdict.reason.find("character 5"), std::string::npos) << verdict.reason;
  EXPECT_EQ(f.text("schedule_windows"), "any time");
}

TEST_F(ChargeManager, ImpossibleTargetsAreExplained) {
  f.begin();
  f.run(10s);
  const auto reason = [&](const char* key, double value) {
    const Verdict v = f.command(key, value);
    EXPECT_FALSE(v.accepted) << key;
    return v.reason;
  };
  EXPECT_NE(reason("target_power", 115).find("104.5 W"), std::string::npos);
  EXPECT_NE(reason("charge_target", static_cast<double>(ChargeTarget::soc)).find("pack"),
            std::string::npos);
  EXPECT_NE(
      reason("charge_mode", static_cast<double>(ChargeMode::storage)).find("Charge level now"),
      std::string::npos);
  EXPECT_NE(reason("price_limited", 1).find("price_topic"), std::string::npos);
  EXPECT_TRUE(f.command("start_level", 40).accepted);
  EXPECT_TRUE(f.command("charge_mode", static_cast<double>(ChargeMode::storage)).accepted);
}

TEST_F(ChargeManager, StorageEndsByEnergyAndForgetsWhereTheBatteryStood) {
  f.use_load({.capacity_wh = 840, .level = 0.4});
  f.begin();
  f.run(10s);
  f.command("start_level", 40);
  f.command("charge_mode", static_cast<double>(ChargeMode::storage));
  EXPECT_TRUE(f.command("charge_start").accepted);
  f.run(4h);

  ASSERT_EQ(f.sessions.size(), 1U);
  EXPECT_NEAR(f.sessions[0].energy_wh, 840 * 0.2, 5);
  EXPECT_FALSE(f.reading("start_level").is_good());
  EXPECT_FALSE(f.command("charge_start").accepted) << "it is not known any more where it stands";
}

TEST_F(ChargeManager, ModeOffEndsARunningCharge) {
  schedule("");
  f.use_load({.level = 0.3});
  f.begin();
  f.run(20min);
  ASSERT_TRUE(f.is_on());
  f.command("charge_mode", static_cast<double>(ChargeMode::off));
  f.run(10s);
  EXPECT_FALSE(f.is_on());
  EXPECT_EQ(f.sessions.size(), 1U);
}

TEST_F(ChargeManager, AFullChargeIsDueOnItsWeekday) {
  schedule("22:00-06:00");
  f.settings().profile.target = ChargeTarget::knee;
  f.settings().full_every = FullEvery::week;
  f.settings().full_weekday = 6;  // saturday
  f.use_load({.level = 0.8});
  f.begin();
  f.run_until("sat 06:00");
  ASSERT_EQ(f.sessions.size(), 1U);
  EXPECT_EQ(f.sessions[0].mode, ChargeMode::nominal);
  f.use_load({.level = 0.8});
  f.run_until("sun 06:00");

  ASSERT_EQ(f.sessions.size(), 2U);
  EXPECT_EQ(f.sessions[1].mode, ChargeMode::full);
  EXPECT_EQ(f.local("last_full").substr(0, 3), "sun");
  f.use_load({.level = 0.8});
  f.run_until("mon 06:00");
  ASSERT_EQ(f.sessions.size(), 3U);
  EXPECT_EQ(f.sessions[2].mode, ChargeMode::nominal);
}

TEST_F(ChargeManager, WithoutControlAllowNothingIsSwitched) {
  ChargerFixture forbidden({.allowed = false});
  forbidden.settings().mode = ChargeMode::full;
  forbidden.settings().schedule = true;
  forbidden.begin();
  forbidden.run(1h);
  EXPECT_FALSE(forbidden.has_output());
  EXPECT_NE(forbidden.text("charge_reason").find("control.allow"), std::string::npos);
}

TEST_F(ChargeManager, AtTheEndOfTheProgramEverythingIsOff) {
  schedule("");
  f.use_load({.level = 0.3});
  f.begin();
  f.run(20min);
  ASSERT_TRUE(f.is_on());
  f.tick({}, true);
  EXPECT_FALSE(f.is_on());
}

TEST_F(ChargeManager, AtTheEndOfTheProgramAChargeMayBeLeftToItsGuard) {
  schedule("");
  f.settings().keeps_on_at_stop = true;
  f.use_load({.level = 0.3});
  f.begin();
  f.run(20min);
  f.tick({}, true);
  EXPECT_TRUE(f.is_on());
  ASSERT_FALSE(f.decision().outputs.empty());
  EXPECT_TRUE(f.decision().outputs[0].may_stay);
  EXPECT_GT(f.plug().guard_left_s, 0);
}

TEST_F(ChargeManager, AFaultRaisesItsAlarmOnceAndIsClearedOnlyWithoutItsCause) {
  schedule("");
  f.settings().profile.max_power_w = 60;
  f.use_load({.level = 0.3});
  f.begin();
  f.run(10min);
  ASSERT_EQ(f.state(), ChargeState::fault) << f.text("charge_reason");

  ASSERT_EQ(f.alerts.size(), 1U);
  EXPECT_TRUE(f.alerts[0].active);
  EXPECT_EQ(f.alerts[0].severity, Severity::error);
  EXPECT_TRUE(f.reading("problem").is_on());
  EXPECT_EQ(count(f.notes, "fault_raised"), 1);
  EXPECT_FALSE(f.command("charge_start").accepted);

  EXPECT_TRUE(f.command("clear_fault").accepted);
  f.run(10s);
  EXPECT_TRUE(f.reading("alarm_charger_fault").is_off());
  ASSERT_EQ(f.alerts.size(), 2U);
  EXPECT_FALSE(f.alerts[1].active);
  EXPECT_FALSE(f.command("clear_fault").accepted) << "there is none now";
}

TEST_F(ChargeManager, UnknownFiguresAreMissing) {
  f.begin();
  f.run(10s);
  for (const char* key : {"session_energy", "session_cost", "time_left", "next_start", "last_full",
                          "learned_peak", "start_level", "charge_level"})
    EXPECT_EQ(f.reading(key).quality, Quality::missing) << key;
  EXPECT_TRUE(f.reading("charge_state").is_good());
}

struct PricedCharger : testing::Test {
  ChargerFixture f{{.has_price = true}};
  PricedCharger() {
    f.settings().mode = ChargeMode::full;
    f.settings().schedule = true;
    f.settings().price_limited = true;
    f.settings().price_limit = 0.30;
    f.use_load({.level = 0.3});
    f.begin();
  }
};

TEST_F(PricedCharger, DoesNotStartWithoutAPrice) {
  f.run(1h);
  EXPECT_EQ(f.starts(), 0);
  EXPECT_NE(f.text("charge_reason").find("price is not known"), std::string::npos);
}

TEST_F(PricedCharger, PausesWhileThePriceIsAboveTheLimit) {
  f.run(10s);
  f.set_price(0.25);
  f.run(30min);
  ASSERT_TRUE(f.is_on());
  f.set_price(0.35);
  f.run(1min);
  EXPECT_EQ(f.state(), ChargeState::paused);
  EXPECT_NE(f.text("charge_reason").find("0.35"), std::string::npos) << f.text("charge_reason");
  f.set_price(0.30);
  f.run(10min);
  EXPECT_TRUE(f.is_on()) << "the limit itself is fine";
  EXPECT_GT(f.reading("session_cost").value, 0);
}

TEST_F(PricedCharger, AnOldPriceIsNone) {
  f.run(10s);
  f.set_price(0.25);
  f.run(30min);
  ASSERT_TRUE(f.is_on());
  f.run(2h);
  EXPECT_FALSE(f.is_on());
}

struct BoundCharger : testing::Test {
  ChargerFixture f{{.with_pack = true}};
  BoundCharger() {
    f.settings().mode = ChargeMode::nominal;
    f.settings().profile.target = ChargeTarget::soc;
    f.settings().schedule = true;
    f.use_load({.level = 0.3});
    f.begin();
  }
};

TEST_F(BoundCharger, StopsAtTheStateOfCharge) {
  f.run(20min);
  ASSERT_TRUE(f.is_on()) << f.text("charge_reason");
  f.fill_pack(3.35_V, 80);
  f.run(1min);
  EXPECT_FALSE(f.is_on());
  ASSERT_EQ(f.sessions.size(), 1U);
  EXPECT_EQ(f.sessions[0].result, "done");
}

TEST_F(BoundCharger, TheLimitsOfThePackAlwaysWin) {
  f.run(20min);
  ASSERT_TRUE(f.is_on());
  f.fill_pack(3.70_V, 60);
  f.run(10s);
  EXPECT_FALSE(f.is_on());
  EXPECT_NE(f.text("charge_reason").find("3.7"), std::string::npos) << f.text("charge_reason");
}

struct SharedCircuit : testing::Test {
  ChargerFixture f{{.plugs = 2}};
  void share(rules::Circuit circuit) {
    circuit.id = "strip";
    f.circuits().push_back(circuit);
    for (int n : {1, 2}) {
      f.settings(n).circuit = "strip";
      f.settings(n).mode = ChargeMode::full;
      f.settings(n).schedule = true;
      f.use_load({.level = 0.8}, n);
    }
  }
};

TEST_F(SharedCircuit, OneAfterTheOther) {
  share({.id = {}, .max_chargers = 1, .max_power_w = 0});
  f.begin();
  f.run(20min);
  EXPECT_TRUE(f.is_on(1));
  EXPECT_FALSE(f.is_on(2));
  EXPECT_NE(f.text("charge_reason", 2).find("Plug 1"), std::string::npos)
      << f.text("charge_reason", 2);
  for (int i = 0; i < 7 * 60 * 6; ++i) {
    f.run(10s);
    ASSERT_FALSE(f.is_on(1) && f.is_on(2));
  }
  EXPECT_EQ(f.starts(1), 1);
  EXPECT_EQ(f.starts(2), 1);
}

TEST_F(SharedCircuit, WhoMustBeReadyFirstGoesFirst) {
  share({.id = {}, .max_chargers = 1, .max_power_w = 0});
  f.settings(2).ready_by = "sat 01:00";
  f.settings(2).windows = "20:00-23:00";
  f.begin();
  f.run(20min);
  EXPECT_TRUE(f.is_on(2)) << f.text("charge_reason", 2);
  EXPECT_FALSE(f.is_on(1));
}

TEST_F(SharedCircuit, PowerCountsAsThePeakBeforeItIsMeasured) {
  share({.id = {}, .max_chargers = 0, .max_power_w = 200});
  f.begin();
  f.run(20min);
  EXPECT_NE(f.is_on(1), f.is_on(2));
  f.run(4h);  // the first one's tail leaves room
  EXPECT_EQ(f.starts(1) + f.starts(2), 2);
}

}  // namespace
}  // namespace b2m

// SPDX-License-Identifier: MIT
// The charge manager when the program ends and comes back, and what it keeps for that.
#include <gtest/gtest.h>

#include "tests/support/charge_manager_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using test::ChargeManager;

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

}  // namespace
}  // namespace b2m

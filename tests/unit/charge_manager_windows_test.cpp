// SPDX-License-Identifier: MIT
// When the charge manager charges by itself: windows, the time to be ready by, the clock.
#include <gtest/gtest.h>

#include "gateway/rules/local_time.hpp"
#include "tests/support/charge_manager_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using test::ChargeManager;

bool is_charging(ChargeState s) {
  return s == ChargeState::charge_cc || s == ChargeState::charge_cv;
}

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

}  // namespace
}  // namespace b2m

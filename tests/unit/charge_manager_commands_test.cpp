// SPDX-License-Identifier: MIT
// What users tell the charge manager: starts, stops and settings.
#include <gtest/gtest.h>

#include "tests/support/charge_manager_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using test::ChargeManager;

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

}  // namespace
}  // namespace b2m

// SPDX-License-Identifier: MIT
// What the charge manager says and heeds: faults, prices, the pack behind the charger.
#include <gtest/gtest.h>

#include "tests/support/charge_manager_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using test::ChargeManager;
using test::ChargerFixture;

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

TEST_F(ChargeManager, WithoutControlAllowNothingIsSwitched) {
  ChargerFixture forbidden({.allowed = false});
  forbidden.settings().mode = ChargeMode::full;
  forbidden.settings().schedule = true;
  forbidden.begin();
  forbidden.run(1h);
  EXPECT_FALSE(forbidden.has_output());
  EXPECT_NE(forbidden.text("charge_reason").find("control.allow"), std::string::npos);
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

}  // namespace
}  // namespace b2m

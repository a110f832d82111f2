// SPDX-License-Identifier: MIT
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/balance_rig.hpp"

namespace b2m {
namespace {

using test::BalanceRig;
using test::BalanceSpec;
using testing::HasSubstr;

class Balancing : public testing::Test {
 protected:
  void TearDown() override {
    for (const std::string& what : rig.broken) ADD_FAILURE() << what;
  }
  void expect_refused(const Verdict& verdict, const std::string& why) const {
    EXPECT_FALSE(verdict.accepted);
    EXPECT_THAT(verdict.reason, HasSubstr(why));
    EXPECT_EQ(rig.bleeding(), 0);
    EXPECT_THAT(rig.reason(), HasSubstr(why));
  }
  /// One cell is 30 mV above the others.
  void start_run(int number = 2, double high_v = 4.03) {
    rig.cells[static_cast<std::size_t>(number - 1)].volts = high_v;
    ASSERT_TRUE(rig.balance().accepted);
    rig.run(8);
    ASSERT_TRUE(rig.is_bleeding(number)) << rig.reason();
  }
  void expect_over(const std::string& why) {
    EXPECT_FALSE(rig.is_balancing());
    EXPECT_EQ(rig.bleeding(), 0);
    EXPECT_THAT(rig.reason(), HasSubstr(why));
    ASSERT_FALSE(rig.notes.empty());
    EXPECT_EQ(rig.notes.back().type, "balancing_ended");
  }
  BalanceRig rig;
};

TEST_F(Balancing, ABleedByHandEndsAfterItsTime) {
  ASSERT_TRUE(rig.bleed(5).accepted);
  EXPECT_TRUE(rig.is_bleeding(5));
  EXPECT_EQ(rig.bleeding(), 1);
  rig.run(58);
  EXPECT_TRUE(rig.is_bleeding(5));
  EXPECT_LE(rig.output(5).guard_s, 2);
  rig.run(2);

  EXPECT_EQ(rig.bleeding(), 0);
  EXPECT_THAT(rig.reason(), HasSubstr("Pack 1 module 2: Cell 2 bleed ended: its time is over"));
  EXPECT_EQ(rig.notes.back().key, "cell_02_bleed");
}

TEST_F(Balancing, NothingIsOrderedOnForLessThanASecond) {
  ASSERT_TRUE(rig.bleed(5).accepted);
  for (int tick = 0; tick < 700; ++tick) {
    rig.run(0.1);
    if (rig.output(5).value != 0) {
      ASSERT_GE(rig.output(5).guard_s, 1);
    }
  }
  EXPECT_FALSE(rig.is_bleeding(5));
}

TEST_F(Balancing, SwitchedOnAgainItGoesOnForTheWholeTime) {
  rig.bleed(1);
  rig.run(40);
  rig.bleed(1);
  rig.run(40);
  EXPECT_TRUE(rig.is_bleeding(1));
  rig.run(20);
  EXPECT_FALSE(rig.is_bleeding(1));
}

TEST_F(Balancing, OffEndsABleedAndIsSaidEvenWhenNothingIsOn) {
  rig.bleed(1);
  rig.bleed(2);
  ASSERT_TRUE(rig.bleed(1, false).accepted);
  EXPECT_FALSE(rig.is_bleeding(1));
  EXPECT_TRUE(rig.is_bleeding(2));
  rig.bleed(3, false);
  EXPECT_TRUE(rig.output(3).resend) << "somebody else may have switched it on";
}

TEST_F(Balancing, RefusesACellWithoutAFreshVoltage) {
  rig.cells[0].is_silent = true;
  rig.run(6);
  const Verdict verdict = rig.bleed(1);
  EXPECT_FALSE(verdict.accepted);
  EXPECT_THAT(verdict.reason, HasSubstr("Cell 1 voltage is stale"));
}

TEST_F(Balancing, RefusesACellAtOrBelowTheBalanceVoltage) {
  rig.cells[0].volts = 3.9;
  rig.run(1);
  expect_refused(rig.bleed(1), "nothing is bled at or below 3.900 V");
}

TEST_F(Balancing, RefusesACellNearTheLowLimitWhateverTheUserHasSet) {
  const Verdict low = rig.command(rig.slot("balance_voltage"), 3.05);
  EXPECT_FALSE(low.accepted);
  EXPECT_THAT(low.reason, HasSubstr("not above the low limit"));
  rig.cells[0].volts = 3.09;
  rig.run(1);
  expect_refused(rig.bleed(1), "near the low limit");
}

TEST_F(Balancing, RefusesWhileASensorIsHotOrSilent) {
  rig.celsius[1] = 48.5;
  rig.run(1);
  expect_refused(rig.bleed(4), "Temperature 1 is 48.5");
  EXPECT_TRUE(rig.bleed(1).accepted) << "the other module is cool";
  rig.bleed(1, false);
  rig.sensors_are_silent = true;
  rig.run(6);
  expect_refused(rig.bleed(1), "");
}

TEST(BalancingSites, APackWithoutSensorsIsBledWithoutThem) {
  BalanceRig rig({.temperatures = false});
  EXPECT_TRUE(rig.bleed(1).accepted);
}

TEST_F(Balancing, RefusesWhileAnAlarmIsOn) {
  rig.cells[5].volts = 2.9;
  rig.run(4);
  expect_refused(rig.bleed(1), "the alarm \"Cell voltage low\" is on");
}

TEST_F(Balancing, ACellThatIsTooHighMayBeBled) {
  rig.cells[5].volts = 4.25;
  rig.run(4);
  EXPECT_TRUE(rig.bleed(6).accepted);
}

TEST_F(Balancing, RefusesWhileTheGatewayStops) {
  rig.is_stopping = true;
  expect_refused(rig.bleed(1), "the gateway is stopping");
  expect_refused(rig.balance(), "the gateway is stopping");
}

TEST_F(Balancing, RefusesWhileTheAdapterIsAway) {
  rig.is_connected = false;
  expect_refused(rig.bleed(1), "ring1 is not connected");
}

TEST(BalancingSites, CellsWithoutBleedersCountButAreNotBled) {
  BalanceRig rig({.bleeders = 2});
  for (const std::size_t i : {1U, 2U}) rig.cells[i].volts = 4.05;  // cell 3 has no bleeder
  ASSERT_TRUE(rig.balance().accepted);
  rig.run(10);
  EXPECT_TRUE(rig.is_bleeding(2));
  EXPECT_EQ(rig.bleeding(), 1);
  ASSERT_TRUE(rig.run_until_over(600));
  EXPECT_THAT(rig.reason(), HasSubstr("no cell that can be bled is high enough"));
}

TEST(BalancingSites, ANodeThatSaysNothingOfABleederIsLeftAlone) {
  BalanceRig rig({.without_bleeder = {3}});
  EXPECT_THAT(rig.bleed(3).reason, HasSubstr("can it be bled at all?"));
  for (const std::size_t i : {1U, 2U}) rig.cells[i].volts = 4.05;
  ASSERT_TRUE(rig.balance().accepted);
  rig.run(10);
  EXPECT_TRUE(rig.is_bleeding(2)) << rig.reason();
  EXPECT_EQ(rig.bleeding(), 1);
}

TEST(BalancingSites, WithoutLeaveNothingIsSentAtAll) {
  BalanceRig rig({.allowed = false});
  rig.bleed(1);
  rig.balance();
  EXPECT_EQ(rig.bleeding(), 0);
  EXPECT_FALSE(rig.is_balancing());
  EXPECT_TRUE(rig.broken.empty());
}

TEST(BalancingSites, WithoutABalanceVoltageNothingIsBled) {
  BalanceSpec spec;
  spec.plan.balance_voltage_v = 0;
  BalanceRig rig(spec);
  EXPECT_THAT(rig.bleed(1).reason, HasSubstr("balance_voltage_v in [[pack]]"));
  EXPECT_THAT(rig.balance().reason, HasSubstr("balance_voltage_v in [[pack]]"));
}

TEST(BalancingSites, AtMostSoManyOfAModule) {
  BalanceSpec spec;
  spec.plan.max_bleeders = 1;
  BalanceRig rig(spec);
  EXPECT_TRUE(rig.bleed(1).accepted);
  EXPECT_THAT(rig.bleed(2).reason, HasSubstr("max_bleeders is 1"));
  EXPECT_TRUE(rig.bleed(4).accepted) << "of another module";
  rig.balance(false);
  rig.cells[0].volts = 4.02;
  rig.cells[1].volts = 4.05;
  rig.cells[4].volts = 4.03;
  rig.balance();
  rig.run(10);
  EXPECT_EQ(rig.bleeding(), 2);
  EXPECT_TRUE(rig.is_bleeding(2)) << "the highest of its module";
  EXPECT_TRUE(rig.is_bleeding(5));
}

TEST_F(Balancing, AVoltageThatFallsSilentEndsABleed) {
  rig.bleed(1);
  rig.cells[0].is_silent = true;
  rig.run(6);
  EXPECT_EQ(rig.bleeding(), 0);
  EXPECT_EQ(rig.notes.back().severity, Severity::warning);
}

TEST_F(Balancing, ABleederThatDoesNotComeOnIsGivenUp) {
  rig.cells[0].is_stuck = true;
  rig.bleed(1);
  rig.run(31);
  EXPECT_FALSE(rig.is_bleeding(1));
  EXPECT_THAT(rig.reason(), HasSubstr("has not come on"));
}

TEST_F(Balancing, OrdersThatFailThreeTimesEndABleed) {
  rig.cells[0].is_stuck = true;
  rig.bleed(1);
  for (int i = 0; i < 3; ++i) {
    rig.failures = {{rig.bleed_slot(1), 1, "the node is too hot", Errc::refused}};
    rig.step();
  }
  EXPECT_FALSE(rig.is_bleeding(1));
  EXPECT_THAT(rig.reason(), HasSubstr("the node is too hot"));
}

TEST_F(Balancing, ARunBleedsTheHighCellUntilItIsBalanced) {
  start_run();
  EXPECT_EQ(rig.bleeding(), 1);
  EXPECT_THAT(rig.reason(), HasSubstr("Bleeds 1 of 6 cells"));
  ASSERT_TRUE(rig.run_until_over(600));
  expect_over("balanced");
  EXPECT_LE(rig.cells[1].volts, 4.0101);
  EXPECT_GT(rig.cells[1].volts, 3.97) << "and not far below the others";
}

TEST_F(Balancing, ARunDecidesOnReadingsTakenWithoutBleeding) {
  rig.bleed(4);
  rig.run(2);
  rig.cells[1].volts = 4.03;
  ASSERT_TRUE(rig.balance().accepted);
  EXPECT_EQ(rig.bleeding(), 0) << "what was on by hand rests as well";
  rig.run(4.5);
  EXPECT_EQ(rig.bleeding(), 0);
  rig.run(2);
  EXPECT_EQ(rig.bleeding(), 1);
}

TEST_F(Balancing, ARunRestsAfterEveryPeriod) {
  start_run(2, 4.1);
  rig.run(60);
  EXPECT_EQ(rig.bleeding(), 0);
  EXPECT_TRUE(rig.is_balancing());
  rig.run(8);
  EXPECT_EQ(rig.bleeding(), 1);
}

TEST_F(Balancing, NoSecondHandIsLaidOnARun) {
  start_run();
  EXPECT_THAT(rig.bleed(3).reason, HasSubstr("a balancing run is on"));
  EXPECT_TRUE(rig.is_balancing());
}

TEST_F(Balancing, ARunOfCellsBelowTheBalanceVoltageEnds) {
  for (auto& cell : rig.cells) cell.volts = 3.8;
  rig.cells[0].volts = 3.85;
  rig.run(1);
  rig.balance();
  rig.run(10);
  expect_over("no cell is above 3.900 V");
}

TEST_F(Balancing, TheUserEndsARunAtItsSwitchOrAtACell) {
  start_run();
  rig.balance(false);
  expect_over("switched off by the user");
  rig.cells[1].volts = 4.03;
  start_run();
  rig.bleed(2, false);
  expect_over("switched off by the user");
}

struct End {
  const char* name;
  std::function<void(BalanceRig&)> spoil;
  const char* why;
};

TEST_F(Balancing, WhateverIsInTheWayEndsARunWithItsReason) {
  const End ends[] = {
      {"stale", [](BalanceRig& r) { r.cells[3].is_silent = true; }, "Cell 1 voltage"},
      {"hot", [](BalanceRig& r) { r.celsius[1] = 49; }, "from 48.0 °C on nothing is bled"},
      {"sensor", [](BalanceRig& r) { r.sensors_are_silent = true; }, "Temperature 1 is stale"},
      {"low", [](BalanceRig& r) { r.cells[5].volts = 3.05; }, "near the low limit"},
      {"away", [](BalanceRig& r) { r.is_connected = false; }, "ring1 is not connected"},
      {"stop", [](BalanceRig& r) { r.is_stopping = true; }, "the gateway is stopping"},
  };
  for (const End& end : ends) {
    SCOPED_TRACE(end.name);
    BalanceRig fresh;
    fresh.cells[1].volts = 4.1;
    fresh.balance();
    fresh.run(10);
    ASSERT_EQ(fresh.bleeding(), 1);
    end.spoil(fresh);
    fresh.run(6);
    EXPECT_FALSE(fresh.is_balancing());
    EXPECT_EQ(fresh.bleeding(), 0);
    EXPECT_THAT(fresh.reason(), HasSubstr(end.why));
    EXPECT_EQ(fresh.notes.back().severity, Severity::warning);
    EXPECT_THAT(fresh.broken, testing::IsEmpty());
  }
}

TEST(BalancingSites, ARunEndsAtItsTimeLimit) {
  BalanceSpec spec;
  spec.plan.balance_max_h = 0.1;
  BalanceRig rig(spec);
  rig.cells[1].volts = 4.19;
  rig.balance();
  rig.run(355);
  EXPECT_TRUE(rig.is_balancing());
  rig.run(10);
  EXPECT_FALSE(rig.is_balancing());
  EXPECT_THAT(rig.reason(), HasSubstr("the time limit of 0.1 h is over"));
}

TEST_F(Balancing, ARunIsNotTakenUpAgainAfterARestart) {
  start_run();
  rig.restart();
  EXPECT_FALSE(rig.is_balancing());
  EXPECT_EQ(rig.bleeding(), 0);
  EXPECT_THAT(rig.reason(), HasSubstr("the gateway was restarted"));
}

TEST_F(Balancing, SettingsOutliveARestartUntilTheConfigurationChanges) {
  EXPECT_EQ(rig.value("balance_difference"), 0.01);
  ASSERT_TRUE(rig.command(rig.slot("balance_difference"), 0.05).accepted);
  ASSERT_TRUE(rig.command(rig.slot("bleed_time"), 10).accepted);
  rig.restart();
  EXPECT_EQ(rig.value("balance_difference"), 0.05);
  rig.bleed(1);
  rig.run(10);
  EXPECT_EQ(rig.bleeding(), 0);

  BalanceSpec changed;
  changed.plan.balance_difference_v = 0.03;
  BalanceRig other(changed);
  other.kept = rig.kept;
  other.restart();
  EXPECT_EQ(other.value("balance_difference"), 0.03);
  EXPECT_EQ(other.value("bleed_time"), 10);
}

}  // namespace
}  // namespace b2m

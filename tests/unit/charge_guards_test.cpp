// SPDX-License-Identifier: MIT
// Guards that hold whatever the goal is, and goals that cannot be.
#include "gateway/rules/charge_guards.hpp"

#include <gtest/gtest.h>

#include "gateway/rules/charge_goals.hpp"
#include "tests/support/charge_rig.hpp"

namespace b2m {
namespace {

using namespace test;

constexpr double kHour = 3600;

class ChargeGuards : public testing::Test {
 protected:
  void TearDown() override {
    if (!rig) return;
    for (const auto& what : rig->broken) ADD_FAILURE() << what;
  }
  void start(rules::ChargerSettings settings = rad_charger(), double watts = 100,
             rules::Learned learned = {}) {
    rig.emplace(settings, learned);
    rig->load = constant_load(watts);
    rig->wish(full_goal());
    ASSERT_TRUE(rig->run_to(ChargeState::charge_cc, 200)) << rig->reason();
  }
  void expect_fault(double within_s, const std::string& text) {
    ASSERT_TRUE(rig->run_to(ChargeState::fault, within_s)) << rig->reason();
    EXPECT_NE(rig->reason().find(text), std::string::npos) << rig->reason();
    EXPECT_FALSE(rig->out.relay_on);
  }
  void weld() {
    start();
    rig->obeys_off = false;
    rig->wish_nothing();
    expect_fault(60, "welded");
  }
  std::optional<ChargeRig> rig;
};

TEST_F(ChargeGuards, TheTimeLimitFollowsFromTheProfile) {
  rules::ChargingProfile profile;
  EXPECT_EQ(rules::time_limit_h(profile), 12);
  profile.capacity_ah = 14;
  profile.charger_current_a = 2;
  EXPECT_NEAR(rules::time_limit_h(profile), 11.75, 1e-9);
  profile.capacity_ah = 50;
  EXPECT_EQ(rules::time_limit_h(profile), 12);
  profile.max_hours = 20;
  EXPECT_EQ(rules::time_limit_h(profile), 20);
}

TEST_F(ChargeGuards, TooLongIsAFaultAndPausesDoNotCount) {
  auto settings = rad_charger();
  settings.profile.max_hours = 2;
  start(settings, 50);
  rig->run(kHour);
  rig->wish_pause();
  rig->run(3 * kHour);
  rig->wish(full_goal());
  ASSERT_TRUE(rig->run_to(ChargeState::charge_cc, 200));

  expect_fault(kHour + 60, "the limit is 2.0 h");
  EXPECT_NEAR(rig->charged_s(), 2 * kHour, 60);
  EXPECT_EQ(rig->result(), "limit");
}

TEST_F(ChargeGuards, TheTimeIsKeptOverRestarts) {
  auto settings = rad_charger();
  settings.profile.max_hours = 2;
  start(settings, 50);
  for (int i = 0; i < 5; ++i) {
    rig->run(600);
    rig->restart(600);
    rig->run(20);
  }

  expect_fault(2 * kHour, "the limit is 2.0 h");
  EXPECT_LE(rig->charged_s(), 2 * kHour + 60);
}

TEST_F(ChargeGuards, TooMuchEnergyIsAFault) {
  auto settings = rad_charger();
  settings.profile.capacity_ah = 2;  // 138 Wh at the most
  settings.profile.max_hours = 12;
  start(settings);

  expect_fault(2 * kHour, "capacity_ah");
  EXPECT_NEAR(rig->drawn_wh(), 138, 1);
}

TEST_F(ChargeGuards, MoreThanTheLearnedPeakForHalfAMinuteIsAFault) {
  rules::Learned learned;
  learned.peak_w = 100;
  start(rad_charger(), 100, learned);
  rig->load = constant_load(118);
  rig->run(25);
  EXPECT_EQ(rig->state(), ChargeState::charge_cc);

  expect_fault(20, "115 %");
}

TEST_F(ChargeGuards, MoreThanTheProfileAllowsIsAFaultAtTheSecondSample) {
  start();
  rig->load = constant_load(160);

  expect_fault(12, "150.0 W");
}

TEST_F(ChargeGuards, OneHighSampleIsNone) {
  start();
  rig->load = constant_load(160);
  rig->run(5);
  rig->load = constant_load(100);
  rig->run(60);

  EXPECT_EQ(rig->state(), ChargeState::charge_cc) << rig->reason();
}

TEST_F(ChargeGuards, ARelayThatIgnoresOffIsAFaultAfterFourOrders) { weld(); }

TEST_F(ChargeGuards, OnePressClearsAFaultWhoseRelayHasJustOpened) {
  weld();
  rig->obeys_off = true;
  rig->delay_poll(20);  // the power read last still flows
  rig->run(3);
  ASSERT_FALSE(rig->relay());
  rig->in.requests.clear_fault = true;

  EXPECT_TRUE(rig->run_to(ChargeState::off, 25)) << rig->reason();
  rig->run(120);
  EXPECT_EQ(rig->state(), ChargeState::off) << rig->reason();
}

TEST_F(ChargeGuards, AFaultWhoseRelayIsStillOnStaysAndSaysWhatIsMissing) {
  weld();
  const std::size_t changes = rig->transitions.size();
  rig->in.requests.clear_fault = true;
  for (int s = 0; s < 60 && rig->out.clear_refused.empty(); ++s) rig->step(1);

  EXPECT_NE(rig->out.clear_refused.find("its relay still reads on in 30 s"), std::string::npos)
      << rig->out.clear_refused;
  EXPECT_NE(rig->out.clear_refused.find("less than 1 W"), std::string::npos);
  rig->run(60);
  EXPECT_EQ(rig->transitions.size(), changes) << rig->reason();

  rig->in.requests.clear_fault = true;  // no easier the second time
  rig->run(60);
  EXPECT_EQ(rig->state(), ChargeState::fault);
}

TEST_F(ChargeGuards, PowerThatFlowsThroughAnOffRelayIsAFault) {
  rules::RelayOrder order;
  const auto at = [](double s) { return SteadyTime(from_seconds(100 + s)); };
  order.give(false, at(0));
  auto verdict = rules::RelayOrder::Verdict::fine;
  int repeats = 0;
  for (double s = 1; s < 60 && verdict != rules::RelayOrder::Verdict::ignored; ++s) {
    rules::PlugReadings plug;
    plug.relay = {0, at(s), Quality::good};
    plug.power_w = {100, at(s), Quality::good};
    verdict = order.step(plug, at(s));
    repeats += verdict == rules::RelayOrder::Verdict::repeat ? 1 : 0;
  }

  EXPECT_EQ(verdict, rules::RelayOrder::Verdict::ignored);
  EXPECT_EQ(repeats, 3);
  EXPECT_TRUE(order.is_relay_confirmed());
}

TEST_F(ChargeGuards, ReadingsFromBeforeTheOrderConfirmNothing) {
  rules::RelayOrder order;
  const SteadyTime now(from_seconds(100));
  order.give(false, now);
  rules::PlugReadings plug;
  plug.relay = {0, now, Quality::good};
  plug.power_w = {0, now, Quality::good};
  order.step(plug, now + from_seconds(1));

  EXPECT_FALSE(order.is_confirmed());
}

TEST_F(ChargeGuards, APlugThatDoesNotSwitchOnIsAFault) {
  rig.emplace();
  rig->obeys_on = false;
  rig->wish(full_goal());

  expect_fault(120, "could not be switched on");
}

TEST_F(ChargeGuards, APlugWithoutATimerIsNotCharged) {
  rig.emplace();
  rig->has_timer = false;
  rig->load = constant_load(100);
  rig->wish(full_goal());

  expect_fault(120, "the plug has no timer");
  EXPECT_EQ(rig->charged_s(), 0);
}

TEST_F(ChargeGuards, UnlessTheConfigurationSaysSo) {
  auto settings = rad_charger();
  settings.without_guard = true;
  rig.emplace(settings);
  rig->has_timer = false;
  rig->load = constant_load(100);
  rig->wish(full_goal());

  ASSERT_TRUE(rig->run_to(ChargeState::charge_cc, 200)) << rig->reason();
  EXPECT_TRUE(rig->out.is_guard_missing);
}

TEST_F(ChargeGuards, ATimerThatGoesAwayIsArmedAgainAndThenAFault) {
  start();
  rig->timer_is_lost = true;
  int armed = 0;
  while (rig->state() == ChargeState::charge_cc && rig->time_s() < 5000) {
    rig->step(1);
    armed += rig->out.arm_again ? 1 : 0;
  }

  EXPECT_EQ(armed, 2);
  expect_fault(1, "guard cannot be armed");
}

TEST_F(ChargeGuards, ATimerThatDoesNotCountIsNone) {
  start();
  rig->timer_is_frozen = true;

  expect_fault(200, "guard cannot be armed");
}

TEST_F(ChargeGuards, ARestartedPlugIsArmedAtOnceAndTheCountersStay) {
  start();
  rig->run(kHour);
  const double energy = rig->session->figures().energy_wh;
  rig->run(2);
  rig->restart_plug();
  rig->run(rig->poll_s + 1);

  EXPECT_GT(rig->guard_left_s(), 1780);
  EXPECT_EQ(rig->state(), ChargeState::charge_cc);
  EXPECT_GE(rig->session->figures().energy_wh, energy);
  ASSERT_EQ(rig->warnings.size(), 1u);
}

TEST_F(ChargeGuards, TheGuardIsRenewedForTheWholeCharge) {
  start();
  for (int i = 0; i < 4 * kHour / 60; ++i) {
    rig->run(60);
    ASSERT_GT(rig->guard_left_s(), 1100);
  }
}

struct Impossible {
  const char* name;
  rules::ChargeGoal goal;
  const char* text;
};

rules::ChargeGoal storage(rules::ChargeGoal goal, double start_w = 0) {
  goal.is_storage = true;
  goal.start_w = start_w;
  return goal;
}

TEST_F(ChargeGuards, ImpossibleGoalsAreExplainedOnceAndNotStarted) {
  const Impossible cases[] = {
      {"stop power above the peak", power_goal(115), "target_power"},
      {"no stop power", power_goal(0), "target_power"},
      {"start power above the peak", power_goal(45, 115), "nominal_start_w"},
      {"storage start above the peak", storage(energy_goal(50), 115), "storage_start_w"},
      {"storage by power", storage(power_goal(90)), "storage level"},
      {"storage by knee", storage(knee_goal()), "storage level"},
      {"fraction 0", fraction_goal(0), "target_fraction"},
      {"fraction 1", fraction_goal(1), "target_fraction"},
      {"no energy", energy_goal(0), "nothing to be charged"},
      {"no pack for soc", soc_goal(80), "no pack is bound"},
      {"no pack for cells", cell_goal(4.1), "no pack is bound"},
      {"no cell voltage", cell_goal(0), "target_cell_voltage"},
  };
  rules::Learned learned;
  learned.peak_w = 104.6;
  for (const Impossible& c : cases) {
    SCOPED_TRACE(c.name);
    ChargeRig one(rad_charger(), learned);
    one.load = constant_load(100);
    one.wish(c.goal);
    one.run(120);
    EXPECT_EQ(one.state(), ChargeState::off);
    ASSERT_EQ(one.warnings.size(), 1u);
    EXPECT_NE(one.warnings[0].find(c.text), std::string::npos) << one.warnings[0];
  }
}

TEST_F(ChargeGuards, AStorageStartPowerOfTheProfileAboveThePeakIsExplained) {
  auto settings = rad_charger();
  settings.profile.storage_start_w = 115;
  settings.profile.peak_w = 104.6;
  const auto why = rules::why_impossible(storage(energy_goal(50)), settings.profile, {}, {});

  ASSERT_TRUE(why);
  EXPECT_NE(why->find("115.0 W is above the peak power of this charger, 104.6 W"),
            std::string::npos)
      << *why;
}

TEST_F(ChargeGuards, ABoundPackWithoutItsValueIsRefusedAndUnderWayPaused) {
  rig.emplace();
  rig->load = constant_load(100);
  rig->in.pack.is_bound = true;
  rig->wish(soc_goal(80));
  rig->run(60);
  EXPECT_EQ(rig->state(), ChargeState::off);
  rig->in.pack.soc_percent = 50;
  ASSERT_TRUE(rig->run_to(ChargeState::charge_cc, 200));
  rig->in.pack.soc_percent.reset();
  rig->run(58);
  EXPECT_EQ(rig->state(), ChargeState::charge_cc);
  rig->run(5);

  EXPECT_EQ(rig->state(), ChargeState::paused);
}

TEST_F(ChargeGuards, ACellAtItsVoltageForHalfAMinuteEndsTheCharge) {
  rig.emplace();
  rig->load = constant_load(100);
  rig->in.pack.is_bound = true;
  rig->in.pack.cell_max_v = 3.9;
  rig->wish(cell_goal(4.1));
  ASSERT_TRUE(rig->run_to(ChargeState::charge_cc, 200));
  rig->in.pack.cell_max_v = 4.11;
  rig->run(20);
  EXPECT_EQ(rig->state(), ChargeState::charge_cc);
  rig->run(15);

  EXPECT_EQ(rig->state(), ChargeState::done);
}

}  // namespace
}  // namespace b2m

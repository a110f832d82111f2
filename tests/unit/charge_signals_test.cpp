// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_signals.hpp"

#include <random>

#include <gtest/gtest.h>

#include "gateway/rules/charge_energy.hpp"

namespace b2m {
namespace {

using rules::EnergyMeter;
using rules::PowerSignals;

SteadyTime at(double s) { return SteadyTime(from_seconds(10000 + s)); }

class ChargeSignals : public testing::Test {
 protected:
  ChargeSignals() { signals.relay_came_on(at(0)); }
  template <class Power>
  void feed(double until_s, Power power, double every_s = 10) {
    for (; s <= until_s; s += every_s) signals.add(at(s), power(s));
  }
  void feed_constant(double until_s, double watts) {
    feed(until_s, [watts](double) { return watts; });
  }
  PowerSignals signals;
  double s = 0;
};

TEST_F(ChargeSignals, TheMedianNeedsThreeSamplesAndForgetsAfterTwoMinutes) {
  signals.add(at(0), 100);
  signals.add(at(10), 100);
  EXPECT_FALSE(signals.median_w());
  signals.add(at(20), 100);
  EXPECT_EQ(signals.median_w(), 100);
  s = 30;
  feed_constant(200, 50);
  EXPECT_EQ(signals.median_w(), 50);
}

TEST_F(ChargeSignals, TheSameReadingTwiceIsOneSample) {
  for (int i = 0; i < 5; ++i) signals.add(at(0), 100);
  EXPECT_FALSE(signals.median_w());
}

TEST_F(ChargeSignals, ASpikeIsNoPeak) {
  feed(1800, [](double t) { return t == 900 ? 180.0 : 100.0; });
  EXPECT_EQ(signals.peak_w(), 100);
}

TEST_F(ChargeSignals, TheInrushOfTheFirstTwoMinutesIsNoPeak) {
  feed(1800, [](double t) { return t < 60 ? 180.0 : 100.0; });
  EXPECT_EQ(signals.peak_w(), 100);
}

TEST_F(ChargeSignals, NothingIsDecidedInTheFirstFiveMinutes) {
  feed_constant(290, 1);
  EXPECT_FALSE(signals.may_decide());
  feed_constant(310, 1);
  EXPECT_TRUE(signals.may_decide());
}

TEST_F(ChargeSignals, ADipOfTwoMinutesIsNoKneeAndOneOfFiveIs) {
  feed_constant(1200, 100);
  feed_constant(1320, 95);
  feed_constant(2400, 100);
  EXPECT_FALSE(signals.has_knee());
  feed_constant(2700, 95);
  EXPECT_TRUE(signals.has_knee());
}

TEST_F(ChargeSignals, AnEndStepIsAFallWithinMinutesAndASlowFallIsNone) {
  feed(7200, [](double t) { return 100 * std::exp(-t / 2400); });
  EXPECT_FALSE(signals.fell_from());
}

TEST_F(ChargeSignals, AnEndStepIsHeldForAMinuteBeforeItCounts) {
  feed_constant(1200, 20);
  feed_constant(1260, 5);
  EXPECT_FALSE(signals.fell_from());
  feed_constant(1380, 5);
  ASSERT_TRUE(signals.fell_from());
  EXPECT_EQ(*signals.fell_from(), 20);
}

TEST_F(ChargeSignals, FromATenthOfThePeakItIsNoEndStep) {
  feed_constant(1200, 100);
  feed_constant(2400, 9);
  feed_constant(2600, 3);
  EXPECT_FALSE(signals.fell_from());
}

TEST_F(ChargeSignals, TheSlopeIsInWattsPerMinuteAndNeedsAQuarterOfAnHour) {
  feed(800, [](double t) { return 100 - t / 60; });
  EXPECT_FALSE(signals.slope());
  feed(1800, [](double t) { return 100 - t / 60; });
  ASSERT_TRUE(signals.slope());
  EXPECT_NEAR(*signals.slope(), -1, 0.02);
}

TEST_F(ChargeSignals, AfterAPauseThePeakStaysAndHoldsBeginAnew) {
  feed_constant(1200, 100);
  signals.relay_came_on(at(5000));
  s = 5000;
  feed_constant(5200, 90);
  EXPECT_EQ(signals.peak_w(), 100);
  EXPECT_FALSE(signals.may_decide());
  EXPECT_FALSE(signals.held_below(97, 300));
}

TEST(ChargeEnergy, IntegratesByTrapezoid) {
  EnergyMeter meter;
  for (int i = 0; i <= 360; ++i) meter.add(at(i * 10), i * 10 / 3600.0 * 200, {}, 0.5);
  EXPECT_NEAR(meter.energy_wh(), 100, 0.01);
  EXPECT_NEAR(meter.cost(), 0.05, 1e-5);
  EXPECT_TRUE(meter.has_cost());
}

TEST(ChargeEnergy, AcrossAGapTheLargerOfCounterAndPowerCounts) {
  struct {
    double counter, expected;
  } const cases[] = {{1.010, 10}, {1.002, 5}, {0.004, 5}, {0.008, 8}, {900, 5}};
  for (const auto& c : cases) {
    EnergyMeter meter;
    meter.add(at(0), 60, 1.0, 0);
    meter.add(at(300), 0, c.counter, 0);
    EXPECT_NEAR(meter.energy_wh(), c.expected, 1e-6) << c.counter;
  }
}

TEST(ChargeEnergy, NeverGoesBack) {
  EnergyMeter meter;
  meter.add(at(0), 100, 1.0, 0);
  meter.add(at(10), -50, 0.5, 0);
  EXPECT_GE(meter.energy_wh(), 0);
  const double before = meter.energy_wh();
  meter.add(at(5), 100, 1, 0);
  EXPECT_EQ(meter.energy_wh(), before);
}

}  // namespace
}  // namespace b2m

// SPDX-License-Identifier: MIT
// Bleeding through the Tesla adapter: never longer than ordered, read at rest, ended by the chip.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/tesla_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using tesla_uart::RingFaultKind;
using testing::HasSubstr;

class TeslaBleed : public testing::Test, public test::TeslaFixture {
 protected:
  TeslaBleed() {
    make_ring(2);
    start();
  }
};

TEST_F(TeslaBleed, StartsAtOnceAndIsReportedAsReadBack) {
  EXPECT_EQ(ended(bleed(2, 3, true)), "ok");

  EXPECT_TRUE(peer->is_bleeding(1, 2));
  EXPECT_EQ(last(2, "cell_03_bleed", 0), "1");
  EXPECT_EQ(last(2, "cell_02_bleed", 0), "0");
  EXPECT_EQ(peer->register_of(1, 0x33), 0x0A);
}

TEST_F(TeslaBleed, EndsWithTheTimeOfItsOrder) {
  ASSERT_EQ(ended(bleed(1, 1, true, 30)), "ok");
  clock.advance(28s);
  EXPECT_TRUE(peer->is_bleeding(0, 0));
  clock.advance(2s);
  EXPECT_FALSE(peer->is_bleeding(0, 0));
  clock.advance(1s);
  EXPECT_EQ(last(1, "cell_01_bleed", 0), "0");
}

TEST_F(TeslaBleed, TheChipsOwnTimerNeverOutlastsTheOrder) {
  ASSERT_EQ(ended(bleed(1, 1, true, 4)), "ok");
  EXPECT_LE(peer->register_of(0, 0x33), 4);
  stop();
  clock.advance(4s);
  peer->advance_to(clock.now());
  EXPECT_FALSE(peer->is_bleeding(0, 0));
}

TEST_F(TeslaBleed, RepeatedOrdersKeepItGoing) {
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(ended(bleed(1, 1, true, 30, i > 0)), "ok");
    clock.advance(10s);
    EXPECT_TRUE(peer->is_bleeding(0, 0));
  }
}

TEST_F(TeslaBleed, OffIsCarriedOutAtOnce) {
  ASSERT_EQ(ended(bleed(1, 1, true)), "ok");
  ASSERT_EQ(ended(bleed(1, 2, true)), "ok");
  const SteadyTime before = clock.now();
  EXPECT_EQ(ended(bleed(1, 1, false)), "ok");

  EXPECT_LE(clock.now() - before, 100ms);
  EXPECT_FALSE(peer->is_bleeding(0, 0));
  clock.advance(5s);
  EXPECT_FALSE(peer->is_bleeding(0, 0));
  EXPECT_TRUE(peer->is_bleeding(0, 1));
  EXPECT_EQ(last(1, "cell_01_bleed", 0), "0");
}

TEST_F(TeslaBleed, OffDoesNotStartTheNeighboursTimeAnew) {
  ASSERT_EQ(ended(bleed(1, 1, true, 30)), "ok");
  ASSERT_EQ(ended(bleed(1, 2, true, 4)), "ok");
  clock.advance(2800ms);
  ASSERT_EQ(ended(bleed(1, 1, false)), "ok");
  stop();
  clock.advance(1200ms);
  peer->advance_to(clock.now());
  EXPECT_FALSE(peer->is_bleeding(0, 1)) << "beyond its 4 s";
}

TEST_F(TeslaBleed, OffSwitchesNoCellOnWhoseTimeIsOver) {
  settings.poll_interval_s = 5;
  stop();
  start();
  ASSERT_EQ(ended(bleed(1, 1, true, 30)), "ok");
  ASSERT_EQ(ended(bleed(1, 2, true, 2)), "ok");
  clock.advance(2s);
  ASSERT_FALSE(peer->is_bleeding(0, 1));
  ASSERT_EQ(ended(bleed(1, 1, false)), "ok");
  clock.advance(100ms);
  EXPECT_FALSE(peer->is_bleeding(0, 1));
  EXPECT_EQ(last(1, "cell_02_bleed", 0), "0");
}

TEST_F(TeslaBleed, OffWhileModulesAreReadDisturbsNoReading) {
  settings.poll_interval_s = 0;
  settings.broadcast_conversion = tesla_uart::BroadcastConversion::never;
  settings.bleed_settle_ms = 10;
  stop();
  start();
  inbox.forget();
  for (int i = 0; i < 60; ++i) {
    ASSERT_EQ(ended(bleed(2, 1, true)), "ok");
    ASSERT_EQ(ended(bleed(2, 2, true)), "ok");
    clock.advance(std::chrono::microseconds(1700 * i));
    ASSERT_EQ(ended(bleed(2, 1, false)), "ok");
    EXPECT_FALSE(peer->is_bleeding(1, 0));
    for (int ms = 0; ms < 300 && !peer->is_bleeding(1, 1); ++ms) clock.advance(1ms);
    EXPECT_TRUE(peer->is_bleeding(1, 1));
  }
  for (const double volts : inbox.all("cell_{}_voltage")) ASSERT_NEAR(volts, 3.7, 0.001);
}

TEST_F(TeslaBleed, AnOffThatNobodyWaitsForAnyMoreIsStillCarriedOut) {
  ASSERT_EQ(ended(bleed(1, 1, true, 3600)), "ok");
  ASSERT_EQ(ended(bleed(1, 2, true, 3600)), "ok");
  patience = SteadyDuration::zero();
  EXPECT_THAT(ended(bleed(1, 1, false)), HasSubstr("did not come to it in time"));
  clock.advance(100ms);
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(peer->is_bleeding(0, 0));
    clock.advance(490ms);
  }
  EXPECT_EQ(last(1, "cell_01_bleed", 0), "0");
  EXPECT_EQ(last(1, "cell_02_bleed", 0), "1");
}

TEST_F(TeslaBleed, AnOffDoesNotWaitForModulesThatAreLookedFor) {
  settings.reply_timeout_ms = 500;
  make_ring(6);
  settings.modules = 8;
  stop();
  start(60s);
  (void)rescan();
  clock.advance(5s);
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(ended(bleed(1, 1, true)), "ok");
    clock.advance(std::chrono::milliseconds(37 * i));
    const SteadyTime before = clock.now();
    ASSERT_EQ(ended(bleed(1, 1, false)), "ok");
    ASSERT_LE(clock.now() - before, 700ms);
  }
}

TEST_F(TeslaBleed, AChipThatDoesNotKeepTheTimeIsToldToStop) {
  peer->force(0, 0x33, 0x8A);  // ten minutes
  EXPECT_THAT(ended(bleed(1, 1, true)), HasSubstr("did not take the bleed of cell 1"));
  EXPECT_FALSE(peer->is_bleeding(0, 0));
  clock.advance(3s);
  EXPECT_FALSE(peer->is_bleeding(0, 0));
}

TEST_F(TeslaBleed, CellsAreReadAtRest) {
  ASSERT_EQ(ended(bleed(1, 1, true, 60)), "ok");
  inbox.forget();
  clock.advance(20s);

  EXPECT_EQ(last(1, "cell_01_voltage"), "3.700");
  for (const double volts : inbox.all("cell_{}_voltage")) EXPECT_NEAR(volts, 3.7, 0.001);
}

TEST_F(TeslaBleed, TheChipEndsItWhenTheProgramIsGone) {
  ASSERT_EQ(ended(bleed(1, 1, true, 3600)), "ok");
  stop();
  clock.advance(9s);
  peer->advance_to(clock.now());
  EXPECT_TRUE(peer->is_bleeding(0, 0));
  clock.advance(2s);
  peer->advance_to(clock.now());
  EXPECT_FALSE(peer->is_bleeding(0, 0));
}

TEST_F(TeslaBleed, WhatAnEarlierRunLeftEndsAtTheStart) {
  ASSERT_EQ(ended(bleed(1, 1, true, 3600)), "ok");
  stop();
  run_again(200ms);
  ASSERT_TRUE(is_running()) << ending();
  EXPECT_FALSE(peer->is_bleeding(0, 0));
  clock.advance(5s);
  EXPECT_FALSE(peer->is_bleeding(0, 0));
}

TEST_F(TeslaBleed, ARenewalDoesNotSwitchOn) {
  EXPECT_THAT(ended(bleed(1, 1, true, 30, true)), HasSubstr("does not bleed any more"));
  EXPECT_FALSE(peer->is_bleeding(0, 0));
}

TEST_F(TeslaBleed, WithoutATimeItIsRefused) {
  EXPECT_THAT(ended(bleed(1, 1, true, 0)), HasSubstr("a time of at least a second"));
  EXPECT_FALSE(peer->is_bleeding(0, 0));
}

TEST_F(TeslaBleed, AChipThatDoesNotTakeItIsNamedAndNotBelieved) {
  peer->force(0, 0x32, 0);
  EXPECT_THAT(ended(bleed(1, 1, true)), HasSubstr("did not take the bleed of cell 1"));
  EXPECT_EQ(last(1, "cell_01_bleed", 0), "0");
}

TEST_F(TeslaBleed, ASilentModuleRefusesAndForgets) {
  ASSERT_EQ(ended(bleed(1, 1, true, 300)), "ok");
  fault(RingFaultKind::deaf, 1, {}, 0, 20s);
  clock.advance(4s);
  EXPECT_THAT(ended(bleed(1, 2, true)), HasSubstr("does not answer"));
  clock.advance(60s);
  EXPECT_LT(age(1, "cell_01_voltage"), 1s);
  EXPECT_FALSE(peer->is_bleeding(0, 0));
}

TEST_F(TeslaBleed, AnOrderOfALostLineFailsAtOnce) {
  line.unplug();
  clock.advance(1s);
  EXPECT_NE(ended(bleed(1, 1, true), 10ms), "still going on");
}

}  // namespace
}  // namespace b2m

// SPDX-License-Identifier: MIT
// What goes wrong on a ring: it costs the module concerned its values, and nobody else theirs.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/tesla_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using tesla_uart::RingFaultKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TeslaFaults : public testing::Test, public test::TeslaFixture {
 protected:
  void begin(int modules) {
    make_ring(modules);
    start();
  }
};

TEST_F(TeslaFaults, ADeafModuleCostsNobodyElseTheirRhythm) {
  begin(4);
  fault(RingFaultKind::deaf, 2, {}, 0, 60s);
  clock.advance(10s);
  EXPECT_GT(age(2, "cell_01_voltage"), 9s);
  EXPECT_THAT(inbox.notes("device_lost"), ElementsAre(HasSubstr("module 2")));
  for (int i = 0; i < 20; ++i) {
    clock.advance(500ms);
    for (const int m : {1, 3, 4}) EXPECT_LT(age(m, "cell_01_voltage"), 700ms);
  }
  EXPECT_EQ(peer->address(3), 4);
  clock.advance(90s);
  EXPECT_THAT(inbox.notes("device_found"), ElementsAre(HasSubstr("module 2")));
  EXPECT_LT(age(2, "cell_01_voltage"), 1s);
  EXPECT_EQ(counter("renumberings"), 1U);
}

TEST_F(TeslaFaults, ADeafModuleIsAskedLessAndLess) {
  begin(2);
  fault(RingFaultKind::deaf, 2);
  clock.advance(10s);
  const std::uint64_t before = counter("timeouts");
  clock.advance(5min);
  EXPECT_LE(counter("timeouts") - before, 30U);
}

TEST_F(TeslaFaults, TwoModulesThatLoseTheirAddressesTogetherGetThemBack) {
  begin(4);
  fault(RingFaultKind::board_reset, 2, {}, 0, 10ms);
  fault(RingFaultKind::board_reset, 3, {}, 0, 10ms);
  clock.advance(5s);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(peer->address(i), i + 1);
  EXPECT_EQ(counter("renumberings"), 2U);
  for (const int m : {1, 2, 3, 4}) EXPECT_LT(age(m, "cell_01_voltage"), 1s);
}

TEST_F(TeslaFaults, AModuleThatMayBeAnotherIsNotShown) {
  begin(4);
  cells[2]->voltages.fill(4.0_V);
  clock.advance(1s);
  fault(RingFaultKind::deaf, 2);
  clock.advance(10s);
  fault(RingFaultKind::board_reset, 3, {}, 0, 10ms);
  inbox.forget();
  clock.advance(60s);

  EXPECT_EQ(last(2, "cell_01_voltage"), "nothing");  // 4.0 V would be module 3
  EXPECT_THAT(inbox.notes("module_warning"),
              testing::Contains(HasSubstr("not clear which they are")));
  EXPECT_LT(age(1, "cell_01_voltage"), 1s);
  EXPECT_LT(age(4, "cell_01_voltage"), 1s);
}

TEST_F(TeslaFaults, ANewcomerIsNotTakenForAModuleThatHasBeenSilentForLonger) {
  begin(4);
  cells[2]->voltages.fill(4.0_V);
  clock.advance(1s);
  fault(RingFaultKind::deaf, 2);
  clock.advance(1600ms);  // about to be looked for
  fault(RingFaultKind::board_reset, 3, {}, 0, 10ms);
  inbox.forget();
  clock.advance(60s);

  EXPECT_EQ(last(2, "cell_01_voltage"), "nothing");
}

TEST_F(TeslaFaults, EchoesAreNeverTakenForReplies) {
  begin(2);
  inbox.forget();
  fault(RingFaultKind::echo);
  clock.advance(60s);

  for (const double volts : inbox.all("cell_{}_voltage")) EXPECT_NEAR(volts, 3.7, 0.001);
  EXPECT_THAT(inbox.notes("fault_raised"), IsEmpty());
}

TEST_F(TeslaFaults, NoiseAndLossGiveNoValueThatNobodyHas) {
  begin(3);
  inbox.forget();
  for (const auto kind : {RingFaultKind::noise, RingFaultKind::byte_loss, RingFaultKind::corrupt}) {
    fault(kind, 0, 0.02, 0, 120s);
    supervise(130s);
  }

  EXPECT_THAT(inbox.all("cell_{}_voltage"), testing::Not(IsEmpty()));
  for (const double volts : inbox.all("cell_{}_voltage")) EXPECT_NEAR(volts, 3.7, 0.001);
  supervise(60s);
  for (const int m : {1, 2, 3}) EXPECT_LT(age(m, "cell_01_voltage"), 1s);
}

TEST_F(TeslaFaults, AReplyThatComesTooLateIsNotTakenForTheNext) {
  begin(1);
  fault(RingFaultKind::late, 1, 0.03, 0, 20s);
  clock.advance(100ms);
  cells[0]->voltages.fill(4.0_V);
  clock.advance(2s);
  inbox.forget();
  supervise(15s);
  for (const double volts : inbox.all("cell_{}_voltage")) EXPECT_NEAR(volts, 4.0, 0.001);
  supervise(60s);
  EXPECT_EQ(last(1, "cell_01_voltage"), "4.000");
  EXPECT_LT(age(1, "cell_01_voltage"), 1s);
}

TEST_F(TeslaFaults, ADrippingLineIsGivenUpAndComesBack) {
  begin(2);
  fault(RingFaultKind::drip, 0, 0.005, 0, 20s);
  supervise(10s);
  EXPECT_GT(age(2, "cell_01_voltage"), 5s);
  supervise(60s);
  EXPECT_LT(age(2, "cell_01_voltage"), 1s);
}

TEST_F(TeslaFaults, AConversionThatNeverEndsIsNotPublished) {
  begin(2);
  fault(RingFaultKind::no_data_ready, 2);
  cells[1]->voltages.fill(3.9_V);
  clock.advance(10s);

  EXPECT_GT(age(2, "cell_01_voltage"), 9s);
  EXPECT_LT(age(1, "cell_01_voltage"), 1s);
  EXPECT_THAT(inbox.notes("module_warning"), ElementsAre(HasSubstr("conversions do not end")));
}

TEST_F(TeslaFaults, SensorsAreNamedOpenOrShorted) {
  begin(2);
  fault(RingFaultKind::open_sensor, 1, {}, 2);
  fault(RingFaultKind::shorted_sensor, 2, {}, 1);
  clock.advance(5s);

  EXPECT_EQ(last(1, "temperature_02", 1), "unknown");
  EXPECT_EQ(last(1, "temperature_01", 1), "25.0");
  EXPECT_EQ(last(2, "temperature_01", 1), "unknown");
  EXPECT_EQ(last(1, "cell_01_voltage"), "3.700");
  EXPECT_THAT(inbox.notes("module_warning"),
              ElementsAre(HasSubstr("temperature sensor 2 is open"),
                          HasSubstr("temperature sensor 1 is shorted")));
}

TEST_F(TeslaFaults, VoltagesThatContradictTheModuleAreSuspect) {
  begin(1);
  cells[0]->voltages[3] = 0.2_V;
  clock.advance(5s);

  EXPECT_EQ(last(1, "cell_04_voltage"), "suspect");
  EXPECT_EQ(last(1, "cell_01_voltage"), "suspect");
  EXPECT_THAT(inbox.notes("module_warning"), ElementsAre(HasSubstr("cell 4 reads 0.200 V")));
}

TEST_F(TeslaFaults, TheChipsFaultsAreNamedAndCanBeCleared) {
  begin(2);
  cells[0]->voltages[2] = 4.48_V;
  clock.advance(5s);
  EXPECT_EQ(last(1, "chip_fault_cell_voltage_high", 0), "1");
  EXPECT_EQ(last(1, "chip_cells_high"), "3");
  EXPECT_EQ(last(1, "chip_fault", 0), "1");
  EXPECT_THAT(inbox.notes("fault_raised"), ElementsAre(HasSubstr("cell voltage high")));
  const RowId clear = core_row("clear_chip_faults");
  EXPECT_THAT(ended(order(1, clear, 1)), HasSubstr("their cause lasts"));
  cells[0]->voltages[2] = 3.7_V;
  clock.advance(1s);
  EXPECT_EQ(ended(order(1, clear, 1)), "ok");
  EXPECT_EQ(last(1, "chip_fault", 0), "0");
  EXPECT_EQ(last(1, "chip_cells_high"), "none");
}

TEST_F(TeslaFaults, LimitsAreWrittenOnOrderAndVerified) {
  begin(2);
  EXPECT_EQ(ended(order(2, core_row("chip_cell_voltage_high"), 4.15)), "ok");
  EXPECT_EQ(last(2, "chip_cell_voltage_high", 2), "4.15");
  EXPECT_EQ(peer->register_of(1, 0x42), 0x2B);
  EXPECT_EQ(ended(order(2, core_row("chip_temperature_high"), 65)), "ok");
  EXPECT_EQ(peer->register_of(1, 0x46), 0x66);
  peer->force(1, 0x42, 0x31);
  EXPECT_THAT(ended(order(2, core_row("chip_cell_voltage_high"), 4.2)), HasSubstr("did not take"));
}

TEST_F(TeslaFaults, ALimitOfTheUserIsBackAfterAReset) {
  begin(2);
  ASSERT_EQ(ended(order(2, core_row("chip_cell_voltage_low"), 2.9)), "ok");
  fault(RingFaultKind::board_reset, 2, {}, 0, 10ms);
  clock.advance(5s);
  EXPECT_EQ(peer->register_of(1, 0x44), 22);
}

}  // namespace
}  // namespace b2m

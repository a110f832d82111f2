// SPDX-License-Identifier: MIT
// The Tesla adapter against a simulated ring: who is there, what they measure.
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
using testing::SizeIs;

class TeslaAdapter : public testing::Test, public test::TeslaFixture {};

TEST_F(TeslaAdapter, NumbersModulesInWiringOrderAndReadsThem) {
  make_ring(3);
  cells[2]->voltages[5] = 4.1_V;
  cells[1]->temperatures[1] = Celsius(-8);
  start();

  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(peer->address(i), i + 1);
  EXPECT_EQ(last(1, "cell_01_voltage"), "3.700");
  EXPECT_EQ(last(3, "cell_06_voltage"), "4.100");
  EXPECT_EQ(last(3, "voltage", 2), "22.60");
  EXPECT_EQ(last(1, "temperature_01", 1), "25.0");
  EXPECT_EQ(last(2, "temperature_02", 1), "-8.0");
  EXPECT_EQ(last(3, "module_address", 0), "3");
  EXPECT_EQ(last(1, "chip_fault", 0), "0");
  EXPECT_EQ(last(1, "chip_alert", 0), "0");
  EXPECT_EQ(last(1, "cell_01_bleed", 0), "0");
  EXPECT_EQ(last(1, "chip_cell_voltage_high", 2), "4.45");
  EXPECT_EQ(last(1, "chip_temperature_high", 0), "65");
  EXPECT_EQ(peer->spoiled(), 0);
  EXPECT_EQ(counter("timeouts"), 13U);  // addresses 1 to 3 three times, twice those beyond
}

TEST_F(TeslaAdapter, FindsAddressedModulesWithoutResettingThem) {
  make_ring(2);
  start();
  stop();
  const long resets = heard("7F3CA5");
  clock.advance(1s);
  inbox.forget();
  run_again();

  EXPECT_EQ(heard("7F3CA5"), resets);
  EXPECT_EQ(last(2, "cell_01_voltage"), "3.700");
  EXPECT_THAT(inbox.notes("module_restarted"), IsEmpty());
}

TEST_F(TeslaAdapter, FallsBackToRequestsWithChecksum) {
  peer_settings.read_form = tesla_uart::ReadForm::with_checksum;
  make_ring(2);
  start(3s);

  EXPECT_EQ(last(2, "cell_01_voltage"), "3.700");
  EXPECT_THAT(detail("ring"), HasSubstr("read requests of 4 bytes"));
}

TEST_F(TeslaAdapter, StaysWithThreeBytesWhereTheyAreUnderstood) {
  peer_settings.read_form = tesla_uart::ReadForm::without_checksum;
  make_ring(1);
  start();

  EXPECT_EQ(last(1, "cell_01_voltage"), "3.700");
  EXPECT_THAT(detail("ring"), HasSubstr("read requests of 3 bytes"));
}

TEST_F(TeslaAdapter, ShowsNothingWhileItIsNotClearWhichModuleIsMissing) {
  make_ring(2);
  settings.modules = 4;
  start(60s);

  for (int m = 1; m <= 4; ++m) EXPECT_EQ(last(m, "cell_01_voltage"), "nothing");
  EXPECT_THAT(inbox.notes("module_warning"),
              ElementsAre(HasSubstr("only 2 modules of 4 answered")));
  EXPECT_THAT(rescan(), HasSubstr("only 2 of 4"));  // the user takes them as they are
  clock.advance(2s);
  EXPECT_EQ(last(2, "cell_01_voltage"), "3.700");
  EXPECT_EQ(last(3, "cell_01_voltage"), "nothing");
}

TEST_F(TeslaAdapter, TellsOfOneModuleTooManyOnce) {
  make_ring(3);
  settings.modules = 2;
  start(60s);

  EXPECT_EQ(last(2, "cell_01_voltage"), "3.700");
  EXPECT_THAT(inbox.notes("module_warning"), ElementsAre(HasSubstr("more than the 2 modules")));
  EXPECT_EQ(peer->address(2), 0);
}

TEST_F(TeslaAdapter, AResetModuleGetsItsOwnAddressBackAndIsSetUpAgain) {
  make_ring(3);
  settings.limits = tesla_uart::LimitSettings{};
  settings.limits->cell_voltage_high_v = 4.15;
  start();
  ASSERT_EQ(last(2, "chip_cell_voltage_high", 2), "4.15");
  fault(RingFaultKind::board_reset, 2, {}, 0, 10ms);
  clock.advance(5s);

  EXPECT_EQ(peer->address(1), 2);
  EXPECT_EQ(counter("renumberings"), 1U);
  EXPECT_EQ(peer->register_of(1, 0x42), 0x2B);
  EXPECT_THAT(inbox.notes("module_restarted"), ElementsAre(HasSubstr("module 2")));
  EXPECT_EQ(last(2, "chip_fault_restart", 0), "0");
  EXPECT_LT(age(2, "cell_01_voltage"), 1s);
}

TEST_F(TeslaAdapter, WritesTheLimitsOfTheConfigurationAndReadsThemBack) {
  make_ring(2);
  settings.limits = tesla_uart::LimitSettings{};
  settings.limits->cell_voltage_high_v = 4.15;
  settings.limits->temperature_high_c = 60;
  start();

  EXPECT_EQ(peer->register_of(1, 0x42), 0x2B);
  EXPECT_EQ(peer->register_of(1, 0x46), 0x55);
  EXPECT_EQ(peer->register_of(1, 0x44), 0x08);
  EXPECT_EQ(last(2, "chip_temperature_high", 0), "60");
}

TEST_F(TeslaAdapter, GoesOnEverySecondUntilTheLineIsBack) {
  make_ring(2);
  start();
  line.unplug();
  clock.advance(1s);
  ASSERT_FALSE(is_running());
  run_again(1s);
  EXPECT_FALSE(is_running());  // says once why
  run_again(100s);
  ASSERT_TRUE(is_running());
  EXPECT_GT(age(1, "cell_01_voltage"), 100s);
  line.plug_in();
  clock.advance(3s);

  EXPECT_LT(age(1, "cell_01_voltage"), 1s);
  EXPECT_LT(age(2, "cell_01_voltage"), 1s);
}

TEST_F(TeslaAdapter, NamesAnOpenRingAndARingWithoutModules) {
  make_ring(2);
  fault(RingFaultKind::broken, 1);
  start(5s);
  ASSERT_FALSE(is_running());
  EXPECT_THAT(ending(), HasSubstr("nothing comes back"));
  peer->clear_faults();
  fault(RingFaultKind::deaf, 0);
  run_again(5s);
  ASSERT_FALSE(is_running());
  EXPECT_THAT(ending(), HasSubstr("no module answers"));
}

TEST_F(TeslaAdapter, RescanNumbersAnewAndSaysSo) {
  make_ring(2);
  start();
  fault(RingFaultKind::swapped, 1, 2);
  EXPECT_EQ(rescan(), "2 of 2 modules answer, numbered in wiring order");
  clock.advance(2s);
  EXPECT_LT(age(1, "cell_01_voltage"), 1s);
  EXPECT_LT(age(2, "cell_01_voltage"), 1s);
}

TEST_F(TeslaAdapter, TwoRingsNumberTheirModulesForOnePack) {
  make_ring(2);
  settings.first_module = 5;
  start();

  EXPECT_EQ(last(5, "cell_01_voltage"), "3.700");
  EXPECT_EQ(last(6, "module_address", 0), "2");
  EXPECT_EQ(ended(bleed(6, 2, true)), "ok");
  EXPECT_TRUE(peer->is_bleeding(1, 1));
  EXPECT_NE(ended(bleed(1, 2, true)), "ok");
}

TEST_F(TeslaAdapter, IgnoresSensorsThatAreNotThere) {
  make_ring(2);
  settings.ignore_sensors.emplace_back("2/1");
  fault(RingFaultKind::open_sensor, 2, {}, 1);
  start();

  EXPECT_EQ(last(2, "temperature_01", 1), "absent");
  EXPECT_EQ(last(2, "temperature_02", 1), "25.0");
  EXPECT_THAT(inbox.notes("module_warning"), IsEmpty());
}

TEST_F(TeslaAdapter, LetsModulesSleepBetweenReadings) {
  make_ring(2);
  settings.poll_interval_s = 10;
  settings.bleed_timer_s = 20;
  settings.sleep_between_polls = true;
  start(25s);

  EXPECT_EQ(peer->register_of(0, 0x31) & 0x04, 0x04);
  EXPECT_LT(age(1, "cell_01_voltage"), 10s);
  EXPECT_EQ(last(1, "temperature_01", 1), "25.0");
  EXPECT_EQ(ended(bleed(1, 1, true)), "ok");
  EXPECT_TRUE(peer->is_bleeding(0, 0));
}

TEST_F(TeslaAdapter, AnOrderThatComesAsTheModulesFallAsleepDoesNotWaitForTheNextReading) {
  make_ring(1);
  settings.poll_interval_s = 60;
  settings.bleed_timer_s = 70;
  settings.sleep_between_polls = true;
  start(200ms);
  for (int i = 0; i < 100; ++i) {
    clock.advance(60s - std::chrono::microseconds(100 * i));
    ASSERT_EQ(ended(order(1, core_row("chip_cell_voltage_low"), 2.9), 1s), "ok") << i;
  }
}

}  // namespace
}  // namespace b2m

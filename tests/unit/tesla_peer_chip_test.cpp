// SPDX-License-Identifier: MIT
// What a simulated board does by itself: conversions, comparators, bleeding, sleep, locks.
#include <gtest/gtest.h>

#include "gateway/sim/virtual_pack.hpp"
#include "tests/support/tesla_ring.hpp"

namespace b2m::tesla_uart {
namespace {

using namespace std::chrono_literals;

class TeslaPeerChip : public testing::Test {
 protected:
  TeslaPeerChip() { ring_.enumerate(); }
  [[nodiscard]] unsigned get(std::uint8_t reg) { return ring_.ring.chip(0).read(reg); }
  unsigned get16(std::uint8_t reg) {
    return get(reg) << 8 | get(static_cast<std::uint8_t>(reg + 1));
  }
  void bleed(unsigned mask, unsigned time) {
    ring_.write(1, 0x32, 0);
    ring_.write(1, 0x33, time);
    ring_.write(1, 0x32, mask);
  }
  bool is_bleeding(std::size_t cell) { return ring_.ring.chip(0).is_bleeding(cell); }

  test::HexRing ring_{1};
};

TEST_F(TeslaPeerChip, DataAreReadyOnlyAfterTheConversionTime) {
  ring_.measure();
  const unsigned before = get16(0x03);
  ring_.cells[0]->voltages.fill(3.9_V);
  ring_.write(1, 0x34, 1);

  EXPECT_EQ(get(0x00) & 1, 0U);
  EXPECT_EQ(get(0x34), 1U);
  EXPECT_EQ(get16(0x03), before);
  ring_.wait(27us);  // nine inputs of 3 us
  EXPECT_EQ(get(0x00), 0x81U);
  EXPECT_EQ(get(0x34), 0U);
  EXPECT_EQ(get16(0x03), peer::raw_cell(3.9_V));
}

TEST_F(TeslaPeerChip, BoardsToldSoTogetherMeasureTheSameInstant) {
  ring_.write(1, 0x30, 0x3D);
  ring_.write(1, 0x34, 1);
  ring_.cells[0]->voltages.fill(4_V);
  ring_.wait(1ms);

  EXPECT_EQ(get16(0x03), peer::raw_cell(3.7_V));
}

TEST_F(TeslaPeerChip, SensorsWithoutPowerSayNothing) {
  ring_.measure();
  ASSERT_NE(get16(0x0F), 0U);
  ring_.write(1, 0x31, 0);
  ring_.write(1, 0x34, 1);
  ring_.wait(1ms);

  EXPECT_EQ(get16(0x0F), 0U);
  EXPECT_EQ(get16(0x11), 0U);
}

TEST_F(TeslaPeerChip, FlagsStayAwayUntilTheirZeroIsWrittenAndThenComeBack) {
  ring_.cells[0]->voltages[2] = 4.6_V;
  ring_.wait(1ms);
  ring_.wait(50ms);
  EXPECT_EQ(get(0x22), 0U) << "before its delay";
  ring_.wait(50ms);
  ASSERT_EQ(get(0x21), 0x01U);
  ASSERT_EQ(get(0x22), 0x04U);

  ring_.write(1, 0x21, 0x01);
  EXPECT_EQ(get(0x21), 0U);
  ring_.wait(1s);
  EXPECT_EQ(get(0x21), 0U);
  ring_.write(1, 0x21, 0x00);
  EXPECT_EQ(get(0x21), 0x01U);

  ring_.cells[0]->voltages[2] = 3.7_V;
  ring_.wait(1ms);
  EXPECT_EQ(get(0x21), 0x01U) << "a fault is kept";
  EXPECT_EQ(get(0x22), 0U);
}

TEST_F(TeslaPeerChip, TheKeyOpensTheLockForOneWrite) {
  ring_.write(1, 0x42, 0x2A);
  EXPECT_EQ(get(0x42), 0x31U);
  ring_.write(1, 0x3A, 0x35);
  ring_.write(1, 0x42, 0x2A);
  ring_.write(1, 0x44, 0x1C);

  EXPECT_EQ(get(0x42), 0x2AU);
  EXPECT_EQ(get(0x44), 0x08U);
}

TEST_F(TeslaPeerChip, AResetForgetsAddressThresholdsAndBleeding) {
  ring_.write(1, 0x3A, 0x35);
  ring_.write(1, 0x42, 0x2A);
  bleed(0x01, 0x0A);
  ring_.write(1, 0x3C, 0xA5);

  EXPECT_EQ(ring_.ring.chip(0).address(), 0);
  EXPECT_EQ(get(0x42), 0x31U);
  EXPECT_FALSE(is_bleeding(0));
  EXPECT_EQ(get(0x00), 0x60U);
  EXPECT_EQ(get(0x20), 0x80U);
  EXPECT_EQ(get(0x21), 0x08U);
}

TEST_F(TeslaPeerChip, TheTimerEndsABleedAndZeroArmsItAgain) {
  bleed(0x05, 10);
  EXPECT_TRUE(is_bleeding(0) && is_bleeding(2) && !is_bleeding(1));
  EXPECT_EQ(get(0x00) & 2, 2U);

  ring_.wait(6s);
  ring_.write(1, 0x32, 0x05);  // without a zero before: the timer goes on
  ring_.wait(4s);
  EXPECT_FALSE(is_bleeding(0));
  EXPECT_EQ(get(0x00) & 2, 0U);
  ring_.write(1, 0x32, 0x05);
  EXPECT_FALSE(is_bleeding(0));

  bleed(0x05, 0x82);
  ring_.wait(119s);
  EXPECT_TRUE(is_bleeding(0));
  ring_.wait(1s);
  EXPECT_FALSE(is_bleeding(0));
}

TEST_F(TeslaPeerChip, NothingBleedsWithoutATime) {
  bleed(0x3F, 0);

  EXPECT_FALSE(is_bleeding(0));
}

TEST_F(TeslaPeerChip, ABleedShowsInTheReadingUntilItHasSettled) {
  const double before = (ring_.measure(), get16(0x05));
  bleed(0x02, 60);
  ring_.wait(10ms);
  ring_.measure();
  const double bled = get16(0x05), neighbour = get16(0x03);
  ring_.write(1, 0x32, 0);
  ring_.measure();
  const double early = get16(0x05);
  ring_.wait(10ms);
  ring_.measure();

  EXPECT_LT(bled, before - 30);  // 2 wires of 0.1 Ohm, 0.11 A: 22 mV
  EXPECT_GT(neighbour, before + 15);
  EXPECT_LT(early, before - 10);
  EXPECT_EQ(get16(0x05), before);
}

TEST_F(TeslaPeerChip, SleepEndsBleedingAndMeasuring) {
  bleed(0x01, 60);
  ring_.write(1, 0x31, 0x04);
  EXPECT_FALSE(is_bleeding(0));
  EXPECT_EQ(get(0x20), 0x04U);

  ring_.write(1, 0x34, 1);
  ring_.wait(1s);
  EXPECT_EQ(get(0x00) & 1, 0U);

  ring_.write(1, 0x31, 0x03);
  ring_.write(1, 0x20, 0x04);
  ring_.write(1, 0x20, 0x00);
  ring_.measure();
  EXPECT_EQ(get(0x00), 0x81U);
}

TEST_F(TeslaPeerChip, CountsWritesThatSpoilARealOne) {
  ring_.write(1, 0x3D, 0x01);
  ring_.write(1, 0x3F, 0x91);

  EXPECT_EQ(ring_.ring.chip(0).spoiled(), 2);
}

TEST(TeslaPeerBench, BleedingLowersTheCellAndNoOther) {
  sim::PackParameters p;
  p.cells = 12;
  p.cell.capacity = AmpereHours(1);
  sim::Bench bench(std::make_unique<sim::VirtualPack>(p), sim::Charger(1_A, 50_V),
                   sim::Load(0_A, 3_V));
  peer::Ring ring({}, {});
  ring.add(std::make_unique<peer::BenchCells>(bench, 0));
  ring.add(std::make_unique<peer::BenchCells>(bench, 6));
  SteadyTime now{};
  ring.advance_to(now);
  const auto before = bench.state().voltages;

  const std::uint8_t timer[] = {0x01, 0x33, 0x8A}, mask[] = {0x01, 0x32, 0x10};
  ring.chip(1).write(timer[1], timer[2]);
  ring.chip(1).write(mask[1], mask[2]);
  for (int i = 0; i < 1200; ++i) ring.advance_to(now += 1s);
  const auto after = bench.state().voltages;

  EXPECT_LT(after[10], before[10] - 0.01_V);
  EXPECT_NEAR(after[9].value, before[9].value, 1e-6);
  EXPECT_FALSE(ring.chip(1).is_bleeding(4));
}

}  // namespace
}  // namespace b2m::tesla_uart

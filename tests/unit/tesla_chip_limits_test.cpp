// SPDX-License-Identifier: MIT
// The chip's thresholds and bleed timer: rounding, both sensors, never longer than asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/tesla_uart/bleeder.hpp"
#include "adapters/tesla_uart/chip_limits.hpp"

namespace b2m::tesla_uart {
namespace {

using namespace std::chrono_literals;
using enum LimitKind;

constexpr double kTiny = 1e-9;

TEST(TeslaLimits, AreRoundedAndNotCutOff) {
  EXPECT_EQ(*encode_limit(cell_voltage_high, 4.15), 0x2B);
  EXPECT_EQ(*encode_limit(cell_voltage_high, 4.10), 0x2A);
  EXPECT_EQ(*encode_limit(cell_voltage_low, 2.9), 22);
  EXPECT_EQ(*encode_limit(temperature_high_delay, 1000), 0x64);
  EXPECT_EQ(*encode_limit(cell_voltage_high_delay, 1000), 0x8A);
}

TEST(TeslaLimits, EveryStepComesBackAsItself) {
  for (std::size_t k = 0; k < kLimits; ++k) {
    const auto kind = static_cast<LimitKind>(k);
    for (double value = kLimitTable[k].low; value <= kLimitTable[k].high + kTiny; value += 0.01) {
      const auto byte = encode_limit(kind, std::min(value, kLimitTable[k].high));
      ASSERT_TRUE(byte) << value;
      const auto read = decode_limit(kind, *byte);
      ASSERT_TRUE(read) << value;
      EXPECT_EQ(*encode_limit(kind, *read), *byte) << value;
    }
  }
}

TEST(TeslaLimits, WatchBothSensors) {
  EXPECT_EQ(*encode_limit(temperature_high, 65), 0x66);
  EXPECT_EQ(*encode_limit(temperature_high, 90), 0xBB);
  EXPECT_DOUBLE_EQ(*decode_limit(temperature_high, 0x66), 65);
  EXPECT_FALSE(decode_limit(temperature_high, 0x06));
  EXPECT_FALSE(decode_limit(temperature_high, 0x00));
}

TEST(TeslaLimits, ReadAsTheFactorySetThem) {
  EXPECT_NEAR(*decode_limit(cell_voltage_high, 0x31), 4.45, kTiny);
  EXPECT_DOUBLE_EQ(*decode_limit(cell_voltage_high_delay, 0x81), 100);
  EXPECT_NEAR(*decode_limit(cell_voltage_low, 0x08), 1.5, kTiny);
  EXPECT_DOUBLE_EQ(*decode_limit(temperature_high_delay, 0xFF), 2550);
  EXPECT_FALSE(decode_limit(cell_voltage_high, 0xB1));
}

TEST(TeslaLimits, RefuseWhatTheChipCannotDo) {
  EXPECT_EQ(encode_limit(cell_voltage_high, 5.2).error().code, Errc::out_of_range);
  EXPECT_EQ(encode_limit(cell_voltage_low, 3.4).error().code, Errc::out_of_range);
  EXPECT_EQ(encode_limit(temperature_high, 35).error().code, Errc::out_of_range);
  EXPECT_FALSE(encode_limit(cell_voltage_high, std::numeric_limits<double>::quiet_NaN()));
}

TEST(TeslaBleedTime, IsNeverLongerThanAsked) {
  EXPECT_FALSE(encode_bleed_time(0.99));
  EXPECT_EQ(*encode_bleed_time(1.9), 1);
  EXPECT_EQ(*encode_bleed_time(10), 0x0A);
  EXPECT_EQ(*encode_bleed_time(63), 63);
  EXPECT_EQ(*encode_bleed_time(119), 0x81);
  EXPECT_EQ(*encode_bleed_time(130), 0x82);
  EXPECT_EQ(*encode_bleed_time(1e9), 0xBF);
  for (double s = 1; s < 4000; s += 0.5) EXPECT_LE(decode_bleed_time(*encode_bleed_time(s)), s);
}

TEST(TeslaBleeder, HoldsACellNoLongerThanItsOrder) {
  const SteadyTime now{1h};
  Bleeder bleeder;
  bleeder.want(1, now + 30s);
  bleeder.want(3, now + 5s);
  EXPECT_EQ(bleeder.mask(now), 0x0A);
  EXPECT_EQ(bleeder.time(now, 10), 5);
  EXPECT_EQ(bleeder.mask(now + 4500ms), 0x02);
  EXPECT_EQ(bleeder.time(now + 4500ms, 10), 10);
  EXPECT_EQ(bleeder.mask(now + 30s), 0);
  bleeder.want(1, now + 60s);
  bleeder.drop(1);
  EXPECT_EQ(bleeder.mask(now), 0x08);
  bleeder.drop_all();
  EXPECT_EQ(bleeder.mask(now), 0);
}

}  // namespace
}  // namespace b2m::tesla_uart

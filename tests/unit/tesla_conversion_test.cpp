// SPDX-License-Identifier: MIT
// Raw readings to units, and whole readings that contradict themselves.
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/tesla_uart/measurement.hpp"

namespace b2m::tesla_uart {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr double kHalfADigit = 0.0005;

std::vector<std::uint8_t> hex(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::uint8_t> bytes;
  for (unsigned byte = 0; in >> std::hex >> byte;) bytes.push_back(static_cast<std::uint8_t>(byte));
  return bytes;
}

std::vector<std::uint8_t> realistic() {
  return hex("81 2D 0F 28 0E 27 FC 28 1E 28 07 28 0C 28 14 0E A7 0E D8");
}

double convert(const std::string& what, std::uint16_t raw) {
  if (what == "cell") return cell_voltage(raw).value;
  if (what == "module") return module_voltage(raw).value;
  return temperature(raw, what == "sensor1" ? 0 : 1).value;
}

TEST(TeslaConversion, GivesTheCheckedValues) {
  std::ifstream in(B2M_SOURCE_DIR "/tests/vectors/tesla_uart/conversions.txt");
  int count = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string what;
    std::uint16_t raw = 0;
    double value = 0;
    words >> what >> raw >> value;
    EXPECT_NEAR(convert(what, raw), value, kHalfADigit) << line;
    ++count;
  }
  EXPECT_EQ(count, 19);
}

TEST(TeslaConversion, NamesOpenAndShortedSensors) {
  const SensorRange range;
  for (const int sensor : {0, 1}) {
    EXPECT_EQ(judge(temperature(0, sensor), range), SensorState::open);
    EXPECT_EQ(judge(temperature(1, sensor), range), SensorState::open);
    EXPECT_EQ(judge(temperature(4374, sensor), range), SensorState::good);
    EXPECT_EQ(judge(temperature(kMostRaw, sensor), range), SensorState::shorted);
    EXPECT_EQ(judge(temperature(0xFFFF, sensor), range), SensorState::shorted);
  }
}

TEST(TeslaConversion, ColdIsNotTakenForAnOpenSensor) {
  const std::uint16_t frost = 1000;  // about -13 degrees
  const Celsius value = temperature(frost, 0);
  EXPECT_LT(value.value, -10);
  EXPECT_EQ(judge(value, {}), SensorState::good);
}

TEST(TeslaMeasurement, ReadsAWholeBoard) {
  const auto m = decode_measurement(realistic());
  ASSERT_TRUE(m);
  EXPECT_TRUE(m->is_ready());
  EXPECT_FALSE(m->has_alert() || m->has_fault());
  EXPECT_NEAR(m->module.value, 23.469, kHalfADigit);
  const double cells[] = {3.912, 3.905, 3.918, 3.909, 3.911, 3.914};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(m->cells[i].value, cells[i], kHalfADigit);
  EXPECT_NEAR(m->temperatures[0].value, 20.004, kHalfADigit);
  EXPECT_THAT(implausible(*m), IsEmpty());
}

TEST(TeslaMeasurement, RefusesWhatIsTooShortOrHasTooManyBits) {
  auto bytes = realistic();
  EXPECT_EQ(decode_measurement(Bytes(bytes).first(18)).error().code, Errc::truncated);
  bytes[3] |= 0x40;
  EXPECT_EQ(decode_measurement(bytes).error().code, Errc::malformed);
}

TEST(TeslaMeasurement, BelievesNoReadingThatContradictsItself) {
  auto wrong = *decode_measurement(realistic());
  wrong.cells[2] = 3.2_V;
  EXPECT_THAT(implausible(wrong), HasSubstr("add up to"));
  wrong = *decode_measurement(realistic());
  wrong.cells[5] = Volts(0);
  EXPECT_THAT(implausible(wrong), HasSubstr("cell 6 reads 0.000 V"));
  wrong.cells[5] = 4.6_V;
  EXPECT_THAT(implausible(wrong), HasSubstr("cell 6"));
  wrong = *decode_measurement(realistic());
  wrong.module = 27.5_V;
  EXPECT_THAT(implausible(wrong), HasSubstr("27.50 V"));
}

}  // namespace
}  // namespace b2m::tesla_uart

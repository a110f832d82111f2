// SPDX-License-Identifier: MIT
#include "adapters/tesla_uart/chip_limits.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "adapters/tesla_uart/registers.hpp"

namespace b2m::tesla_uart {
namespace {

constexpr std::uint8_t kDisabled = 0x80;      // of a voltage threshold
constexpr std::uint8_t kMilliseconds = 0x80;  // of its delay; otherwise microseconds
constexpr std::uint8_t kMinutes = 0x80;
constexpr int kMostCount = 63;
constexpr double kMinute = 60;
constexpr double kVoltageHighStart = 2.0, kVoltageHighStep = 0.05;
constexpr double kVoltageLowStart = 0.7, kVoltageLowStep = 0.1;
constexpr double kDelayStep = 100;
constexpr double kMicro = 1e-3;
constexpr double kTemperatureStart = 35, kTemperatureStep = 5;
constexpr double kTemperatureDelayStep = 10;

/// Rounded: cutting off would lose a step where the division is a hair too small.
std::uint8_t steps(double value, double start, double step) {
  return static_cast<std::uint8_t>(std::lround((value - start) / step));
}

std::optional<double> decode_temperature(std::uint8_t byte) {
  const int first = byte & 0x0F;
  if (first == 0 || first != byte >> 4) return std::nullopt;
  return kTemperatureStart + kTemperatureStep * first;
}

}  // namespace

// clang-format off
const std::array<Limit, kLimits> kLimitTable{{
  {0x42, "chip_cell_voltage_high",       "V",  2.0, 5.15},
  {0x43, "chip_cell_voltage_high_delay", "ms", 0,   3100},
  {0x44, "chip_cell_voltage_low",        "V",  0.7, 3.3},
  {0x45, "chip_cell_voltage_low_delay",  "ms", 0,   3100},
  {0x46, "chip_temperature_high",        "°C", 40,  90},
  {0x47, "chip_temperature_high_delay",  "ms", 0,   2550},
}};
// clang-format on

Result<std::uint8_t> encode_limit(LimitKind kind, double value) {
  const Limit& limit = kLimitTable[static_cast<std::size_t>(kind)];
  if (!(value >= limit.low && value <= limit.high))
    return Error(Errc::out_of_range, fmt::format("{} can be {} to {} {}", limit.point, limit.low,
                                                 limit.high, limit.unit));
  switch (kind) {
    case LimitKind::cell_voltage_high:
      return steps(value, kVoltageHighStart, kVoltageHighStep);
    case LimitKind::cell_voltage_low:
      return steps(value, kVoltageLowStart, kVoltageLowStep);
    case LimitKind::cell_voltage_high_delay:
    case LimitKind::cell_voltage_low_delay:
      return static_cast<std::uint8_t>(kMilliseconds | steps(value, 0, kDelayStep));
    case LimitKind::temperature_high: {
      const std::uint8_t n = steps(value, kTemperatureStart, kTemperatureStep);
      return static_cast<std::uint8_t>(n << 4 | n);  // a nibble for each sensor
    }
    case LimitKind::temperature_high_delay:
      break;
  }
  return steps(value, 0, kTemperatureDelayStep);
}

std::optional<double> decode_limit(LimitKind kind, std::uint8_t byte) {
  switch (kind) {
    case LimitKind::cell_voltage_high:
      if ((byte & kDisabled) != 0) return std::nullopt;
      return kVoltageHighStart + kVoltageHighStep * (byte & 0x3F);
    case LimitKind::cell_voltage_low:
      if ((byte & kDisabled) != 0) return std::nullopt;
      return kVoltageLowStart + kVoltageLowStep * (byte & 0x1F);
    case LimitKind::cell_voltage_high_delay:
    case LimitKind::cell_voltage_low_delay:
      return kDelayStep * (byte & 0x1F) * ((byte & kMilliseconds) != 0 ? 1 : kMicro);
    case LimitKind::temperature_high:
      return decode_temperature(byte);
    case LimitKind::temperature_high_delay:
      break;
  }
  return kTemperatureDelayStep * byte;
}

std::optional<std::uint8_t> encode_bleed_time(double seconds) {
  if (!(seconds >= 1)) return std::nullopt;  // 0 would switch the timer off
  if (seconds < kMostCount + 1) return static_cast<std::uint8_t>(seconds);
  const double minutes = std::min(seconds / kMinute, static_cast<double>(kMostCount));
  return static_cast<std::uint8_t>(kMinutes | static_cast<std::uint8_t>(minutes));
}

double decode_bleed_time(std::uint8_t byte) {
  return (byte & kMostCount) * ((byte & kMinutes) != 0 ? kMinute : 1);
}

}  // namespace b2m::tesla_uart

// SPDX-License-Identifier: MIT
// The chip's own thresholds: six registers in a row, each a step count;
// docs/protocols/tesla-uart.md
// 8. And the count of its bleed timer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/result.hpp"

namespace b2m::tesla_uart {

enum class LimitKind {
  cell_voltage_high,
  cell_voltage_high_delay,
  cell_voltage_low,
  cell_voltage_low_delay,
  temperature_high,
  temperature_high_delay,
};
inline constexpr std::size_t kLimits = 6;

struct Limit {
  std::uint8_t reg;
  std::string_view point;
  std::string_view unit;
  double low, high;
};
extern const std::array<Limit, kLimits> kLimitTable;  // in order of LimitKind

/// The nearest step; Errc::out_of_range, in words, beyond what the chip can do.
Result<std::uint8_t> encode_limit(LimitKind kind, double value);
/// Empty: the chip does not watch this. Of the temperature also when its two sensors differ.
std::optional<double> decode_limit(LimitKind kind, std::uint8_t byte);

/// The longest time of the chip's bleed timer that is not beyond `seconds`; empty below a second.
std::optional<std::uint8_t> encode_bleed_time(double seconds);
double decode_bleed_time(std::uint8_t byte);

}  // namespace b2m::tesla_uart

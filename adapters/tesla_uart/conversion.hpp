// SPDX-License-Identifier: MIT
// Raw readings of a board to units; docs/protocols/tesla-uart.md 5.
#pragma once

#include <cstdint>

#include "gateway/units.hpp"

namespace b2m::tesla_uart {

inline constexpr std::uint16_t kMostRaw = 0x3FFF;  // 14 bits

constexpr Volts cell_voltage(std::uint16_t raw) { return Volts(raw * 6.25 / 16383); }
constexpr Volts module_voltage(std::uint16_t raw) { return Volts(raw * 100.0 / 49149); }
/// Sensor 0 sits at the negative terminal, sensor 1 at the positive one; their dividers differ.
/// Beyond what a sensor can say the value runs off: judge() tells open from shorted by it.
Celsius temperature(std::uint16_t raw, int sensor);

enum class SensorState { good, open, shorted };
struct SensorRange {
  double low_c = -40, high_c = 120;
};
SensorState judge(Celsius value, const SensorRange& range);

}  // namespace b2m::tesla_uart

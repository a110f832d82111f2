// SPDX-License-Identifier: MIT
#include "adapters/tesla_uart/peer_wire.hpp"

#include <algorithm>
#include <cmath>

namespace b2m::tesla_uart::peer {
namespace {

constexpr double kFullScale = 16383;  // 14 bits
constexpr double kCellScale_v = 6.25;
constexpr double kModuleScale_v = 100.0 / 3;

// A thermistor of 10 kOhm at 25 degrees, below resistors that make the reading ratio-metric.
constexpr double kSteinhart[] = {0.0007610373573, 0.0002728524832, 0.0000001022822735};
constexpr double kKelvin = 273.15;
constexpr double kDivider = 1.78, kSeries_kohm = 3.57;
constexpr double kSensorScale[] = {33046, 33068};
constexpr double kSensorOffset[] = {2, 9};

std::uint16_t to_raw(double steps) {
  return static_cast<std::uint16_t>(std::lround(std::clamp(steps, 0.0, kFullScale)));
}

double kelvin_of(double ln_ohm) {
  return 1 / (kSteinhart[0] + kSteinhart[1] * ln_ohm + kSteinhart[2] * ln_ohm * ln_ohm * ln_ohm);
}

/// The curve falls all the way, so halving finds the place.
double thermistor_kohm(Celsius temperature) {
  double low = 0, high = 20;  // ln of 1 Ohm to 485 MOhm
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (kelvin_of(middle) - kKelvin > temperature.value ? low : high) = middle;
  }
  return std::exp(low) / 1000;
}

}  // namespace

// Bit by bit, x^8 + x^2 + x + 1: no table that could be wrong in one place.
std::uint8_t checksum(Bytes bytes) {
  unsigned crc = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    crc ^= i == 0 ? bytes[i] & 0x7FU : bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1 ^ (crc & 0x80 ? 0x07U : 0)) & 0xFF;
  }
  return static_cast<std::uint8_t>(crc);
}

std::uint16_t raw_cell(Volts voltage) { return to_raw(voltage.value * kFullScale / kCellScale_v); }
std::uint16_t raw_module(Volts voltage) {
  return to_raw(voltage.value * kFullScale / kModuleScale_v);
}

std::uint16_t raw_sensor(std::size_t sensor, Celsius temperature) {
  const double ratio = kDivider / (thermistor_kohm(temperature) + kSeries_kohm);
  return to_raw(ratio * kSensorScale[sensor] - kSensorOffset[sensor]);
}

}  // namespace b2m::tesla_uart::peer

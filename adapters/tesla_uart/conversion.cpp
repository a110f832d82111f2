// SPDX-License-Identifier: MIT
#include "adapters/tesla_uart/conversion.hpp"

#include <cmath>
#include <limits>

namespace b2m::tesla_uart {
namespace {

struct Divider {
  double offset, full_scale;
};
constexpr Divider kDividers[] = {{2, 33046}, {9, 33068}};

// Steinhart-Hart, of the boards' 10 kOhm thermistors.
constexpr double kA = 0.0007610373573;
constexpr double kB = 0.0002728524832;
constexpr double kC = 0.0000001022822735;
constexpr double kZeroCelsius = 273.15;

}  // namespace

Celsius temperature(std::uint16_t raw, int sensor) {
  const Divider& d = kDividers[sensor == 0 ? 0 : 1];
  const double ohms = (1.78 / ((raw + d.offset) / d.full_scale) - 3.57) * 1000;
  if (ohms <= 0) return Celsius(std::numeric_limits<double>::infinity());
  const double ln = std::log(ohms);
  return Celsius(1 / (kA + kB * ln + kC * ln * ln * ln) - kZeroCelsius);
}

SensorState judge(Celsius value, const SensorRange& range) {
  if (value.value < range.low_c) return SensorState::open;
  return value.value <= range.high_c ? SensorState::good : SensorState::shorted;
}

}  // namespace b2m::tesla_uart

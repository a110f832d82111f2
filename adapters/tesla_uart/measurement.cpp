// SPDX-License-Identifier: MIT
#include "adapters/tesla_uart/measurement.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace b2m::tesla_uart {
namespace {

constexpr Volts kLowestCell{0.5};
constexpr Volts kHighestModule{27};
constexpr double kMostDifference = 0.5;  // between the module's voltage and its cells

constexpr std::size_t kModuleAt = 1;
constexpr std::size_t kCellsAt = 3;
constexpr std::size_t kSensorsAt = 15;

}  // namespace

Result<Measurement> decode_measurement(Bytes registers) {
  if (registers.size() < kMeasurementSize) return Errc::truncated;
  Measurement m;
  for (std::size_t i = 0; i < m.raw.size(); ++i) {
    m.raw[i] = u16be(registers.subspan(kModuleAt + 2 * i));
    if (m.raw[i] > kMostRaw) return Error(Errc::malformed, "a reading has more than 14 bits");
  }
  m.status = registers[0];
  m.module = module_voltage(u16be(registers.subspan(kModuleAt)));
  for (std::size_t i = 0; i < m.cells.size(); ++i)
    m.cells[i] = cell_voltage(u16be(registers.subspan(kCellsAt + 2 * i)));
  for (std::size_t i = 0; i < m.temperatures.size(); ++i)
    m.temperatures[i] =
        temperature(u16be(registers.subspan(kSensorsAt + 2 * i)), static_cast<int>(i));
  return m;
}

std::string implausible(const Measurement& m) {
  for (std::size_t i = 0; i < m.cells.size(); ++i)
    if (m.cells[i] < kLowestCell || m.cells[i] > kHighestCell)
      return fmt::format("cell {} reads {:.3f} V: check its sense wire", i + 1, m.cells[i].value);
  if (m.module > kHighestModule)
    return fmt::format("the module's voltage reads {:.2f} V", m.module.value);
  const Volts sum = std::accumulate(m.cells.begin(), m.cells.end(), Volts());
  if (std::abs(m.module.value - sum.value) < kMostDifference) return {};
  return fmt::format(
      "the module reads {:.2f} V, but its cells add up to {:.2f} V: check the sense "
      "wires",
      m.module.value, sum.value);
}

}  // namespace b2m::tesla_uart

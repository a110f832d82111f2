// SPDX-License-Identifier: MIT
// One reading of a module: status, module voltage, cells, sensors, and whether it can be true.
#pragma once

#include <array>
#include <string>

#include "adapters/tesla_uart/conversion.hpp"
#include "adapters/tesla_uart/registers.hpp"
#include "gateway/bytes.hpp"
#include "gateway/result.hpp"

namespace b2m::tesla_uart {

/// A reading above it cannot be true.
inline constexpr Volts kHighestCell{4.5};

inline constexpr std::uint8_t kMeasurementSize = 19;  // registers from status on

/// Module, cells, sensors, as they were read.
using RawReading = std::array<std::uint16_t, 1 + kCells + kSensors>;

struct Measurement {
  std::uint8_t status = 0;
  RawReading raw{};
  Volts module;
  std::array<Volts, kCells> cells{};
  std::array<Celsius, kSensors> temperatures{};

  [[nodiscard]] bool is_ready() const { return (status & status::kDataReady) != 0; }
  [[nodiscard]] bool has_alert() const { return (status & status::kAlert) != 0; }
  [[nodiscard]] bool has_fault() const { return (status & status::kFault) != 0; }
};

/// Bytes behind the first nineteen are not looked at.
Result<Measurement> decode_measurement(Bytes registers);
/// What contradicts itself or cannot be, in words; empty: nothing.
std::string implausible(const Measurement& m);

}  // namespace b2m::tesla_uart

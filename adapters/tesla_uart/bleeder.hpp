// SPDX-License-Identifier: MIT
// Which cells of one module shall bleed, each until its order runs out. Pure: time comes in.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "adapters/tesla_uart/registers.hpp"
#include "gateway/units.hpp"

namespace b2m::tesla_uart {

class Bleeder {
 public:
  void want(int cell, SteadyTime until) { until_.at(static_cast<std::size_t>(cell)) = until; }
  void drop(int cell) { until_.at(static_cast<std::size_t>(cell)).reset(); }
  void drop_all() { until_.fill(std::nullopt); }

  /// Bits of CB_CTRL. A cell whose order has less left than the chip's timer can count is off.
  [[nodiscard]] std::uint8_t mask(SteadyTime now) const;
  /// CB_TIME for this mask: one timer for all cells, so it must not outlast any of them.
  [[nodiscard]] std::uint8_t time(SteadyTime now, double longest_s) const;

 private:
  std::array<std::optional<SteadyTime>, kCells> until_{};
};

}  // namespace b2m::tesla_uart

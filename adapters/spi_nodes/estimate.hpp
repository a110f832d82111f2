// SPDX-License-Identifier: MIT
// Cells out of taps, and how far a voltage can be off.
#pragma once

#include <optional>
#include <vector>

#include "adapters/spi_nodes/settings.hpp"

namespace b2m::spi_nodes {

struct CellEstimate {
  std::optional<Volts> volts;
  std::optional<Volts> error;
  bool is_suspect = false;
};

/// A node's voltage at its resistors, calibrated, and its error; empty: not read in this cycle.
struct TapReading {
  Volts volts, error;
  bool is_suspect = false;  // so is what is computed with it
};

/// Half a step of the converter, and what a legacy node cuts off.
Volts resolution(bool is_legacy, double scale);

/// taps: each cell is the difference to the tap below, its error the sum of both.
std::vector<CellEstimate> cells_of(const std::vector<std::optional<TapReading>>& readings,
                                   Arrangement arrangement);

}  // namespace b2m::spi_nodes

// SPDX-License-Identifier: MIT
#include "adapters/spi_nodes/estimate.hpp"

namespace b2m::spi_nodes {

Volts resolution(bool is_legacy, double scale) {
  const Volts step = kLegacyStep / 2 + (is_legacy ? kLegacyCut : Volts(0.0005));
  return step * scale;
}

std::vector<CellEstimate> cells_of(const std::vector<std::optional<TapReading>>& readings,
                                   Arrangement arrangement) {
  std::vector<CellEstimate> cells(readings.size());
  for (std::size_t i = 0; i < readings.size(); ++i) {
    if (!readings[i]) continue;
    const bool is_difference = arrangement == Arrangement::taps && i > 0;
    if (is_difference && !readings[i - 1]) continue;
    const TapReading below = is_difference ? *readings[i - 1] : TapReading{};
    cells[i] = {readings[i]->volts - below.volts, readings[i]->error + below.error,
                readings[i]->is_suspect || below.is_suspect};
  }
  return cells;
}

}  // namespace b2m::spi_nodes

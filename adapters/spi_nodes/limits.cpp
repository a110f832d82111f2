// SPDX-License-Identifier: MIT
// The limits that nodes keep by themselves: written only where control.allow lets us.
#include <algorithm>

#include "adapters/spi_nodes/adapter.hpp"
#include "gateway/log.hpp"

namespace b2m::spi_nodes {

/// The floor protects from our own bleeding and goes with it; the maximum is a limit like any
/// other.
void SpiNodesAdapter::choose_limits(bool may_limit, bool may_bleed) {
  const bool has_floor = settings_.bleed_floor_v && (may_limit || may_bleed);
  const bool has_maximum = settings_.cell_maximum_v && may_limit;
  for (const Cell& cell : cells_) {
    const auto at = std::ranges::find(settings_.nodes, cell.node->plan().cell, &NodeSettings::cell);
    V2Limits limits;
    if (has_floor) limits.bleed_floor_mv = *settings_.millivolts(settings_.bleed_floor_v, *at);
    if (has_maximum) limits.cell_maximum_mv = *settings_.millivolts(settings_.cell_maximum_v, *at);
    if (has_floor || has_maximum) cell.node->set_limits(limits);
  }
  const auto warn = [&](std::string_view key) {
    log::warn("spi_nodes",
              "{}: {} is not sent to the nodes, which keep their own; add \"limits\": [control] "
              "allow = [\"limits\"]",
              settings_.id, key);
  };
  if (settings_.bleed_floor_v && !has_floor) warn("bleed_floor_v");
  if (settings_.cell_maximum_v && !has_maximum) warn("cell_maximum_v");
}

}  // namespace b2m::spi_nodes

// SPDX-License-Identifier: MIT
// Who is on a select line, before anything is configured.
#pragma once

#include <string>
#include <vector>

#include "adapters/spi_nodes/node.hpp"

namespace b2m::spi_nodes {

struct FoundNode {
  std::string device;
  int address = 0;  // 0: alone on its line, or legacy
  Protocol protocol = Protocol::unknown;
  std::string text;  // "v2, address 3, firmware 2.3"
};

struct LookedAt {
  std::vector<FoundNode> nodes;
  std::string trouble;  // why there is none
};

/// A node alone on the line, else those of protocol v2 that share it. Nothing is switched on or
/// off. Fails only when cancelled.
Awaitable<Result<LookedAt>> look_at(const OpenSpi& open, Clock& clock, SpiOpening how);

}  // namespace b2m::spi_nodes

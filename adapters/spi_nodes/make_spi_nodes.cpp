// SPDX-License-Identifier: MIT
#include "adapters/spi_nodes/adapter.hpp"

namespace b2m::spi_nodes {

Result<std::unique_ptr<Adapter>> make_spi_nodes(const std::any& settings, Resources& resources) {
  const auto* given = std::any_cast<SpiNodesSettings>(&settings);
  if (!given) return Error(Errc::malformed, "these are no settings of SPI nodes");
  if (!resources.open_spi) return Error(Errc::not_supported, "there is no SPI here");
  return std::unique_ptr<Adapter>(std::make_unique<SpiNodesAdapter>(*given, resources));
}

}  // namespace b2m::spi_nodes

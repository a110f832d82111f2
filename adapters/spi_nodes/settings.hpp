// SPDX-License-Identifier: MIT
// What [[spi_nodes]] of the configuration says, as plain structs. The defaults stand here and
// nowhere else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/spi_nodes/legacy.hpp"
#include "config/schema.hpp"

namespace b2m::spi_nodes {

enum class ProtocolChoice { automatic, v2, legacy };
/// cells: every node measures one cell. taps: every node measures its cell and all below it.
enum class Arrangement { cells, taps };

struct NodeSettings {
  int cell = 0;
  std::string device;  // empty: the adapter's
  int address = 0;     // 0: whoever is selected
  std::optional<ProtocolChoice> protocol;
  std::optional<double> divider;  // of the resistors in front of the node
  double node_divider = kLegacyDivider;
  config::Place place;

  /// From what the node says to what is at its resistors.
  [[nodiscard]] double scale() const { return divider ? *divider / node_divider : 1; }
};

struct SpiNodesSettings {
  std::string id;
  std::string device = "/dev/spidev0.1";
  ProtocolChoice protocol = ProtocolChoice::automatic;
  int clock_hz = 8000;
  int byte_gap_us = 0;
  bool invert_mosi = false, invert_miso = false;
  double poll_interval_s = 1;
  Arrangement arrangement = Arrangement::cells;
  double tolerance_percent = 10;
  double bleed_duty_percent = 100;
  double bleed_max_temperature_c = 60;
  std::optional<double> bleed_floor_v, cell_maximum_v;
  std::vector<NodeSettings> nodes;
  config::Place place;

  [[nodiscard]] const std::string& device_of(const NodeSettings& node) const {
    return node.device.empty() ? device : node.device;
  }
  [[nodiscard]] ProtocolChoice protocol_of(const NodeSettings& node) const {
    return node.protocol.value_or(protocol);
  }
  /// As its own converter sees them; empty: none is configured.
  [[nodiscard]] std::optional<std::uint16_t> millivolts(const std::optional<double>& volts,
                                                        const NodeSettings& node) const;
  /// Several nodes on its select line: then addresses tell them apart.
  [[nodiscard]] bool is_shared(const std::string& device_path) const;
};

const config::TableSchema& spi_nodes_schema();

}  // namespace b2m::spi_nodes

template <>
struct b2m::config::WordsOf<b2m::spi_nodes::ProtocolChoice> {
  static constexpr std::string_view kWords[] = {"auto", "v2", "legacy"};
};
template <>
struct b2m::config::WordsOf<b2m::spi_nodes::Arrangement> {
  static constexpr std::string_view kWords[] = {"cells", "taps"};
};

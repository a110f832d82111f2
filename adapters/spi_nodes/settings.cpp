// SPDX-License-Identifier: MIT
// The keys of [[spi_nodes]], for parsing, checking and the documentation.
#include "adapters/spi_nodes/settings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>

#include "adapters/spi_nodes/v2.hpp"

namespace b2m::spi_nodes {
namespace {

constexpr long kMost_mv = std::numeric_limits<std::uint16_t>::max();
constexpr int kMostCells = 99;  // two digits in the keys

config::Schema<NodeSettings> make_node_schema() {
  using S = NodeSettings;
  return config::Schema<S>("spi_nodes.node", "One node; as many tables as there are cells")
      .required("cell", &S::cell, "Its cell, counted from pack minus", config::range(1, kMostCells))
      .option("device", &S::device,
              "Its own select line, such as \"/dev/spidev0.1\"; not set: the adapter's",
              config::not_empty())
      .option("address", &S::address,
              "Its address in protocol v2; needed where several nodes share a select line; 0: "
              "whoever is "
              "selected",
              config::range(0, kLastAddress))
      .option("protocol", &S::protocol, "Not set: the adapter's",
              config::words_of<ProtocolChoice>())
      .option("divider", &S::divider,
              "Volts at the tap for one volt at the converter, as wired; not set: as the node's "
              "program assumes",
              config::range(1, 100))
      .option("node_divider", &S::node_divider, "The same, as the node's program assumes",
              config::range(1, 100))
      .place(&S::place);
}

const config::Schema<NodeSettings>& node_schema() {
  static const auto kSchema = make_node_schema();
  return kSchema;
}

void check_cells(const SpiNodesSettings& s, config::Complaints& complaints) {
  if (s.nodes.empty())
    return complaints.here("no node is described",
                           "add a [[spi_nodes.node]] table with its cell for every node; "
                           "`battery2mqtt discover spi` writes them");
  std::set<int> cells;
  for (const NodeSettings& node : s.nodes)
    if (!cells.insert(node.cell).second)
      complaints.about("node", fmt::format("two nodes are said to be on cell {}", node.cell),
                       "each cell has one node");
  const int last = *cells.rbegin();
  if (cells.size() == s.nodes.size() && last != static_cast<int>(s.nodes.size()))
    complaints.about("node", fmt::format("there are {} nodes, but cell {}", s.nodes.size(), last),
                     "cells are counted from 1 without a gap");
}

void check_line(const std::string& device, const std::vector<const NodeSettings*>& nodes,
                const SpiNodesSettings& s, config::Complaints& complaints) {
  if (nodes.size() < 2) return;
  std::set<int> addresses;
  for (const NodeSettings* node : nodes) {
    if (s.protocol_of(*node) == ProtocolChoice::legacy)
      complaints.about(
          "node",
          fmt::format("the legacy node of cell {} shares {} with others", node->cell, device),
          "legacy nodes have no address: give it a select line of its own (device)");
    else if (node->address == 0)
      complaints.about(
          "node",
          fmt::format("the node of cell {} shares {} and has no address", node->cell, device),
          "add address = N, or a device of its own");
    else if (!addresses.insert(node->address).second)
      complaints.about("node",
                       fmt::format("two nodes on {} have the address {}", device, node->address),
                       "addresses on one select line must differ");
  }
}

void check_limit(std::string_view key, const std::optional<double>& volts,
                 const SpiNodesSettings& s, config::Complaints& complaints) {
  if (!volts) return;
  if (s.arrangement == Arrangement::taps)
    return complaints.about(key, "a node at a tap measures several cells and keeps no cell's limit",
                            fmt::format("remove {}", key));
  for (const NodeSettings& node : s.nodes)
    if (s.millivolts(volts, node) == 0)
      complaints.about(
          key,
          fmt::format("{} V behind the divider of cell {} is more than a node can keep", *volts,
                      node.cell),
          "a node keeps 0.001 to 65.535 V at its converter: correct the limit, "
          "divider or node_divider");
}

void check(const SpiNodesSettings& s, config::Complaints& complaints) {
  check_cells(s, complaints);
  for (const NodeSettings& node : s.nodes)
    if (node.address != 0 && s.protocol_of(node) == ProtocolChoice::legacy)
      complaints.about("node",
                       fmt::format("the legacy node of cell {} is given an address", node.cell),
                       "only nodes of protocol v2 have one: remove address");
  std::map<std::string, std::vector<const NodeSettings*>> lines;
  for (const NodeSettings& node : s.nodes) lines[s.device_of(node)].push_back(&node);
  for (const auto& [device, nodes] : lines) check_line(device, nodes, s, complaints);
  check_limit("bleed_floor_v", s.bleed_floor_v, s, complaints);
  check_limit("cell_maximum_v", s.cell_maximum_v, s, complaints);
  if (s.bleed_floor_v && s.cell_maximum_v && *s.bleed_floor_v >= *s.cell_maximum_v)
    complaints.about("bleed_floor_v", "the bleed floor is not below the cell maximum",
                     fmt::format("cell_maximum_v is {}", *s.cell_maximum_v));
}

config::Schema<SpiNodesSettings> make_schema() {
  using S = SpiNodesSettings;
  return config::Schema<S>("spi_nodes", "One measuring node per cell, on SPI")
      .required("id", &S::id, "Name of this group of nodes", config::slug())
      .option("device", &S::device, "Select line of all nodes that do not have one of their own",
              config::not_empty())
      .option("protocol", &S::protocol, "What the nodes speak; auto: found out, node by node",
              config::words_of<ProtocolChoice>())
      .option("clock_hz", &S::clock_hz, "Clock; slow couplers need 8000 or less",
              config::range(1000, 1'000'000))
      .option("byte_gap_us", &S::byte_gap_us, "Pause after each byte, for slow nodes; 20 to 50",
              config::range(0, 10'000))
      .option("invert_mosi", &S::invert_mosi, "The couplers invert MOSI")
      .option("invert_miso", &S::invert_miso, "The couplers invert MISO")
      .option("poll_interval_s", &S::poll_interval_s, "How often all nodes are read",
              config::range(0.2, 60))
      .option("arrangement", &S::arrangement,
              "cells: every node measures one cell; taps: nodes measure from pack minus to the top "
              "of their cell, and cells are differences",
              config::words_of<Arrangement>())
      .option("tolerance_percent", &S::tolerance_percent,
              "Of reference and divider together, without calibration", config::range(0, 20))
      .option("bleed_duty_percent", &S::bleed_duty_percent, "How hard a node bleeds",
              config::range(1, 100))
      .option("bleed_max_temperature_c", &S::bleed_max_temperature_c,
              "A node that is hotter stops bleeding by itself", config::range(20, 100))
      .option("bleed_floor_v", &S::bleed_floor_v,
              "A node stops bleeding below it by itself; not set: as its program says",
              config::range(0.5, 60))
      .option("cell_maximum_v", &S::cell_maximum_v,
              "Above it the node says over-voltage; not set: as its program says",
              config::range(0.5, 60))
      .list("node", &S::nodes, node_schema())
      .place(&S::place)
      .check(check);
}

}  // namespace

std::optional<std::uint16_t> SpiNodesSettings::millivolts(const std::optional<double>& volts,
                                                          const NodeSettings& node) const {
  if (!volts) return std::nullopt;
  const long mv = std::lround(*volts / node.scale() * 1000);
  return static_cast<std::uint16_t>(mv < 0 || mv > kMost_mv ? 0 : mv);
}

bool SpiNodesSettings::is_shared(const std::string& path) const {
  return std::ranges::count_if(
             nodes, [&](const NodeSettings& node) { return device_of(node) == path; }) > 1;
}

const config::TableSchema& spi_nodes_schema() {
  static const auto kSchema = make_schema();
  return kSchema;
}

}  // namespace b2m::spi_nodes

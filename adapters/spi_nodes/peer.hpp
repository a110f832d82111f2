// SPDX-License-Identifier: MIT
// The other side of the SPI adapter: nodes on the select lines of one controller, old ones and such
// of protocol v2, bit by bit as they see the clock, and made to fail. No I/O and no clock of its
// own: who calls it says when.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/spi_nodes/peer_cells.hpp"
#include "gateway/bytes.hpp"

namespace b2m::spi_nodes {

/// One board and how it is wired and programmed.
struct NodeWiring {
  std::uint8_t select = 0;   // several on one: they share it, by address
  std::uint8_t address = 1;  // 1 to 62; of protocol v2
  bool is_legacy = false;
  std::array<std::uint8_t, 6> serial{0xDE, 0xAD, 0xBE, 0xEF, 0x00, 0x01};
  Ohms bleed{10};          // 0: it cannot bleed
  Ohms wiring{0.05};       // of the wires to the cell, which carry the bleed current as well
  double gain = 1;         // of its reference: 1.05 reads 5 % too much
  double divider = 5.7;    // as wired; its program reckons with 5.7
  bool has_sensor = true;  // of temperature
  int bleed_floor_mv = 2000, cell_maximum_mv = 65'000;  // after power-up
  std::uint8_t first_answer = 0;  // of an old node after power-up: whatever is in its register
};

struct NodesPeerSettings {
  std::string id = "nodes";                               // in what it says
  SteadyDuration loop = std::chrono::milliseconds(300);   // an old node measures so often
  SteadyDuration settle = std::chrono::milliseconds(10);  // of a voltage after a bleed
  SteadyDuration patience = std::chrono::seconds(30);     // without a master, then no bleed
  std::uint64_t seed = 1;                                 // of noise and slips
};

/// What can go wrong; docs/simulated-hardware.md says what each kind does.
enum class NodeFaultKind {
  bit_slip,
  extra_edge,
  slow_edges,
  stuck_high,
  stuck_low,
  brown_out,
  dead,
  wrong_node,
  swapped,
  mirrored,
  noise,
  echo,
  inverted,
  race,
  frozen,
  open_sensor,
  node_voltage,
  node_temperature,
  status,
  unplug,
};
inline constexpr std::string_view kNodeFaultKinds[] = {
    "bit_slip",    "extra_edge",   "slow_edges",       "stuck_high", "stuck_low",
    "brown_out",   "dead",         "wrong_node",       "swapped",    "mirrored",
    "noise",       "echo",         "inverted",         "race",       "frozen",
    "open_sensor", "node_voltage", "node_temperature", "status",     "unplug",
};

struct NodeFault {
  NodeFaultKind kind = NodeFaultKind::dead;
  int node = 0;                   // in order of adding, from 1; 0: all
  std::optional<double> value{};  // bit, byte, clock, share, volts, degrees or node, by kind
  SteadyDuration lasts = SteadyDuration::max();
};

/// Machine-readable lines: "node id=nodes node=2 bleed=on duty=255 seconds=3 by=command".
using NodesSay = std::function<void(const std::string&)>;

class NodesPeer {
 public:
  explicit NodesPeer(NodesPeerSettings settings = {}, NodesSay say = {});
  ~NodesPeer();
  NodesPeer(const NodesPeer&) = delete;
  NodesPeer& operator=(const NodesPeer&) = delete;

  /// One more node on a cell (from 0) of the bench, which outlives the peer; as a tap it sees all
  /// cells below as well.
  void add(const NodeWiring& wiring, sim::Bench& bench, std::size_t cell, bool is_tap = false);
  /// On a cell that stays as it is set.
  peer::FixedCell& add_fixed(const NodeWiring& wiring, Volts voltage = Volts(3.7));

  /// The select line is low for so many bytes, of any number; as many come back. Times must not go
  /// back. Nobody on the line: 0xFF.
  std::vector<std::uint8_t> exchange(std::uint8_t select, Bytes mosi, SteadyTime now,
                                     int clock_hz = 8000);
  /// Lets timers run out while nothing is asked.
  void advance_to(SteadyTime now);
  /// False: there is no such node, or `unplug`, which is the transport's business.
  bool inject(const NodeFault& fault, SteadyTime now);
  void clear_faults();

  // What is so, whatever is on the wire. `node` is a place in order of adding, from 0.
  [[nodiscard]] std::size_t nodes() const;
  [[nodiscard]] std::uint8_t address(std::size_t node) const;
  [[nodiscard]] std::uint8_t duty(std::size_t node) const;  // of the bleed; 0: none
  [[nodiscard]] SteadyTime bleeds_until(std::size_t node) const;
  [[nodiscard]] bool is_located(std::size_t node) const;
  [[nodiscard]] std::uint64_t restarts(std::size_t node) const;
  [[nodiscard]] std::uint64_t exchanges() const;
  [[nodiscard]] std::uint64_t requests(std::size_t node) const;  // good ones for it

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace b2m::spi_nodes

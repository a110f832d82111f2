// SPDX-License-Identifier: MIT
// The program with simulated wires instead of a bus: two Tesla modules in a ring, and four nodes on
// SPI, each a pack of its own.
#pragma once

#include <string>
#include <vector>

#include "tests/support/gateway_rig.hpp"

namespace b2m::test {

/// Packs: tesla (modules tesla_module1 and tesla_module2, six cells each) and nodes (four cells:
/// two v2 nodes on a shared select line, a legacy one, a v2 one alone). Small cells and strong
/// bleeders, so that seconds show.
class WiredRig : public GatewayRig {
 protected:
  WiredRig();

  void start_peers();
  /// Peers, broker and `battery2mqtt run`, up to all cells known.
  void start_site();
  /// Again after its end, with what it has kept; up to the next "online".
  [[nodiscard]] bool run_again();

  /// By mosquitto_pub.
  void publish(const std::string& below, const std::string& payload) const;
  [[nodiscard]] bool is(const std::string& below, const std::string& payload,
                        std::chrono::milliseconds limit = std::chrono::seconds(20)) const;
  /// A payload after `from`, which may have been followed by others.
  [[nodiscard]] bool was(const std::string& below, const std::string& payload, std::size_t from,
                         std::chrono::milliseconds limit = std::chrono::seconds(20)) const;
  [[nodiscard]] bool is_known(const std::string& below) const;
  /// NaN while it is unknown.
  [[nodiscard]] double number(const std::string& below) const;
  [[nodiscard]] bool wait_event(std::vector<std::string> words, std::size_t from,
                                std::chrono::milliseconds limit = std::chrono::seconds(20)) const;
  /// What the peers have said of a module or node ("ring id=ring1 module=1 ") after `from` bytes.
  [[nodiscard]] std::vector<std::string> lines_of(const std::string& start, std::size_t from = 0);
  /// Availability of the device and all of its cell voltages.
  [[nodiscard]] bool has_all_cells(const std::string& device, int cells) const;
  [[nodiscard]] bool is_whole() const;

  bool has_ring = true, has_nodes = true;
  std::string tesla_lines, nodes_lines;  // more keys of their [[pack]]
  std::string world_lines;               // more keys of both batteries

 private:
  [[nodiscard]] std::string world() const;
  [[nodiscard]] std::string tables() const;
};

}  // namespace b2m::test

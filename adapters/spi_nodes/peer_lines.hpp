// SPDX-License-Identifier: MIT
// The wires between a master and its simulated nodes, with what is wrong with them.
#pragma once

#include <random>

#include "adapters/spi_nodes/peer_board.hpp"
#include "adapters/spi_nodes/peer_faults.hpp"

namespace b2m::spi_nodes::peer {

class Lines {
 public:
  Lines(const NodesPeerSettings& settings, NodesSay say);

  void add(const NodeWiring& wiring, std::unique_ptr<NodeCell> cell);
  std::vector<std::uint8_t> exchange(std::uint8_t select, Bytes mosi, SteadyTime now, int clock_hz);
  void advance_to(SteadyTime now);
  bool inject(const NodeFault& fault, SteadyTime now);
  void clear_faults();

  [[nodiscard]] std::size_t size() const { return boards_.size(); }
  [[nodiscard]] const Board& board(std::size_t place) const { return *boards_[place]; }
  [[nodiscard]] std::uint64_t exchanges() const { return exchanges_; }

 private:
  /// A node that hears this exchange, and how it hears it.
  struct Listener {
    std::size_t place = 0;
    std::optional<std::size_t> lost_edge, extra_edge;  // bit of the exchange
    double noise = 0;                                  // share of bits flipped, both ways
    bool is_late = false;
    std::optional<bool> stuck;
    bool is_echo = false, is_inverted = false;
    bool last = true;  // what was on its wire a bit ago
  };

  [[nodiscard]] std::vector<Listener> listeners(std::uint8_t select, std::size_t bits,
                                                int clock_hz);
  [[nodiscard]] std::size_t place_at(std::size_t wired) const;
  Listener listener(std::size_t place, std::size_t bits, int clock_hz);
  std::optional<std::size_t> edge(NodeFaultKind kind, int node, std::size_t bits);
  bool pass(std::vector<Listener>& all, std::size_t bit, bool mosi);
  std::optional<bool> said(Listener& listener, bool mosi);
  void apply_faults();
  void apply_to(std::size_t place);
  [[nodiscard]] bool is_on(std::size_t place) const;
  bool chance(double share);

  NodesPeerSettings settings_;
  NodesSay say_;
  std::vector<std::unique_ptr<Board>> boards_;
  FaultList faults_;
  SteadyTime now_{};
  std::uint64_t exchanges_ = 0;
  std::mt19937_64 random_;
};

}  // namespace b2m::spi_nodes::peer

// SPDX-License-Identifier: MIT
#include "adapters/spi_nodes/peer.hpp"

#include <utility>

#include "adapters/spi_nodes/peer_lines.hpp"

namespace b2m::spi_nodes {

class NodesPeer::Core {
 public:
  Core(const NodesPeerSettings& settings, NodesSay say) : lines(settings, std::move(say)) {}
  peer::Lines lines;
};

NodesPeer::NodesPeer(NodesPeerSettings settings, NodesSay say)
    : core_(std::make_unique<Core>(settings, std::move(say))) {}
NodesPeer::~NodesPeer() = default;

void NodesPeer::add(const NodeWiring& wiring, sim::Bench& bench, std::size_t cell, bool is_tap) {
  core_->lines.add(wiring, std::make_unique<peer::BenchCell>(bench, cell, is_tap));
}

peer::FixedCell& NodesPeer::add_fixed(const NodeWiring& wiring, Volts voltage) {
  auto cell = std::make_unique<peer::FixedCell>(voltage);
  peer::FixedCell& added = *cell;
  core_->lines.add(wiring, std::move(cell));
  return added;
}

std::vector<std::uint8_t> NodesPeer::exchange(std::uint8_t select, Bytes mosi, SteadyTime now,
                                              int clock_hz) {
  return core_->lines.exchange(select, mosi, now, clock_hz);
}

void NodesPeer::advance_to(SteadyTime now) { core_->lines.advance_to(now); }
bool NodesPeer::inject(const NodeFault& fault, SteadyTime now) {
  return core_->lines.inject(fault, now);
}
void NodesPeer::clear_faults() { core_->lines.clear_faults(); }

std::size_t NodesPeer::nodes() const { return core_->lines.size(); }
std::uint8_t NodesPeer::address(std::size_t node) const {
  return core_->lines.board(node).address();
}
std::uint8_t NodesPeer::duty(std::size_t node) const { return core_->lines.board(node).duty(); }
SteadyTime NodesPeer::bleeds_until(std::size_t node) const {
  return core_->lines.board(node).bleeds_until();
}
bool NodesPeer::is_located(std::size_t node) const { return core_->lines.board(node).is_located(); }
std::uint64_t NodesPeer::restarts(std::size_t node) const {
  return core_->lines.board(node).restarts();
}
std::uint64_t NodesPeer::exchanges() const { return core_->lines.exchanges(); }
std::uint64_t NodesPeer::requests(std::size_t node) const {
  return core_->lines.board(node).requests();
}

}  // namespace b2m::spi_nodes

// SPDX-License-Identifier: MIT
// Which faults of simulated nodes are in force.
#pragma once

#include <vector>

#include "adapters/spi_nodes/peer.hpp"

namespace b2m::spi_nodes::peer {

class FaultList {
 public:
  void add(const NodeFault& fault, SteadyTime now) {
    const bool ends = fault.lasts < SteadyTime::max() - now;
    faults_.push_back({fault, ends ? now + fault.lasts : SteadyTime::max()});
  }
  void clear() { faults_.clear(); }
  /// True: some have ended.
  bool forget_old(SteadyTime now) {
    return std::erase_if(faults_, [&](const Active& a) { return a.until <= now; }) > 0;
  }
  [[nodiscard]] bool is_empty() const { return faults_.empty(); }
  /// The newest one of that kind that concerns the node (from 1); null: none.
  [[nodiscard]] const NodeFault* find(NodeFaultKind kind, int node) const {
    const NodeFault* newest = nullptr;
    for (const Active& a : faults_)
      if (a.fault.kind == kind && (a.fault.node == 0 || a.fault.node == node)) newest = &a.fault;
    return newest;
  }
  [[nodiscard]] bool has(NodeFaultKind kind, int node) const { return find(kind, node); }
  /// Calls `use` for every fault of that kind.
  template <class Use>
  void each(NodeFaultKind kind, Use use) const {
    for (const Active& a : faults_)
      if (a.fault.kind == kind) use(a.fault);
  }

 private:
  struct Active {
    NodeFault fault;
    SteadyTime until;
  };
  std::vector<Active> faults_;
};

}  // namespace b2m::spi_nodes::peer

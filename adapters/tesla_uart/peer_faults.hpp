// SPDX-License-Identifier: MIT
// Which faults of a simulated ring are in force.
#pragma once

#include <algorithm>

#include "adapters/tesla_uart/peer.hpp"

namespace b2m::tesla_uart::peer {

class FaultList {
 public:
  void add(const RingFault& fault, SteadyTime now) {
    const bool ends = fault.lasts < SteadyTime::max() - now;
    faults_.push_back({fault, ends ? now + fault.lasts : SteadyTime::max()});
  }
  void clear() { faults_.clear(); }
  /// True: some have ended.
  bool forget_old(SteadyTime now) {
    return std::erase_if(faults_, [&](const Active& a) { return a.until <= now; }) > 0;
  }
  [[nodiscard]] bool is_empty() const { return faults_.empty(); }
  /// The first one of that kind that concerns the module (from 1); null: none.
  [[nodiscard]] const RingFault* find(RingFaultKind kind, int module) const {
    for (const Active& a : faults_)
      if (is_about(a.fault, kind, module)) return &a.fault;
    return nullptr;
  }
  [[nodiscard]] bool has(RingFaultKind kind, int module) const { return find(kind, module); }
  /// Calls `use` for every fault of that kind that concerns the module; kAny: for all of them.
  static constexpr int kAny = -1;
  template <class Use>
  void each(RingFaultKind kind, int module, Use use) const {
    for (const Active& a : faults_)
      if (is_about(a.fault, kind, module)) use(a.fault);
  }

 private:
  struct Active {
    RingFault fault;
    SteadyTime until;
  };
  static bool is_about(const RingFault& fault, RingFaultKind kind, int module) {
    return fault.kind == kind && (module == kAny || fault.module == 0 || fault.module == module);
  }
  std::vector<Active> faults_;
};

}  // namespace b2m::tesla_uart::peer

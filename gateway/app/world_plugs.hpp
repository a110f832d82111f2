// SPDX-License-Identifier: MIT
// The smart plugs of a virtual site, with what is plugged into them.
#pragma once

#include <memory>
#include <vector>

#include "adapters/kasa/peer.hpp"
#include "gateway/app/world_bench.hpp"
#include "gateway/app/world_file.hpp"

namespace b2m::app {

class WorldPlugs {
 public:
  WorldPlugs(Executor executor, Clock& clock, kasa::PeerSay say);

  /// Sockets may charge what is on `benches`, which outlive the plugs.
  Result<> add(const WorldPlug& entry, std::uint64_t seed, const WorldBenches& benches);
  /// Takes all ports; from then on they answer.
  Result<> open();
  void inject(const WorldFault& fault);
  void clear_faults();

 private:
  struct Plug {
    std::string id;
    std::unique_ptr<kasa::PlugPeer> peer;
  };

  Executor executor_;
  Clock& clock_;
  kasa::PeerSay say_;
  std::unique_ptr<Network> network_;
  std::vector<Plug> plugs_;
};

}  // namespace b2m::app

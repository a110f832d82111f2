// SPDX-License-Identifier: MIT
// The CAN buses of a virtual site, with the boards on them.
#pragma once

#include <memory>
#include <vector>

#include "gateway/app/peer_transport.hpp"
#include "gateway/app/world_bench.hpp"
#include "gateway/app/world_file.hpp"

namespace b2m::app {

class WorldBuses {
 public:
  WorldBuses(Executor executor, Clock& clock, can::Say say);
  ~WorldBuses();

  /// `benches` outlive the buses.
  Result<> add(const WorldCan& entry, std::uint64_t seed, WorldBenches& benches);
  /// Opens every transport.
  Awaitable<Result<>> open();
  /// Carries all frames; the first bus that breaks ends the others.
  Awaitable<Result<>> run();
  void inject(const WorldFault& fault);
  void clear_faults();

 private:
  struct Bus;

  Result<> add_pack(Bus& bus, const WorldPack& pack, std::uint64_t seed, WorldBenches& benches);
  Awaitable<Result<>> run_from(std::size_t bus);

  Executor executor_;
  Clock& clock_;
  can::Say say_;
  std::vector<std::unique_ptr<Bus>> buses_;
};

}  // namespace b2m::app

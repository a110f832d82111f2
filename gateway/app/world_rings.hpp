// SPDX-License-Identifier: MIT
// The rings of Tesla modules of a virtual site, each on a pseudo terminal.
#pragma once

#include <memory>
#include <vector>

#include "adapters/tesla_uart/peer.hpp"
#include "gateway/app/world_bench.hpp"
#include "gateway/app/world_file.hpp"

namespace b2m::app {

class WorldRings {
 public:
  WorldRings(Executor executor, Clock& clock, tesla_uart::RingSay say);
  ~WorldRings();

  /// Its battery is the bench "ID/modules"; `benches` outlive the rings.
  Result<> add(const WorldRing& entry, std::uint64_t seed, WorldBenches& benches);
  Result<> open();
  /// Answers; the first ring that breaks ends the others.
  Awaitable<Result<>> run();
  void inject(const WorldFault& fault);
  void clear_faults();

 private:
  struct Ring;

  Awaitable<Result<>> run_from(std::size_t ring);
  Awaitable<Result<>> watch_plug(Ring& ring);
  bool inject(Ring& ring, const tesla_uart::RingFault& fault);

  Executor executor_;
  Clock& clock_;
  tesla_uart::RingSay say_;
  std::vector<std::unique_ptr<Ring>> rings_;
};

}  // namespace b2m::app

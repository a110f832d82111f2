// SPDX-License-Identifier: MIT
// One virtual site: batteries on their benches, and the peers that show and switch them.
#pragma once

#include "gateway/app/world_bench.hpp"
#include "gateway/app/world_buses.hpp"
#include "gateway/app/world_nodes.hpp"
#include "gateway/app/world_plugs.hpp"
#include "gateway/app/world_rings.hpp"

namespace b2m::app {

class World {
 public:
  World(const Executor& executor, Clock& clock, const can::Say& say);

  Result<> build(const WorldFile& file, config::FindProfile find_profile);
  /// Opens every transport, says "ready", runs until cancelled or something breaks.
  Awaitable<Result<>> run();
  void inject(const WorldFault& fault);
  void clear_faults();

 private:
  Awaitable<Result<>> run_script();
  void inject_into_battery(const WorldFault& fault);

  Clock& clock_;
  can::Say say_;
  std::unique_ptr<WorldBenches> benches_;
  WorldBuses buses_;
  WorldPlugs plugs_;
  WorldRings rings_;
  WorldNodes nodes_;
  std::vector<WorldFault> script_;
};

}  // namespace b2m::app

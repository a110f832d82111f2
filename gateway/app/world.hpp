// SPDX-License-Identifier: MIT
// One virtual site: batteries on their benches, and the peers that show and switch them.
#pragma once

#include <memory>
#include <vector>

#include "config/config.hpp"
#include "gateway/app/peer_transport.hpp"
#include "gateway/app/world_file.hpp"

namespace b2m::app {

class World {
 public:
  using FindChemistry = std::function<Result<config::Chemistry>(const std::string& name)>;

  World(Executor executor, Clock& clock, can::Say say);
  ~World();

  Result<> build(const WorldFile& file, const FindChemistry& find_chemistry);
  /// Opens every transport, says "ready", runs until cancelled or something breaks.
  Awaitable<Result<>> run();
  void inject(const WorldFault& fault);
  void clear_faults();

 private:
  struct Bus;

  Result<> add_bus(const WorldCan& entry, std::uint64_t seed, const FindChemistry& find_chemistry);
  Awaitable<Result<>> run_script();
  Awaitable<Result<>> run_from(std::size_t bus);

  Executor executor_;
  Clock& clock_;
  can::Say say_;
  std::vector<std::unique_ptr<sim::Bench>> benches_;
  std::vector<std::unique_ptr<Bus>> buses_;
  std::vector<WorldFault> script_;
};

}  // namespace b2m::app

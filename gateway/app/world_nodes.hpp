// SPDX-License-Identifier: MIT
// The SPI cell nodes of a virtual site, each group behind a controller of its own.
#pragma once

#include <memory>
#include <vector>

#include "adapters/spi_nodes/peer.hpp"
#include "gateway/app/world_bench.hpp"
#include "gateway/app/world_file.hpp"

namespace b2m::app {

class WorldNodes {
 public:
  WorldNodes(Executor executor, Clock& clock, spi_nodes::NodesSay say);
  ~WorldNodes();

  /// `benches` outlive the nodes.
  Result<> add(const WorldNodeGroup& entry, std::uint64_t seed, WorldBenches& benches);
  Result<> open();
  /// Answers; the first group that breaks ends the others.
  Awaitable<Result<>> run();
  void inject(const WorldFault& fault);
  void clear_faults();

 private:
  struct Group;

  Awaitable<Result<>> run_from(std::size_t group);
  Awaitable<Result<>> tick(Group& group);
  bool inject(Group& group, const spi_nodes::NodeFault& fault);

  Executor executor_;
  Clock& clock_;
  spi_nodes::NodesSay say_;
  std::vector<std::unique_ptr<Group>> groups_;
};

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
// The CAN buses of a virtual site, with the batteries behind their boards.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "config/config.hpp"
#include "gateway/app/peer_transport.hpp"
#include "gateway/app/world_file.hpp"

namespace b2m::app {

using FindChemistry = std::function<Result<config::Chemistry>(const std::string& name)>;

class WorldBuses {
 public:
  WorldBuses(Executor executor, Clock& clock, can::Say say);
  ~WorldBuses();

  Result<> add(const WorldCan& entry, std::uint64_t seed, const FindChemistry& find_chemistry);
  /// Opens every transport.
  Awaitable<Result<>> open();
  /// Carries all frames; the first bus that breaks ends the others.
  Awaitable<Result<>> run();
  void inject(const WorldFault& fault);
  void clear_faults();
  /// Of "BUS/PART"; null where there is none.
  [[nodiscard]] sim::Bench* find(std::string_view source) const;

 private:
  struct Bus;

  Result<> add_pack(Bus& bus, const WorldPack& pack, std::uint64_t seed,
                    const FindChemistry& find_chemistry);
  Awaitable<Result<>> run_from(std::size_t bus);

  Executor executor_;
  Clock& clock_;
  can::Say say_;
  struct Pack {
    std::string source;
    std::unique_ptr<sim::Bench> bench;
  };
  std::vector<Pack> packs_;
  std::vector<std::unique_ptr<Bus>> buses_;
};

}  // namespace b2m::app

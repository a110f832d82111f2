// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "adapters/simulator/adapter.hpp"

namespace b2m::simulator {

Result<std::unique_ptr<Adapter>> make_simulator(const std::any& settings, Resources& resources) {
  const auto* given = std::any_cast<SimulatorSettings>(&settings);
  if (!given) return Error(Errc::malformed, "these are no settings of a simulator");
  config::VirtualBattery battery = *given;
  battery.cells = given->all_cells();
  auto bench =
      config::make_bench(battery, resources.find_profile, static_cast<std::uint64_t>(given->seed));
  if (!bench)
    return Error(
        bench.error().code,
        fmt::format("{}:{}:{}: error: [[simulator]] {}: {}", given->place.file, given->place.line,
                    given->place.column, given->id, bench.error().text()));
  return std::unique_ptr<Adapter>(
      std::make_unique<SimulatorAdapter>(*given, std::move(*bench), resources));
}

}  // namespace b2m::simulator

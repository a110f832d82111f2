// SPDX-License-Identifier: MIT
#include "gateway/app/world_bench.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace b2m::app {

Result<sim::Bench*> WorldBenches::add(std::string name, const WorldBattery& battery,
                                      std::uint64_t seed) {
  auto bench = config::make_bench(battery, find_profile_, seed);
  if (!bench) return Error(bench.error().code, fmt::format("{}: {}", name, bench.error().text()));
  benches_.push_back({std::move(name), std::move(*bench)});
  return benches_.back().bench.get();
}

sim::Bench* WorldBenches::find(std::string_view name) const {
  const auto at = std::ranges::find(benches_, name, &Named::name);
  return at == benches_.end() ? nullptr : at->bench.get();
}

void WorldBenches::inject(const std::string& name, const sim::PackFault& fault) {
  const std::string_view kind = sim::kPackFaultKinds[static_cast<std::size_t>(fault.kind)];
  const auto refuse = [&](const std::string& battery, const char* reason) {
    say_(fmt::format("refused kind={} battery={} reason={}", kind, battery, reason));
  };
  bool is_known = false;
  for (const Named& named : benches_) {
    if (!name.empty() && name != named.name) continue;
    is_known = true;
    if (static_cast<std::size_t>(fault.cell) > named.bench->cells())
      refuse(named.name, "no_such_cell");
    else
      named.bench->inject(fault);
  }
  if (!is_known) return refuse(name, "no_such_battery");
  say_(fmt::format("fault kind={} battery={} cell={}", kind, name.empty() ? "all" : name,
                   fault.cell));
}

void WorldBenches::clear_faults() {
  for (const Named& named : benches_) named.bench->clear_faults();
}

}  // namespace b2m::app

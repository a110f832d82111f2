// SPDX-License-Identifier: MIT
#include "gateway/app/world.hpp"

#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

namespace b2m::app {

World::World(const Executor& executor, Clock& clock, const can::Say& say)
    : clock_(clock),
      say_(say),
      buses_(executor, clock, say),
      plugs_(executor, clock, say),
      rings_(executor, clock, say),
      nodes_(executor, clock, say) {}

Result<> World::build(const WorldFile& file, config::FindProfile find_profile) {
  if (file.can.empty() && file.kasa.empty() && file.tesla_uart.empty() && file.spi_nodes.empty())
    return Error(Errc::malformed,
                 "the world is empty: add a [[can]] table with its [[can.pack]], a "
                 "[[tesla_uart]], an [[spi_nodes]] or a [[kasa]] table");
  benches_ = std::make_unique<WorldBenches>(std::move(find_profile), say_);
  auto seed = static_cast<std::uint64_t>(file.site.seed) * 1000;
  for (const WorldCan& entry : file.can)
    if (const Result<> added = buses_.add(entry, seed += 100, *benches_); !added) return added;
  for (const WorldRing& entry : file.tesla_uart)
    if (const Result<> added = rings_.add(entry, seed += 100, *benches_); !added) return added;
  for (const WorldNodeGroup& entry : file.spi_nodes)
    if (const Result<> added = nodes_.add(entry, seed += 100, *benches_); !added) return added;
  for (const WorldPlug& entry : file.kasa)
    if (const Result<> added = plugs_.add(entry, seed += 100, *benches_); !added) return added;
  script_ = file.faults;
  std::ranges::stable_sort(script_, {}, &WorldFault::at_s);
  return {};
}

Awaitable<Result<>> World::run() {
  using namespace boost::asio::experimental::awaitable_operators;
  const Result<> buses_open = co_await buses_.open();
  if (!buses_open) co_return buses_open;
  if (const Result<> plugs_open = plugs_.open(); !plugs_open) co_return plugs_open;
  if (const Result<> rings_open = rings_.open(); !rings_open) co_return rings_open;
  if (const Result<> nodes_open = nodes_.open(); !nodes_open) co_return nodes_open;
  say_("ready");
  const auto ended = co_await (buses_.run() || rings_.run() || nodes_.run() || run_script());
  co_return std::visit([](const Result<>& result) { return result; }, ended);
}

Awaitable<Result<>> World::run_script() {
  const SteadyTime start = clock_.now();
  for (const WorldFault& fault : script_) {
    const Result<> slept = co_await clock_.sleep_until(start + from_seconds(fault.at_s));
    if (!slept) co_return slept;
    inject(fault);
  }
  co_return co_await clock_.sleep_until(SteadyTime::max());
}

void World::inject(const WorldFault& fault) {
  switch (place_of(fault)) {
    case FaultPlace::bus:
      return buses_.inject(fault);
    case FaultPlace::plug:
      return plugs_.inject(fault);
    case FaultPlace::ring:
      return rings_.inject(fault);
    case FaultPlace::node:
      return nodes_.inject(fault);
    case FaultPlace::battery:
      return inject_into_battery(fault);
  }
}

void World::inject_into_battery(const WorldFault& fault) {
  if (const auto inside = battery_fault(fault)) return benches_->inject(fault.battery, *inside);
  say_(
      fmt::format("refused kind={} battery={} reason=not_of_a_battery", fault.kind, fault.battery));
}

void World::clear_faults() {
  buses_.clear_faults();
  plugs_.clear_faults();
  rings_.clear_faults();
  nodes_.clear_faults();
  benches_->clear_faults();
}

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
#include "gateway/app/world_buses.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

namespace b2m::app {

struct WorldBuses::Bus {
  Bus(Clock& clock, const can::Say& say) : boards(clock, say) {}
  std::string id;
  can::BusPeer boards;
  std::unique_ptr<PeerTransport> transport;
};

WorldBuses::WorldBuses(Executor executor, Clock& clock, can::Say say)
    : executor_(std::move(executor)), clock_(clock), say_(std::move(say)) {}
WorldBuses::~WorldBuses() = default;

Result<> WorldBuses::add(const WorldCan& entry, std::uint64_t seed, WorldBenches& benches) {
  auto bus = std::make_unique<Bus>(clock_, say_);
  bus->id = entry.id;
  auto transport = make_peer_transport(entry.transport, executor_, clock_, say_);
  if (!transport) return transport.error();
  bus->transport = std::move(*transport);
  for (const WorldPack& pack : entry.packs)
    if (const Result<> added = add_pack(*bus, pack, ++seed, benches); !added) return added;
  buses_.push_back(std::move(bus));
  return {};
}

Result<> WorldBuses::add_pack(Bus& bus, const WorldPack& pack, std::uint64_t seed,
                              WorldBenches& benches) {
  const auto bench = benches.add(fmt::format("{}/{}", bus.id, pack.part), pack, seed);
  if (!bench) return bench.error();
  can::PackPeerSettings settings;
  settings.part = pack.part;
  settings.data_id = pack.data_id;
  settings.error_id = pack.error_id;
  settings.charge_id = pack.charge_id;
  settings.ack_id = pack.ack_id;
  settings.interval = std::chrono::milliseconds(pack.interval_ms);
  bus.boards.add(settings, **bench);
  return {};
}

Awaitable<Result<>> WorldBuses::open() {
  for (const auto& bus : buses_) {
    const Result<> opened = co_await bus->transport->open();
    if (!opened) co_return opened;
  }
  co_return Result<>();
}

Awaitable<Result<>> WorldBuses::run() {
  if (buses_.empty()) co_return co_await clock_.sleep_until(SteadyTime::max());
  co_return co_await run_from(0);
}

Awaitable<Result<>> WorldBuses::run_from(std::size_t i) {
  using namespace boost::asio::experimental::awaitable_operators;
  Bus& bus = *buses_[i];
  if (i + 1 == buses_.size()) co_return co_await bus.transport->carry(bus.boards);
  const auto ended = co_await (bus.transport->carry(bus.boards) || run_from(i + 1));
  co_return std::visit([](const Result<>& result) { return result; }, ended);
}

void WorldBuses::inject(const WorldFault& entry) {
  const auto fault = bus_fault(entry);
  if (!fault) {
    say_(fmt::format("refused kind={} can={} reason=not_of_a_bus", entry.kind, entry.can));
    return;
  }
  const bool is_of_line =
      fault->kind == can::FaultKind::garbage_line || fault->kind == can::FaultKind::unplug;
  for (const auto& bus : buses_) {
    if (!entry.can.empty() && entry.can != bus->id) continue;
    if (!is_of_line) bus->boards.inject(*fault);
    if (is_of_line && !bus->transport->inject(*fault))
      say_(fmt::format("refused kind={} can={} reason=no_line", entry.kind, bus->id));
  }
  say_(fmt::format("fault kind={} pack={} cell={}", entry.kind, entry.pack, entry.cell));
}

void WorldBuses::clear_faults() {
  for (const auto& bus : buses_) bus->boards.clear_faults();
}

}  // namespace b2m::app

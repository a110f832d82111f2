// SPDX-License-Identifier: MIT
#include "gateway/app/world_buses.hpp"

#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

namespace b2m::app {
namespace {

// A BMS lets go of its load before the lowest normal cell voltage.
constexpr double kCutoffMargin = 1.03;

std::unique_ptr<sim::Bench> make_bench(const WorldPack& pack, const config::Chemistry& chemistry,
                                       std::uint64_t seed) {
  sim::PackParameters p;
  p.cell.ocv_soc = chemistry.ocv_soc;
  p.cell.ocv_v = chemistry.ocv_v;
  p.cell.capacity = AmpereHours(pack.capacity_ah);
  p.cell.series = Ohms(pack.series_mohm / 1000);
  p.cell.polarisation = Ohms(pack.polarisation_mohm / 1000);
  p.cell.heat_capacity_j_per_k = pack.heat_capacity_j_per_k;
  p.cell.cooling_w_per_k = pack.cooling_w_per_k;
  p.cells = pack.cells;
  p.soc = pack.soc;
  p.ambient = Celsius(pack.ambient_c);
  p.seed = seed;
  const Volts full(chemistry.ocv_v.back() * pack.cells);
  const Volts target = pack.charger_voltage_v > 0 ? Volts(pack.charger_voltage_v) : full;
  const Volts cutoff(std::min(chemistry.cell_low_v.limit, chemistry.ocv_v.front()) * kCutoffMargin);
  return std::make_unique<sim::Bench>(std::make_unique<sim::CircuitPack>(p),
                                      sim::Charger(Amperes(pack.charger_current_a), target),
                                      sim::Load(Amperes(pack.load_current_a), cutoff));
}

}  // namespace

struct WorldBuses::Bus {
  Bus(Clock& clock, const can::Say& say) : boards(clock, say) {}
  std::string id;
  can::BusPeer boards;
  std::unique_ptr<PeerTransport> transport;
};

WorldBuses::WorldBuses(Executor executor, Clock& clock, can::Say say)
    : executor_(std::move(executor)), clock_(clock), say_(std::move(say)) {}
WorldBuses::~WorldBuses() = default;

Result<> WorldBuses::add(const WorldCan& entry, std::uint64_t seed,
                         const FindChemistry& find_chemistry) {
  auto bus = std::make_unique<Bus>(clock_, say_);
  bus->id = entry.id;
  auto transport = make_peer_transport(entry.transport, executor_, clock_, say_);
  if (!transport) return transport.error();
  bus->transport = std::move(*transport);
  for (const WorldPack& pack : entry.packs)
    if (const Result<> added = add_pack(*bus, pack, ++seed, find_chemistry); !added) return added;
  buses_.push_back(std::move(bus));
  return {};
}

Result<> WorldBuses::add_pack(Bus& bus, const WorldPack& pack, std::uint64_t seed,
                              const FindChemistry& find_chemistry) {
  const auto chemistry = find_chemistry(pack.chemistry);
  if (!chemistry) return chemistry.error();
  if (chemistry->ocv_soc.size() < 2 || chemistry->ocv_soc.size() != chemistry->ocv_v.size())
    return Error(Errc::malformed,
                 fmt::format("chemistry \"{}\" has no table of rest voltages", pack.chemistry));
  packs_.push_back({fmt::format("{}/{}", bus.id, pack.part), make_bench(pack, *chemistry, seed)});
  can::PackPeerSettings settings;
  settings.part = pack.part;
  settings.data_id = pack.data_id;
  settings.error_id = pack.error_id;
  settings.charge_id = pack.charge_id;
  settings.ack_id = pack.ack_id;
  settings.interval = std::chrono::milliseconds(pack.interval_ms);
  bus.boards.add(settings, *packs_.back().bench);
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

sim::Bench* WorldBuses::find(std::string_view source) const {
  const auto at = std::ranges::find(packs_, source, &Pack::source);
  return at == packs_.end() ? nullptr : at->bench.get();
}

}  // namespace b2m::app

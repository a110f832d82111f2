// SPDX-License-Identifier: MIT
#include "gateway/app/world.hpp"

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

struct World::Bus {
  Bus(Clock& clock, const can::Say& say) : boards(clock, say) {}
  std::string id;
  can::BusPeer boards;
  std::unique_ptr<PeerTransport> transport;
};

World::World(Executor executor, Clock& clock, can::Say say)
    : executor_(std::move(executor)), clock_(clock), say_(std::move(say)) {}
World::~World() = default;

Result<> World::build(const WorldFile& file, const FindChemistry& find_chemistry) {
  if (file.can.empty())
    return Error(Errc::malformed, "the world is empty: add a [[can]] table with its [[can.pack]]");
  auto seed = static_cast<std::uint64_t>(file.site.seed) * 1000;
  for (const WorldCan& entry : file.can)
    if (const Result<> added = add_bus(entry, seed += 100, find_chemistry); !added) return added;
  script_ = file.faults;
  std::ranges::stable_sort(script_, {}, &WorldFault::at_s);
  return {};
}

Result<> World::add_bus(const WorldCan& entry, std::uint64_t seed,
                        const FindChemistry& find_chemistry) {
  auto bus = std::make_unique<Bus>(clock_, say_);
  bus->id = entry.id;
  auto transport = make_peer_transport(entry.transport, executor_, clock_, say_);
  if (!transport) return transport.error();
  bus->transport = std::move(*transport);
  for (const WorldPack& pack : entry.packs) {
    const auto chemistry = find_chemistry(pack.chemistry);
    if (!chemistry) return chemistry.error();
    if (chemistry->ocv_soc.size() < 2 || chemistry->ocv_soc.size() != chemistry->ocv_v.size())
      return Error(Errc::malformed,
                   fmt::format("chemistry \"{}\" has no table of rest voltages", pack.chemistry));
    benches_.push_back(make_bench(pack, *chemistry, ++seed));
    can::PackPeerSettings settings;
    settings.part = pack.part;
    settings.data_id = pack.data_id;
    settings.error_id = pack.error_id;
    settings.charge_id = pack.charge_id;
    settings.ack_id = pack.ack_id;
    settings.interval = std::chrono::milliseconds(pack.interval_ms);
    bus->boards.add(settings, *benches_.back());
  }
  buses_.push_back(std::move(bus));
  return {};
}

Awaitable<Result<>> World::run() {
  using namespace boost::asio::experimental::awaitable_operators;
  for (const auto& bus : buses_) {
    const Result<> opened = co_await bus->transport->open();
    if (!opened) co_return opened;
  }
  say_("ready");
  const auto ended = co_await (run_from(0) || run_script());
  co_return std::visit([](const Result<>& result) { return result; }, ended);
}

// All buses side by side; the first that breaks ends the others.
Awaitable<Result<>> World::run_from(std::size_t i) {
  using namespace boost::asio::experimental::awaitable_operators;
  Bus& bus = *buses_[i];
  if (i + 1 == buses_.size()) co_return co_await bus.transport->carry(bus.boards);
  const auto ended = co_await (bus.transport->carry(bus.boards) || run_from(i + 1));
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

void World::inject(const WorldFault& entry) {
  const can::Fault fault = fault_of(entry);
  const bool is_of_line =
      fault.kind == can::FaultKind::garbage_line || fault.kind == can::FaultKind::unplug;
  for (const auto& bus : buses_) {
    if (!entry.can.empty() && entry.can != bus->id) continue;
    if (!is_of_line) bus->boards.inject(fault);
    if (is_of_line && !bus->transport->inject(fault))
      say_(fmt::format("refused kind={} can={} reason=no_line", entry.kind, bus->id));
  }
  say_(fmt::format("fault kind={} pack={} cell={}", entry.kind, entry.pack, entry.cell));
}

void World::clear_faults() {
  for (const auto& bus : buses_) bus->boards.clear_faults();
}

}  // namespace b2m::app

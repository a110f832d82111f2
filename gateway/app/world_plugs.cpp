// SPDX-License-Identifier: MIT
#include "gateway/app/world_plugs.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/sim/charger_load.hpp"

namespace b2m::app {
namespace {

using Load = std::unique_ptr<sim::WallLoad>;

constexpr double kDefaultCharger_w = 200;

sim::ChargerLoadParameters curve_of(const WorldLoad& entry, std::uint64_t seed) {
  sim::ChargerLoadParameters p = sim::charger_curve(entry.curve);
  if (entry.watts > 0) p.peak = Watts(entry.watts);
  if (entry.capacity_wh > 0) p.capacity_wh = entry.capacity_wh;
  p.level = entry.level;
  p.seed = seed;
  return p;
}

Result<Load> bench_charger(const WorldLoad& entry, const WorldBenches& benches) {
  sim::Bench* bench = benches.find(entry.charges);
  if (!bench)
    return Error(Errc::not_found,
                 fmt::format("charges = \"{}\" names no battery of this world; write BUS/PART, the "
                             "id of a [[can]] table and the part of its pack, or RING/modules, the "
                             "id of a [[tesla_uart]] table",
                             entry.charges));
  const double watts = entry.watts > 0 ? entry.watts : kDefaultCharger_w;
  const Volts target = bench->charger_target();
  const Amperes limit = Watts(watts * entry.efficiency) / target;
  const std::size_t charger = bench->add_charger(sim::Charger(limit, target));
  return Load(std::make_unique<sim::BenchCharger>(*bench, charger, entry.efficiency));
}

Result<Load> make_load(const WorldLoad& entry, std::uint64_t seed, const WorldBenches& benches) {
  if (entry.kind == "lamp") return Load(std::make_unique<sim::Lamp>(Watts(entry.watts)));
  if (entry.kind != "charger") return Load();
  if (!entry.charges.empty()) return bench_charger(entry, benches);
  return Load(std::make_unique<sim::ChargerLoad>(curve_of(entry, seed)));
}

std::optional<std::uint16_t> port_of(int port) {
  if (port < 0) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

kasa::PlugPeerSettings settings_of(const WorldPlug& entry, std::size_t number) {
  kasa::PlugPeerSettings s;
  s.id = entry.id;
  s.model = entry.model;
  s.sockets = static_cast<std::size_t>(entry.sockets);
  s.address = entry.address;
  s.port = static_cast<std::uint16_t>(entry.port);
  s.transport = static_cast<kasa::PeerTransport>(
      std::ranges::find(kasa::kPeerTransports, entry.transport) - kasa::kPeerTransports);
  s.tdp_port = port_of(entry.tdp_port);
  s.klap_port = port_of(entry.klap_port);
  s.username = entry.username;
  s.password = entry.password;
  s.alias = entry.alias.empty() ? entry.id : entry.alias;
  s.mac = entry.mac.empty() ? fmt::format("C0:06:C3:00:00:{:02X}", number) : entry.mac;
  return s;
}

}  // namespace

WorldPlugs::WorldPlugs(Executor executor, Clock& clock, kasa::PeerSay say)
    : executor_(std::move(executor)),
      clock_(clock),
      say_(std::move(say)),
      network_(make_network(executor_, clock)) {}

Result<> WorldPlugs::add(const WorldPlug& entry, std::uint64_t seed, const WorldBenches& benches) {
  kasa::PlugPeerSettings settings = settings_of(entry, plugs_.size() + 1);
  const std::size_t sockets =
      settings.sockets > 0 ? settings.sockets : kasa::peer_sockets(settings.model);
  std::vector<Load> loads(sockets);
  for (std::size_t i = 0; i < sockets; ++i)
    settings.child_aliases.push_back(fmt::format("{} {}", settings.alias, i + 1));
  for (const WorldLoad& load : entry.loads) {
    const auto i = static_cast<std::size_t>(load.socket) - 1;
    if (i >= sockets)
      return Error(Errc::out_of_range,
                   fmt::format("plug \"{}\" has no socket {}", entry.id, load.socket));
    auto made = make_load(load, seed + i, benches);
    if (!made) return made.error();
    loads[i] = std::move(*made);
    if (!load.alias.empty()) settings.child_aliases[i] = load.alias;
  }
  plugs_.push_back(
      {entry.id, std::make_unique<kasa::PlugPeer>(executor_, *network_, clock_, std::move(settings),
                                                  std::move(loads), say_)});
  return {};
}

Result<> WorldPlugs::open() {
  for (const Plug& plug : plugs_) {
    if (const Result<> opened = plug.peer->open(); !opened) return opened;
    say_(fmt::format("kasa id={} port={}", plug.id, plug.peer->port()));
  }
  return {};
}

void WorldPlugs::inject(const WorldFault& entry) {
  const auto fault = plug_fault(entry);
  const auto refuse = [&](const std::string& id, const char* reason) {
    say_(fmt::format("refused kind={} kasa={} reason={}", entry.kind, id, reason));
  };
  if (!fault) return refuse(entry.kasa, "not_of_a_plug");
  bool is_known = false;
  for (const Plug& plug : plugs_) {
    if (!entry.kasa.empty() && entry.kasa != plug.id) continue;
    is_known = true;
    if (!plug.peer->inject(*fault)) refuse(plug.id, "cannot");
  }
  if (!is_known) return refuse(entry.kasa, "no_such_plug");
  say_(fmt::format("fault kind={} kasa={} socket={}", entry.kind,
                   entry.kasa.empty() ? "all" : entry.kasa, entry.socket));
}

void WorldPlugs::clear_faults() {
  for (const Plug& plug : plugs_) plug.peer->clear_faults();
}

}  // namespace b2m::app

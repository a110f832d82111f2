// SPDX-License-Identifier: MIT
#include "gateway/app/world_nodes.hpp"

#include <charconv>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

#include "gateway/app/spi_server.hpp"

namespace b2m::app {
namespace {

// Timers of nodes run out and benches move on while nothing is asked.
constexpr SteadyDuration kTick = std::chrono::milliseconds(50);
constexpr double kMilli = 1000;

/// Twelve hexadecimal digits; none: made from the seed, different for every node.
Result<std::array<std::uint8_t, 6>> serial_of(const std::string& text, std::uint64_t seed) {
  std::array<std::uint8_t, 6> serial{};
  std::uint64_t number = 0x020000000000U + seed;
  if (!text.empty()) {
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number, 16);
    if (text.size() != 2 * serial.size() || read.ec != std::errc() || read.ptr != end)
      return Error(Errc::malformed,
                   fmt::format("serial \"{}\" of a node is not 12 hexadecimal digits", text));
  }
  for (std::size_t i = serial.size(); i-- > 0; number >>= 8)
    serial[i] = static_cast<std::uint8_t>(number & 0xFF);
  return serial;
}

Result<spi_nodes::NodeWiring> wiring_of(const WorldNode& node, std::size_t place,
                                        std::uint64_t seed) {
  const auto serial = serial_of(node.serial, seed + place);
  if (!serial) return serial.error();
  spi_nodes::NodeWiring w;
  w.select = static_cast<std::uint8_t>(node.select);
  w.address =
      static_cast<std::uint8_t>(node.address > 0 ? node.address : static_cast<int>(place) + 1);
  w.is_legacy = node.protocol == "legacy";
  w.serial = *serial;
  w.bleed = Ohms(node.bleed_ohm);
  w.wiring = Ohms(node.wiring_mohm / kMilli);
  w.gain = node.gain;
  w.divider = node.divider;
  w.has_sensor = node.sensor;
  return w;
}

}  // namespace

struct WorldNodes::Group {
  Group(Clock& clock, const spi_nodes::NodesPeerSettings& settings, const spi_nodes::NodesSay& say)
      : id(settings.id), peer(settings, say), clock_(clock) {}
  void serve(const Executor& executor, std::string path, bool is_paced) {
    server = std::make_unique<SpiServer>(
        executor, clock_, std::move(path), is_paced, [this](const SpiRequest& request) {
          return peer.exchange(request.select, request.bytes, clock_.now(),
                               static_cast<int>(request.clock_hz));
        });
  }
  std::string id;
  spi_nodes::NodesPeer peer;
  std::unique_ptr<SpiServer> server;
  SteadyTime back_at = SteadyTime::max();  // where it is unplugged

 private:
  Clock& clock_;
};

WorldNodes::WorldNodes(Executor executor, Clock& clock, spi_nodes::NodesSay say)
    : executor_(std::move(executor)), clock_(clock), say_(std::move(say)) {}
WorldNodes::~WorldNodes() = default;

Result<> WorldNodes::add(const WorldNodeGroup& entry, std::uint64_t seed, WorldBenches& benches) {
  if (!entry.transport.starts_with(kSpiSocket) || entry.transport.size() == kSpiSocket.size())
    return Error(Errc::malformed,
                 fmt::format("transport \"{}\" of [[spi_nodes]] \"{}\" is not socket:PATH",
                             entry.transport, entry.id));
  if (entry.nodes.empty())
    return Error(Errc::malformed,
                 fmt::format("[[spi_nodes]] \"{}\" needs a [[spi_nodes.node]] table for every cell",
                             entry.id));
  WorldBattery battery = entry;
  battery.cells = static_cast<int>(entry.nodes.size());
  const auto bench = benches.add(entry.id + "/cells", battery, seed);
  if (!bench) return bench.error();
  spi_nodes::NodesPeerSettings settings;
  settings.id = entry.id;
  settings.seed = seed;
  auto group = std::make_unique<Group>(clock_, settings, say_);
  for (std::size_t cell = 0; cell < entry.nodes.size(); ++cell) {
    const auto wiring = wiring_of(entry.nodes[cell], cell, seed);
    if (!wiring) return wiring.error();
    group->peer.add(*wiring, **bench, cell, entry.arrangement == "taps");
  }
  group->serve(executor_, entry.transport.substr(kSpiSocket.size()), entry.paced);
  groups_.push_back(std::move(group));
  return {};
}

Result<> WorldNodes::open() {
  for (const auto& group : groups_)
    if (const Result<> opened = group->server->open(); !opened) return opened;
  return {};
}

Awaitable<Result<>> WorldNodes::run() {
  if (groups_.empty()) co_return co_await clock_.sleep_until(SteadyTime::max());
  co_return co_await run_from(0);
}

Awaitable<Result<>> WorldNodes::run_from(std::size_t i) {
  using namespace boost::asio::experimental::awaitable_operators;
  Group& group = *groups_[i];
  if (i + 1 == groups_.size()) {
    const auto ended = co_await (group.server->run() || tick(group));
    co_return std::visit([](const Result<>& result) { return result; }, ended);
  }
  const auto ended = co_await (group.server->run() || tick(group) || run_from(i + 1));
  co_return std::visit([](const Result<>& result) { return result; }, ended);
}

Awaitable<Result<>> WorldNodes::tick(Group& group) {
  for (;;) {
    if (const Result<> slept = co_await clock_.sleep_for(kTick); !slept) co_return slept;
    group.peer.advance_to(clock_.now());
    if (group.server->is_open() || clock_.now() < group.back_at) continue;
    if (const Result<> opened = group.server->open(); !opened) co_return opened;
  }
}

bool WorldNodes::inject(Group& group, const spi_nodes::NodeFault& fault) {
  if (fault.kind != spi_nodes::NodeFaultKind::unplug) return group.peer.inject(fault, clock_.now());
  const bool ends = fault.lasts < SteadyTime::max() - clock_.now();
  group.back_at = ends ? clock_.now() + fault.lasts : SteadyTime::max();
  group.server->close();
  return true;
}

void WorldNodes::inject(const WorldFault& entry) {
  const auto fault = node_fault(entry);
  const auto refuse = [&](const std::string& id, const char* reason) {
    say_(fmt::format("refused kind={} spi_nodes={} reason={}", entry.kind, id, reason));
  };
  if (!fault) return refuse(entry.spi_nodes, "not_of_a_node");
  bool is_known = false;
  for (const auto& group : groups_) {
    if (!entry.spi_nodes.empty() && entry.spi_nodes != group->id) continue;
    is_known = true;
    if (!inject(*group, *fault)) refuse(group->id, "cannot");
  }
  if (!is_known) return refuse(entry.spi_nodes, "no_such_nodes");
  say_(fmt::format("fault kind={} spi_nodes={} node={}", entry.kind,
                   entry.spi_nodes.empty() ? "all" : entry.spi_nodes, entry.node));
}

void WorldNodes::clear_faults() {
  for (const auto& group : groups_) {
    group->peer.clear_faults();
    group->back_at = clock_.now();
  }
}

}  // namespace b2m::app

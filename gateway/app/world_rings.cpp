// SPDX-License-Identifier: MIT
#include "gateway/app/world_rings.hpp"

#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

#include "gateway/io/pty_stream.hpp"

namespace b2m::app {
namespace {

constexpr SteadyDuration kPlugStep = std::chrono::milliseconds(50);
constexpr std::string_view kPty = "pty:";
constexpr double kMilli = 1000, kMicro = 1'000'000;

tesla_uart::RingPeerSettings settings_of(const WorldRing& entry, std::uint64_t seed) {
  tesla_uart::RingPeerSettings s;
  s.id = entry.id;
  s.read_form = static_cast<tesla_uart::ReadForm>(
      std::ranges::find(tesla_uart::kReadForms, entry.read_form) - tesla_uart::kReadForms);
  s.is_paced = entry.paced;
  s.baud = entry.baud;
  s.turnaround = from_seconds(entry.turnaround_us / kMicro);
  s.conversion = from_seconds(entry.conversion_us / kMicro);
  s.bleed = Ohms(entry.bleed_ohm);
  s.wiring = Ohms(entry.wiring_mohm / kMilli);
  s.settle = from_seconds(entry.settle_ms / kMilli);
  s.seed = seed;
  return s;
}

}  // namespace

struct WorldRings::Ring {
  Ring(Clock& clock, const tesla_uart::RingPeerSettings& settings, const tesla_uart::RingSay& say)
      : peer(clock, settings, say) {}
  std::string id;
  std::string path;
  tesla_uart::RingPeer peer;
  std::unique_ptr<PtyStream> line;
  bool is_unplugged = false;
  SteadyTime back_at{};
};

WorldRings::WorldRings(Executor executor, Clock& clock, tesla_uart::RingSay say)
    : executor_(std::move(executor)), clock_(clock), say_(std::move(say)) {}
WorldRings::~WorldRings() = default;

Result<> WorldRings::add(const WorldRing& entry, std::uint64_t seed, WorldBenches& benches) {
  if (!entry.transport.starts_with(kPty) || entry.transport.size() == kPty.size())
    return Error(Errc::malformed,
                 fmt::format("transport \"{}\" of [[tesla_uart]] \"{}\" is not pty:PATH",
                             entry.transport, entry.id));
  WorldBattery battery = entry;
  battery.cells = entry.modules * static_cast<int>(tesla_uart::peer::kCells);
  const auto bench = benches.add(entry.id + "/modules", battery, seed);
  if (!bench) return bench.error();
  auto ring = std::make_unique<Ring>(clock_, settings_of(entry, seed), say_);
  ring->id = entry.id;
  ring->path = entry.transport.substr(kPty.size());
  for (int module = 0; module < entry.modules; ++module)
    ring->peer.add(**bench, static_cast<std::size_t>(module) * tesla_uart::peer::kCells);
  rings_.push_back(std::move(ring));
  return {};
}

Result<> WorldRings::open() {
  for (const auto& ring : rings_) {
    auto line = make_pty_stream(executor_, ring->path);
    if (!line) return line.error();
    ring->line = std::move(*line);
  }
  return {};
}

Awaitable<Result<>> WorldRings::run() {
  if (rings_.empty()) co_return co_await clock_.sleep_until(SteadyTime::max());
  co_return co_await run_from(0);
}

Awaitable<Result<>> WorldRings::run_from(std::size_t i) {
  using namespace boost::asio::experimental::awaitable_operators;
  Ring& ring = *rings_[i];
  if (i + 1 == rings_.size()) {
    const auto ended = co_await (ring.peer.run(*ring.line) || watch_plug(ring));
    co_return std::visit([](const Result<>& result) { return result; }, ended);
  }
  const auto ended = co_await (ring.peer.run(*ring.line) || watch_plug(ring) || run_from(i + 1));
  co_return std::visit([](const Result<>& result) { return result; }, ended);
}

Awaitable<Result<>> WorldRings::watch_plug(Ring& ring) {
  for (;;) {
    if (const Result<> slept = co_await clock_.sleep_for(kPlugStep); !slept) co_return slept;
    if (!ring.is_unplugged || clock_.now() < ring.back_at) continue;
    if (const Result<> done = ring.line->plug_in(); !done) co_return done;
    ring.is_unplugged = false;
  }
}

bool WorldRings::inject(Ring& ring, const tesla_uart::RingFault& fault) {
  if (fault.kind != tesla_uart::RingFaultKind::unplug) return ring.peer.inject(fault);
  if (!ring.line) return false;
  const bool ends = fault.lasts < SteadyTime::max() - clock_.now();
  ring.back_at = ends ? clock_.now() + fault.lasts : SteadyTime::max();
  ring.is_unplugged = true;
  ring.line->unplug();
  return true;
}

void WorldRings::inject(const WorldFault& entry) {
  const auto fault = ring_fault(entry);
  const auto refuse = [&](const std::string& id, const char* reason) {
    say_(fmt::format("refused kind={} tesla_uart={} reason={}", entry.kind, id, reason));
  };
  if (!fault) return refuse(entry.tesla_uart, "not_of_a_ring");
  bool is_known = false;
  for (const auto& ring : rings_) {
    if (!entry.tesla_uart.empty() && entry.tesla_uart != ring->id) continue;
    is_known = true;
    if (!inject(*ring, *fault)) refuse(ring->id, "cannot");
  }
  if (!is_known) return refuse(entry.tesla_uart, "no_such_ring");
  say_(fmt::format("fault kind={} tesla_uart={} module={} cell={}", entry.kind,
                   entry.tesla_uart.empty() ? "all" : entry.tesla_uart, entry.module, entry.cell));
}

void WorldRings::clear_faults() {
  for (const auto& ring : rings_) {
    ring->peer.clear_faults();
    if (ring->is_unplugged) ring->back_at = clock_.now();
  }
}

}  // namespace b2m::app

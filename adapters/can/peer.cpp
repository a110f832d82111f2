// SPDX-License-Identifier: MIT
// One loop that sends what the boards owe, one that hands them what they hear.
#include "adapters/can/peer.hpp"

#include <algorithm>
#include <array>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "adapters/can/peer_pack.hpp"

namespace b2m::can {
namespace {

// A fault that was just injected acts after at most this time.
constexpr SteadyDuration kReaction = std::chrono::milliseconds(50);
// Error classes of the kernel's error frames: docs/protocols/can.md, "Error frames".
constexpr std::uint32_t kBusOffClass = 0x040;
constexpr std::uint32_t kRestartedClass = 0x100;

CanFrame error_frame(std::uint32_t error_class) {
  CanFrame frame;
  frame.error = true;
  frame.id = error_class;
  frame.length = 8;
  return frame;
}

bool is_broken(const Result<>& sent) {
  return !sent && sent.error().code != Errc::buffer_full && sent.error().code != Errc::bus_off;
}

Awaitable<Result<>> send_all(CanBus& bus, std::vector<CanFrame> frames) {
  for (const CanFrame& frame : frames) {
    const Result<> sent = co_await bus.send(frame);
    if (is_broken(sent)) co_return sent;  // a full queue only costs the frame, as on a real board
  }
  co_return Result<>();
}

}  // namespace

BusPeer::BusPeer(Clock& clock, Say say) : clock_(clock), say_(std::move(say)) {}
BusPeer::~BusPeer() = default;

void BusPeer::add(const PackPeerSettings& settings, sim::Bench& bench) {
  packs_.push_back(std::make_unique<PackPeer>(settings, bench, say_));
}

Awaitable<Result<>> BusPeer::run(CanBus& bus) {
  using namespace boost::asio::experimental::awaitable_operators;
  const auto ended = co_await (broadcast(bus) || listen(bus));
  co_return std::visit([](const Result<>& result) { return result; }, ended);
}

void BusPeer::inject(const Fault& fault) {
  if (fault.kind == FaultKind::bus_off) {
    const bool ends = fault.lasts < SteadyTime::max() - clock_.now();
    bus_off_until_ = ends ? clock_.now() + fault.lasts : SteadyTime::max();
    return;
  }
  for (const auto& pack : packs_)
    if (fault.pack == 0 || fault.pack == pack->part()) pack->inject(fault, clock_.now());
}

void BusPeer::clear_faults() {
  bus_off_until_ = {};
  for (const auto& pack : packs_) pack->clear_faults();
}

bool BusPeer::has(int part) const {
  return std::ranges::any_of(packs_, [&](const auto& pack) { return pack->part() == part; });
}

Awaitable<Result<>> BusPeer::broadcast(CanBus& bus) {
  std::vector<CanFrame> due;
  for (;;) {
    const SteadyTime now = clock_.now();
    SteadyTime next = now + kReaction;
    due.clear();
    for (const auto& pack : packs_) {
      pack->step(now, due);
      next = std::min(next, pack->next(now));
    }
    if (const Result<> sent = co_await fail_bus(bus); is_broken(sent)) co_return sent;
    if (!is_bus_off_) {
      const Result<> sent = co_await send_all(bus, due);
      if (!sent) co_return sent;
    }
    if (const Result<> slept = co_await clock_.sleep_until(next); !slept) co_return slept;
  }
}

Awaitable<Result<>> BusPeer::fail_bus(CanBus& bus) {
  const bool is_off = clock_.now() < bus_off_until_;
  if (is_off == is_bus_off_) co_return Result<>();
  is_bus_off_ = is_off;
  say_(is_off ? "bus state=off" : "bus state=on");
  co_return co_await bus.send(error_frame(is_off ? kBusOffClass : kRestartedClass));
}

Awaitable<Result<>> BusPeer::listen(CanBus& bus) {
  std::array<CanFrame, 64> frames;
  for (;;) {
    const Result<std::size_t> count = co_await bus.receive(frames);
    if (!count) co_return count.error();
    std::vector<CanFrame> answers;
    for (std::size_t i = 0; i < *count && !is_bus_off_; ++i)
      for (const auto& pack : packs_) pack->hear(frames[i], clock_.now(), answers);
    const Result<> sent = co_await send_all(bus, answers);
    if (!sent) co_return sent;
  }
}

}  // namespace b2m::can

// SPDX-License-Identifier: MIT
// A sleeper is a timer that never expires; waking it means cancelling that timer.
#include "tests/support/virtual_clock.hpp"

#include <algorithm>

#include <boost/asio/steady_timer.hpp>

#include "gateway/io/nothrow.hpp"

namespace b2m::test {
namespace {

// Late enough that "an hour ago" is still a positive time.
constexpr SteadyTime kStart{std::chrono::hours(1000)};
constexpr WallTime kWallStart{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
constexpr auto kRealStep = std::chrono::milliseconds(5);

}  // namespace

struct VirtualClock::Sleeper {
  Sleeper(VirtualClock& owner, SteadyTime when)
      : clock(owner),
        timer(owner.context_, SteadyTime::max()),
        place(owner.sleepers_.emplace(when, this)) {}
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper() {
    if (!is_awake) clock.sleepers_.erase(place);
  }

  VirtualClock& clock;
  boost::asio::steady_timer timer;
  Sleepers::iterator place;
  bool is_awake = false;
};

VirtualClock::VirtualClock() : now_(kStart) {}
VirtualClock::~VirtualClock() = default;

WallTime VirtualClock::wall() const {
  return kWallStart + wall_offset_ + std::chrono::duration_cast<WallTime::duration>(now_ - kStart);
}

Awaitable<Result<>> VirtualClock::sleep_until(SteadyTime when) {
  Sleeper sleeper(*this, when);
  co_await sleeper.timer.async_wait(nothrow);  // always ends by a cancel: ours or the caller's
  if (!sleeper.is_awake) co_return Errc::cancelled;
  co_return Result<>();
}

void VirtualClock::wake_first() {
  Sleeper& sleeper = *sleepers_.begin()->second;
  sleepers_.erase(sleepers_.begin());
  sleeper.is_awake = true;
  sleeper.timer.cancel();
}

void VirtualClock::advance(SteadyDuration duration) {
  const SteadyTime end = now_ + duration;
  context_.restart();
  context_.poll();
  while (!sleepers_.empty() && sleepers_.begin()->first <= end) {
    now_ = std::max(now_, sleepers_.begin()->first);
    wake_first();
    context_.restart();
    context_.poll();
  }
  now_ = end;
}

void VirtualClock::settle() { advance(SteadyDuration::zero()); }

bool VirtualClock::run_until(const std::function<bool()>& done,
                             std::chrono::milliseconds real_limit) {
  const SteadyTime end = std::chrono::steady_clock::now() + real_limit;
  settle();
  while (!done() && std::chrono::steady_clock::now() < end) {
    context_.restart();
    context_.run_one_for(kRealStep);
    settle();
  }
  return done();
}

}  // namespace b2m::test

// SPDX-License-Identifier: MIT
// The machine's clock, the scaled clock and the virtual one.
#include <gtest/gtest.h>

#include "gateway/io/clock.hpp"
#include "tests/support/running.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

Awaitable<Result<>> note(Clock& clock, SteadyDuration after, std::vector<SteadyTime>& times) {
  const auto slept = co_await clock.sleep_for(after);
  times.push_back(clock.now());
  co_return slept;
}

TEST(VirtualClock, WakesSleepersInOrderEachAtItsOwnTime) {
  VirtualClock clock;
  const SteadyTime start = clock.now();
  std::vector<SteadyTime> times;
  const Running<> late(clock, note(clock, 2h, times));
  const Running<> early(clock, note(clock, 1s, times));

  clock.advance(3h);

  EXPECT_EQ(times, (std::vector<SteadyTime>{start + 1s, start + 2h}));
  EXPECT_EQ(clock.now(), start + 3h);
}

TEST(VirtualClock, CancelledSleepEndsAtOnce) {
  VirtualClock clock;
  std::vector<SteadyTime> times;
  Running<> sleeper(clock, note(clock, 1h, times));

  sleeper.cancel();

  ASSERT_TRUE(sleeper.is_done());
  EXPECT_EQ(sleeper.result().error().code, Errc::cancelled);
  EXPECT_EQ(clock.sleepers(), 0U);
}

TEST(VirtualClock, WallClockJumpsAlone) {
  VirtualClock clock;
  const SteadyTime steady = clock.now();
  const WallTime wall = clock.wall();
  clock.jump_wall(24h);
  EXPECT_EQ(clock.now(), steady);
  EXPECT_EQ(clock.wall(), wall + 24h);
}

TEST(LinuxClock, LetsTimePassFaster) {
  boost::asio::io_context context;
  const auto clock = make_clock(context.get_executor(), 1000);
  const SteadyTime start = clock->now();
  const SteadyTime real = std::chrono::steady_clock::now();
  std::vector<SteadyTime> times;
  std::optional<bool> is_good;
  boost::asio::co_spawn(
      context, note(*clock, 20s, times),
      [&](const std::exception_ptr&, const Result<>& r) { is_good = r.has_value(); });

  context.run_for(5s);

  EXPECT_EQ(is_good, true);
  EXPECT_GE(times.at(0) - start, 20s);
  EXPECT_LT(std::chrono::steady_clock::now() - real, 4s);
}

TEST(LinuxClock, SleepingForEverCanBeCancelled) {
  boost::asio::io_context context;
  const auto clock = make_clock(context.get_executor(), 10);
  boost::asio::cancellation_signal cancel;
  std::optional<Errc> code;
  boost::asio::co_spawn(context, clock->sleep_until(SteadyTime::max()),
                        boost::asio::bind_cancellation_slot(
                            cancel.slot(), [&](const std::exception_ptr&, const Result<>& r) {
                              code = r.has_error() ? r.error().code : Errc::io_error;
                            }));
  context.poll();
  cancel.emit(boost::asio::cancellation_type::terminal);
  context.run_for(2s);
  EXPECT_EQ(code, Errc::cancelled);
}

}  // namespace
}  // namespace b2m::test

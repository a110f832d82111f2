// SPDX-License-Identifier: MIT
// Time that passes only when a test says so. Owns the io_context, so that everything a test starts
// runs inside advance(), settle() or run_until().
#pragma once

#include <functional>
#include <map>

#include <boost/asio/io_context.hpp>

#include "gateway/io/clock.hpp"

namespace b2m::test {

class VirtualClock final : public Clock {
 public:
  VirtualClock();
  ~VirtualClock() override;

  boost::asio::io_context& context() { return context_; }
  Executor executor() { return context_.get_executor(); }

  /// Lets `duration` pass: sleepers wake in the order of their times, each seeing its own time.
  void advance(SteadyDuration duration);
  /// Runs what is ready now; time stands still.
  void settle();
  /// For real sockets, ptys and threads: virtual time stands still, at most `real_limit` of real
  /// time passes until `done` is true. Returns what `done` said last.
  bool run_until(const std::function<bool()>& done,
                 std::chrono::milliseconds real_limit = std::chrono::seconds(5));
  /// A jump of the wall clock; the steady clock knows nothing of it.
  void jump_wall(WallTime::duration by) { wall_offset_ += by; }
  [[nodiscard]] std::size_t sleepers() const { return sleepers_.size(); }

  [[nodiscard]] SteadyTime now() const override { return now_; }
  [[nodiscard]] WallTime wall() const override;
  Awaitable<Result<>> sleep_until(SteadyTime when) override;

 private:
  struct Sleeper;
  using Sleepers = std::multimap<SteadyTime, Sleeper*>;

  void wake_first();

  SteadyTime now_;
  WallTime::duration wall_offset_{};
  Sleepers sleepers_;  // outlives the coroutines that the io_context destroys at its end
  boost::asio::io_context context_;
};

}  // namespace b2m::test

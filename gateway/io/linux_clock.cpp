// SPDX-License-Identifier: MIT
// The machine's clocks, optionally running faster than real time for demonstrations.
#include <boost/asio/steady_timer.hpp>

#include "gateway/io/clock.hpp"
#include "gateway/io/nothrow.hpp"

namespace b2m {
namespace {

// Further away than this counts as "never"; keeps the arithmetic far from overflow.
constexpr auto kNever = std::chrono::hours(24 * 3650);

template <class Duration>
Duration scaled(Duration d, double factor) {
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double, typename Duration::period>(static_cast<double>(d.count()) *
                                                               factor));
}

class LinuxClock final : public Clock {
 public:
  LinuxClock(Executor executor, double speed) : executor_(std::move(executor)), speed_(speed) {}

  [[nodiscard]] SteadyTime now() const override {
    return start_ + scaled(std::chrono::steady_clock::now() - start_, speed_);
  }

  [[nodiscard]] WallTime wall() const override {
    return wall_start_ + scaled(std::chrono::system_clock::now() - wall_start_, speed_);
  }

  Awaitable<Result<>> sleep_until(SteadyTime when) override {
    boost::asio::steady_timer timer(executor_);
    const bool is_never = when > now() + kNever;
    do {  // rounding may wake a scaled sleeper a moment early
      timer.expires_at(is_never ? SteadyTime::max() : start_ + scaled(when - start_, 1 / speed_));
      auto [error] = co_await timer.async_wait(nothrow);
      if (error) co_return Errc::cancelled;
    } while (now() < when);
    co_return Result<>();
  }

 private:
  Executor executor_;
  double speed_;
  SteadyTime start_ = std::chrono::steady_clock::now();
  WallTime wall_start_ = std::chrono::system_clock::now();
};

}  // namespace

std::unique_ptr<Clock> make_clock(Executor executor, double speed) {
  return std::make_unique<LinuxClock>(std::move(executor), speed > 0 ? speed : 1);
}

}  // namespace b2m

// SPDX-License-Identifier: MIT
#include "gateway/io/bell.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/io/nothrow.hpp"

namespace b2m {

/// Never expires; ringing cancels it.
struct Bell::Timer {
  explicit Timer(const Executor& executor) : never(executor, SteadyTime::max()) {}
  boost::asio::steady_timer never;
};

Bell::Bell(const Executor& executor) : timer_(std::make_unique<Timer>(executor)) {}
Bell::~Bell() = default;

void Bell::ring() {
  ++rings_;
  timer_->never.cancel();
}

Awaitable<Result<>> Bell::wait() {
  const std::uint64_t before = rings_;
  co_await timer_->never.async_wait(nothrow);
  if (rings_ == before) co_return Errc::cancelled;
  co_return Result<>();
}

Awaitable<Result<>> Bell::wait(Clock& clock, SteadyTime until) {
  using namespace boost::asio::experimental::awaitable_operators;
  const std::uint64_t before = rings_;
  const auto first = co_await (wait() || clock.sleep_until(until));
  if (rings_ != before) co_return Result<>();
  if (first.index() == 1 && std::get<1>(first)) co_return Errc::timeout;
  co_return Errc::cancelled;
}

}  // namespace b2m

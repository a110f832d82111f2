// SPDX-License-Identifier: MIT
#include "adapters/kasa/turn.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/io/nothrow.hpp"

namespace b2m::kasa {

/// Never expires; waking means cancelling it.
struct Event::Timer {
  explicit Timer(const Executor& executor) : never(executor, SteadyTime::max()) {}
  boost::asio::steady_timer never;
};

Event::Event(const Executor& executor) : timer_(std::make_unique<Timer>(executor)) {}
Event::~Event() = default;

void Event::notify() {
  ++count_;
  timer_->never.cancel();
}

Awaitable<Result<>> Event::wait() {
  const std::uint64_t before = count_;
  co_await timer_->never.async_wait(nothrow);
  if (count_ == before) co_return Errc::cancelled;
  co_return Result<>();
}

Awaitable<Result<>> Event::wait(Clock& clock, SteadyTime until) {
  using namespace boost::asio::experimental::awaitable_operators;
  const std::uint64_t before = count_;
  const auto ended = co_await (wait() || clock.sleep_until(until));
  if (count_ != before) co_return Result<>();
  if (ended.index() == 1 && std::get<1>(ended)) co_return Errc::timeout;
  co_return Errc::cancelled;
}

Awaitable<Result<Turn::Held>> Turn::take_for_poll() {
  while (is_taken_ || orders_waiting_ > 0) {
    const Result<> freed = co_await freed_.wait();
    if (!freed) co_return freed.error();
  }
  is_taken_ = true;
  co_return Held(*this);
}

Awaitable<Result<Turn::Held>> Turn::take_for_order() {
  struct Waiting {
    explicit Waiting(Turn& t) : turn(t) { ++turn.orders_waiting_; }
    ~Waiting() {
      --turn.orders_waiting_;
      turn.freed_.notify();  // polls may go on, also when this order was given up
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    Turn& turn;
  };
  const Waiting waiting(*this);
  while (is_taken_) {
    const Result<> freed = co_await freed_.wait();
    if (!freed) co_return freed.error();
  }
  is_taken_ = true;
  co_return Held(*this);
}

void Turn::give_back() {
  is_taken_ = false;
  freed_.notify();
}

}  // namespace b2m::kasa

// SPDX-License-Identifier: MIT
// A coroutine that a test starts, looks at, cancels and joins.
#pragma once

#include <memory>
#include <optional>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include "gateway/io/awaitable.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::test {

template <class T = void>
class Running {
 public:
  Running(VirtualClock& clock, Awaitable<Result<T>> work)
      : clock_(clock), state_(std::make_shared<State>()) {
    auto done = [state = state_](const std::exception_ptr& error, std::optional<Result<T>> result) {
      state->result = error ? Result<T>(Errc::cancelled) : std::move(*result);
    };
    boost::asio::co_spawn(clock.context(), boxed(std::move(work)),
                          boost::asio::bind_cancellation_slot(state_->cancel.slot(), done));
    clock.settle();
  }

  [[nodiscard]] bool is_done() const { return state_->result.has_value(); }
  [[nodiscard]] const Result<T>& result() const { return *state_->result; }
  void cancel() {
    state_->cancel.emit(boost::asio::cancellation_type::terminal);
    clock_.settle();
  }
  /// Takes the result out, also when it needs real time; Errc::timeout when it never comes.
  Result<T> join() {
    if (!clock_.run_until([this] { return is_done(); })) return Errc::timeout;
    return std::move(*state_->result);
  }

 private:
  struct State {
    boost::asio::cancellation_signal cancel;
    std::optional<Result<T>> result;
  };

  static Awaitable<std::optional<Result<T>>> boxed(Awaitable<Result<T>> work) {
    co_return co_await std::move(work);
  }

  VirtualClock& clock_;
  std::shared_ptr<State> state_;
};

/// Runs `work` to its end.
template <class T>
Result<T> finish(VirtualClock& clock, Awaitable<Result<T>> work) {
  return Running<T>(clock, std::move(work)).join();
}

}  // namespace b2m::test

// SPDX-License-Identifier: MIT
// Each direction is a queue with a bell.
#include "gateway/io/memory_serial.hpp"

#include <algorithm>
#include <deque>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/io/nothrow.hpp"

namespace b2m {
namespace {

Error gone() { return {Errc::disconnected, "the serial line is gone"}; }

class Queue {
 public:
  Queue(const Executor& executor, Clock& clock) : clock_(clock), bell_(executor) {}

  void push(Bytes bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    ring();
  }
  void clear() { bytes_.clear(); }
  /// Whoever waits looks again.
  void ring() {
    is_waiting_ = false;
    bell_.cancel();
  }
  std::size_t take(MutableBytes buffer) {
    const std::size_t n = std::min(buffer.size(), bytes_.size());
    const auto end = bytes_.begin() + static_cast<std::ptrdiff_t>(n);
    std::copy(bytes_.begin(), end, buffer.begin());
    bytes_.erase(bytes_.begin(), end);
    return n;
  }
  /// Until it is rung or the deadline; Errc::cancelled, or there is perhaps something.
  Awaitable<Result<>> wait(SteadyTime deadline) {
    using namespace boost::asio::experimental::awaitable_operators;
    if (clock_.now() >= deadline) co_return Error(Errc::timeout, "no answer in time");
    bell_.expires_at(SteadyTime::max());
    is_waiting_ = true;
    const auto first = co_await (bell_.async_wait(nothrow) || clock_.sleep_until(deadline));
    const bool was_rung = !std::exchange(is_waiting_, false);
    if (was_rung || (first.index() == 1 && std::get<1>(first))) co_return Result<>();
    co_return Errc::cancelled;
  }

 private:
  Clock& clock_;
  boost::asio::steady_timer bell_;
  std::deque<std::uint8_t> bytes_;
  bool is_waiting_ = false;
};

}  // namespace

class MemorySerial::State {
 public:
  State(const Executor& executor, Clock& clock)
      : to_port(executor, clock), to_device(executor, clock) {}

  Queue to_port, to_device;
  bool is_plugged = true;
  const Port* port = nullptr;  // the one that is open
};

class MemorySerial::Port final : public ByteStream {
 public:
  explicit Port(std::shared_ptr<State> state) : state_(std::move(state)) {
    state_->port = this;
    state_->to_port.clear();
  }
  ~Port() override {
    if (is_open()) state_->port = nullptr;
  }

  Awaitable<Result<std::size_t>> read_some(MutableBytes buffer, SteadyTime deadline) override {
    for (;;) {
      if (!is_open()) co_return gone();
      if (const std::size_t n = state_->to_port.take(buffer); n > 0) co_return n;
      const Result<> waited = co_await state_->to_port.wait(deadline);
      if (!waited) co_return waited.error();
    }
  }
  Awaitable<Result<>> write(Bytes bytes, SteadyTime) override {
    if (!is_open()) co_return gone();
    state_->to_device.push(bytes);
    co_return Result<>();
  }

 private:
  [[nodiscard]] bool is_open() const { return state_->port == this; }
  std::shared_ptr<State> state_;
};

class MemorySerial::Device final : public ByteStream {
 public:
  explicit Device(std::shared_ptr<State> state) : state_(std::move(state)) {}

  Awaitable<Result<std::size_t>> read_some(MutableBytes buffer, SteadyTime deadline) override {
    for (;;) {
      if (const std::size_t n = state_->to_device.take(buffer); n > 0) co_return n;
      const Result<> waited = co_await state_->to_device.wait(deadline);
      if (!waited) co_return waited.error();
    }
  }
  Awaitable<Result<>> write(Bytes bytes, SteadyTime) override {
    if (state_->port) state_->to_port.push(bytes);
    co_return Result<>();
  }

 private:
  std::shared_ptr<State> state_;
};

MemorySerial::MemorySerial(Executor executor, Clock& clock)
    : state_(std::make_shared<State>(executor, clock)), device_(std::make_unique<Device>(state_)) {}

Result<std::unique_ptr<ByteStream>> MemorySerial::open() {
  if (!state_->is_plugged) return Error(Errc::not_found, "no serial line");
  if (state_->port) return Error(Errc::io_error, "the serial line is in use");
  return std::unique_ptr<ByteStream>(std::make_unique<Port>(state_));
}

ByteStream& MemorySerial::device() { return *device_; }

void MemorySerial::unplug() {
  state_->is_plugged = false;
  state_->port = nullptr;
  state_->to_port.ring();
}

void MemorySerial::plug_in() { state_->is_plugged = true; }

}  // namespace b2m

// SPDX-License-Identifier: MIT
// The wire knows its ends; each end has a receive queue of its own, as a socket has.
#include "gateway/io/memory_can.hpp"

#include <algorithm>
#include <deque>

#include <boost/asio/steady_timer.hpp>

#include "gateway/io/can_error.hpp"
#include "gateway/io/can_gate.hpp"
#include "gateway/io/nothrow.hpp"

namespace b2m {
namespace {

constexpr std::size_t kReceiveLimit = 4096;

class End;

}  // namespace

class MemoryCanBus::Wire {
 public:
  explicit Wire(Executor e) : executor(std::move(e)) {}
  void deliver(const CanFrame& frame, const End* sender);
  void raise(const CanFrame& error);

  Executor executor;
  std::vector<End*> ends;
  std::function<void(const CanFrame&)> seen;
  std::size_t to_drop = 0;
  std::size_t receive_limit = kReceiveLimit;
  bool is_off = false;
  bool is_gone = false;
  bool is_clogged = false;
};

namespace {

class End final : public CanBus {
 public:
  End(std::shared_ptr<MemoryCanBus::Wire> wire, std::span<const CanFilter> filters)
      : wire_(std::move(wire)), gate_(filters), arrived_(wire_->executor) {
    status_.state = wire_->is_off ? CanState::bus_off : CanState::error_active;
    wire_->ends.push_back(this);
  }
  ~End() override { std::erase(wire_->ends, this); }

  Awaitable<Result<std::size_t>> receive(std::span<CanFrame> frames) override {
    while (queue_.empty()) {
      if (is_cut_) co_return gone();
      arrived_.expires_at(SteadyTime::max());
      is_waiting_ = true;
      co_await arrived_.async_wait(nothrow);  // ends by wake() or by cancellation
      if (is_waiting_) {                      // nobody woke us
        is_waiting_ = false;
        co_return Errc::cancelled;
      }
    }
    const std::size_t n = std::min(frames.size(), queue_.size());
    std::copy_n(queue_.begin(), n, frames.begin());
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(n));
    co_return n;
  }

  Awaitable<Result<>> send(CanFrame frame) override {
    if (is_cut_) co_return gone();
    if (wire_->is_off) co_return Errc::bus_off;
    if (wire_->is_clogged) co_return Errc::buffer_full;
    wire_->deliver(frame, this);
    co_return Result<>();
  }

  [[nodiscard]] CanStatus status() override { return status_; }

  void hear(const CanFrame& frame) {
    if (frame.error) can_error::note(status_, frame);
    if (!gate_.passes(frame)) return;
    if (queue_.size() >= wire_->receive_limit) {
      ++status_.overruns;
      return;
    }
    queue_.push_back(frame);
    wake();
  }

  void cut() {
    is_cut_ = true;
    status_.state = CanState::stopped;
    wake();
  }

  void set_counters(int tx_errors, int rx_errors) {
    status_.tx_errors = tx_errors;
    status_.rx_errors = rx_errors;
  }

 private:
  static Error gone() { return {Errc::disconnected, "the CAN interface is gone"}; }

  void wake() {
    if (!is_waiting_) return;
    is_waiting_ = false;
    arrived_.cancel();
  }

  std::shared_ptr<MemoryCanBus::Wire> wire_;
  CanGate gate_;
  boost::asio::steady_timer arrived_;
  std::deque<CanFrame> queue_;
  CanStatus status_;
  bool is_waiting_ = false;
  bool is_cut_ = false;
};

}  // namespace

void MemoryCanBus::Wire::deliver(const CanFrame& frame, const End* sender) {
  if (is_off || is_gone) return;
  if (to_drop > 0) {
    --to_drop;
    return;
  }
  if (sender && seen) seen(frame);
  for (End* end : ends)
    if (end != sender) end->hear(frame);
}

void MemoryCanBus::Wire::raise(const CanFrame& error) {
  for (End* end : ends) end->hear(error);
}

MemoryCanBus::MemoryCanBus(Executor executor)
    : wire_(std::make_shared<Wire>(std::move(executor))) {}

std::unique_ptr<CanBus> MemoryCanBus::join(std::span<const CanFilter> filters) {
  return std::make_unique<End>(wire_, filters);
}

OpenCan MemoryCanBus::opener() {
  return [wire = wire_](CanOpening opening) -> Awaitable<Result<std::unique_ptr<CanBus>>> {
    return [](std::shared_ptr<Wire> w, CanOpening o) -> Awaitable<Result<std::unique_ptr<CanBus>>> {
      if (w->is_gone) co_return Error(Errc::not_found, "no CAN interface " + o.interface);
      co_return std::unique_ptr<CanBus>(std::make_unique<End>(w, o.filters));
    }(wire, std::move(opening));
  };
}

void MemoryCanBus::inject(const CanFrame& frame) { wire_->deliver(frame, nullptr); }
void MemoryCanBus::observe(std::function<void(const CanFrame&)> seen) {
  wire_->seen = std::move(seen);
}
void MemoryCanBus::drop(std::size_t frames) { wire_->to_drop = frames; }

void MemoryCanBus::bus_off() {
  wire_->is_off = true;
  wire_->raise(can_error::make(can_error::kBusOff));
}

void MemoryCanBus::recover() {
  wire_->is_off = false;
  wire_->raise(can_error::make(can_error::kRestarted));
}

void MemoryCanBus::vanish() {
  wire_->is_gone = true;
  for (End* end : wire_->ends) end->cut();
}

void MemoryCanBus::reappear() { wire_->is_gone = false; }
void MemoryCanBus::error_frame(const CanFrame& frame) { wire_->raise(frame); }
void MemoryCanBus::set_counters(int tx_errors, int rx_errors) {
  for (End* end : wire_->ends) end->set_counters(tx_errors, rx_errors);
}
void MemoryCanBus::set_clogged(bool is_clogged) { wire_->is_clogged = is_clogged; }
void MemoryCanBus::set_receive_limit(std::size_t frames) { wire_->receive_limit = frames; }

}  // namespace b2m

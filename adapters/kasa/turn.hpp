// SPDX-License-Identifier: MIT
// Who may talk to a plug now: one at a time, orders before polls.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "gateway/io/clock.hpp"

namespace b2m::kasa {

/// Something that may be waited for; everyone who waits is woken.
class Event {
 public:
  explicit Event(const Executor& executor);
  ~Event();

  void notify();
  /// Errc::timeout at `until`, Errc::cancelled when cancelled.
  Awaitable<Result<>> wait(Clock& clock, SteadyTime until);
  Awaitable<Result<>> wait();

 private:
  struct Timer;
  std::unique_ptr<Timer> timer_;
  std::uint64_t count_ = 0;
};

class Turn {
 public:
  explicit Turn(const Executor& executor) : freed_(executor) {}

  /// Ends the turn when it goes.
  class Held {
   public:
    Held() = default;
    explicit Held(Turn& turn) : turn_(&turn) {}
    Held(Held&& other) noexcept : turn_(std::exchange(other.turn_, nullptr)) {}
    Held& operator=(Held&& other) noexcept {
      std::swap(turn_, other.turn_);
      return *this;
    }
    ~Held() {
      if (turn_) turn_->give_back();
    }

   private:
    Turn* turn_ = nullptr;
  };

  Awaitable<Result<Held>> take_for_poll();
  Awaitable<Result<Held>> take_for_order();

 private:
  void give_back();

  Event freed_;
  bool is_taken_ = false;
  int orders_waiting_ = 0;
};

}  // namespace b2m::kasa

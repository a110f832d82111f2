// SPDX-License-Identifier: MIT
// Who may talk to a plug now: one at a time, orders before polls.
#pragma once

#include <utility>

#include "gateway/io/bell.hpp"

namespace b2m::kasa {

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

  Bell freed_;
  bool is_taken_ = false;
  int orders_waiting_ = 0;
};

}  // namespace b2m::kasa

// SPDX-License-Identifier: MIT
#include "adapters/kasa/turn.hpp"

namespace b2m::kasa {

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
      turn.freed_.ring();  // polls may go on, also when this order was given up
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
  freed_.ring();
}

}  // namespace b2m::kasa

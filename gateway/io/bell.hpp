// SPDX-License-Identifier: MIT
// Wakes everybody who waits: a reply is complete, an order has come, a job is done.
#pragma once

#include <cstdint>
#include <memory>

#include "gateway/io/clock.hpp"

namespace b2m {

class Bell {
 public:
  explicit Bell(const Executor& executor);
  ~Bell();

  void ring();
  /// Errc::cancelled when cancelled. Rings before it are forgotten: look first, then wait.
  Awaitable<Result<>> wait();
  /// Also Errc::timeout at `until`.
  Awaitable<Result<>> wait(Clock& clock, SteadyTime until);

 private:
  struct Timer;
  std::unique_ptr<Timer> timer_;
  std::uint64_t rings_ = 0;
};

}  // namespace b2m

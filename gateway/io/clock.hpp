// SPDX-License-Identifier: MIT
// Time as a seam: the machine's clock, a scaled one for demonstrations, a virtual one in tests.
#pragma once

#include <memory>

#include "gateway/io/awaitable.hpp"
#include "gateway/units.hpp"

namespace b2m {

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual SteadyTime now() const = 0;
  [[nodiscard]] virtual WallTime wall() const = 0;
  /// Errc::cancelled when the coroutine is being cancelled.
  virtual Awaitable<Result<>> sleep_until(SteadyTime when) = 0;

  Awaitable<Result<>> sleep_for(SteadyDuration d) { return sleep_until(now() + d); }
};

/// The machine's clocks; `speed` 10 lets ten seconds pass in one (both clocks, from now on).
std::unique_ptr<Clock> make_clock(Executor executor, double speed = 1);

}  // namespace b2m

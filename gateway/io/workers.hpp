// SPDX-License-Identifier: MIT
// Threads for calculations that would hold up the event loop. They run at a low priority, so that
// the loop, which switches things, always comes first.
#pragma once

#include <functional>
#include <memory>

#include "gateway/io/awaitable.hpp"
#include "gateway/result.hpp"

namespace b2m {

/// Of the calling thread: from now on it runs behind the loop. What is not granted does no harm.
void step_back();

class Workers {
 public:
  /// `threads` of them, started when first needed.
  static std::unique_ptr<Workers> make(Executor executor, std::size_t threads);
  virtual ~Workers() = default;  // waits for what runs; drops what waits
  /// `work` on one of the threads, then `done` on the loop; `done` is not called after the workers
  /// are gone. `work` must not throw. The error: there is no thread, and none can be started; then
  /// nothing is called.
  virtual Result<> run(std::function<void()> work, std::function<void()> done) = 0;
  [[nodiscard]] virtual std::size_t threads() const = 0;
  [[nodiscard]] virtual std::size_t busy() const = 0;  // running and waiting
};

}  // namespace b2m

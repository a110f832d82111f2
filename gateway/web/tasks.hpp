// SPDX-License-Identifier: MIT
// Coroutines that belong to one object, which cancels them and waits for their end before it goes.
#pragma once

#include <memory>
#include <string>

#include "gateway/io/clock.hpp"

namespace b2m::web {

class Tasks {
 public:
  /// `area` of log lines about exceptions, which end only the task that threw.
  Tasks(Executor executor, Clock& clock, std::string area);
  ~Tasks();

  /// Begins later, on the event loop. Nothing begins any more once stop() was called.
  void spawn(Awaitable<> work);
  [[nodiscard]] std::size_t size() const;
  /// Cancels all of them and waits until they have ended, at most until the deadline.
  Awaitable<> stop(SteadyTime deadline);

 private:
  struct State;
  Executor executor_;
  Clock& clock_;
  std::shared_ptr<State> state_;
};

}  // namespace b2m::web

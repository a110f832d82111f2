// SPDX-License-Identifier: MIT
// Owns every adapter's task: starts it again after a failure, knows whether it is connected, hands
// orders to it, and ends all of them in time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"

namespace b2m::app {

struct AdapterHealth {
  std::string id;
  bool connected = false;
  std::uint64_t restarts = 0;
  std::uint64_t reports = 0;
  std::string last_error;
  SteadyTime last_report{};
  bool has_reported = false;
};

class Supervisor {
 public:
  struct Hooks {
    std::function<void(const Report&)> report;
    std::function<void(AdapterIndex)> changed;  // connected, restarts or last error
  };

  Supervisor(Executor executor, Clock& clock, Hooks hooks);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  void add(std::string id, std::unique_ptr<Adapter> adapter);
  void start();
  void execute(AdapterIndex adapter, Order order, std::function<void(Result<>)> done);
  /// The adapter looks for its hardware again; `done` is called once, later, on the event loop.
  void rescan(AdapterIndex adapter, std::function<void(Result<std::string>)> done);
  /// Cancels everything and waits until it has ended, at most until the deadline; names what has
  /// not.
  Awaitable<> stop(SteadyTime deadline);

  [[nodiscard]] std::size_t size() const { return tasks_.size(); }
  [[nodiscard]] const AdapterHealth& health(AdapterIndex adapter) const;
  [[nodiscard]] const Adapter& adapter(AdapterIndex adapter) const;

 private:
  struct Task;
  Awaitable<> keep_running(Task& task);
  Awaitable<Result<>> run_once(Task& task);
  void failed(Task& task, const std::string& why);

  Executor executor_;
  Clock& clock_;
  Hooks hooks_;
  std::vector<std::unique_ptr<Task>> tasks_;
};

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
// A place to calculate that does what the test says.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gateway/app/simulation/job.hpp"

namespace b2m::test {

class ScriptedPlace final : public app::JobPlace {
 public:
  explicit ScriptedPlace(std::size_t threads) : threads_(threads) {}

  void set_hooks(Hooks h) override { hooks = std::move(h); }
  [[nodiscard]] std::size_t room() const override {
    return running.size() < threads_ ? threads_ - running.size() : 0;
  }
  void start(const app::JobOrder& order) override {
    running[order.id] = order.attempt;
    orders.push_back(order);
    hooks.started(order.id, order.attempt);
  }
  void cancel(const std::string& id) override { cancelled.push_back(id); }

  void set_room(std::size_t threads) {
    threads_ = threads;
    hooks.has_room();
  }
  void progress(const std::string& id, double part) { hooks.progress(id, running.at(id), part); }
  /// The job ends with so many rows.
  void end(const std::string& id, app::JobState state = app::JobState::done, int rows = 3) {
    end(id, running.at(id), state, rows);
  }
  void end(const std::string& id, int attempt, app::JobState state, int rows) {
    running.erase(id);
    app::JobResult result;
    result.state = state;
    if (state != app::JobState::done) result.error = "because";
    result.output.end.reason = sim::EndReason::lower_voltage;
    result.output.end.text = "2.5 V reached";
    result.output.table.columns = {"time_s", "voltage_v"};
    for (int row = 0; row < rows; ++row) {
      result.output.table.values.push_back(row);
      result.output.table.values.push_back(4 - row / 1024.0);
    }
    hooks.ended(id, attempt, std::move(result));
    hooks.has_room();
  }
  void lose(const std::string& id) {
    const int attempt = running.at(id);
    running.erase(id);
    hooks.lost(id, attempt);
    hooks.has_room();
  }
  /// Ids in the order in which they came.
  [[nodiscard]] std::vector<std::string> started() const {
    std::vector<std::string> ids;
    for (const app::JobOrder& order : orders) ids.push_back(order.id);
    return ids;
  }

  Hooks hooks;
  std::map<std::string, int> running;  // id, attempt
  std::vector<app::JobOrder> orders;
  std::vector<std::string> cancelled;

 private:
  std::size_t threads_;
};

}  // namespace b2m::test

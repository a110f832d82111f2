// SPDX-License-Identifier: MIT
// Simulation jobs and their results, over restarts. docs/simulation.md documents the tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/sim/cell/simulation.hpp"
#include "gateway/store/database.hpp"

namespace b2m::store {

struct StoredJob {
  std::string id;
  std::string id_json;
  std::string state;    // a word of app::kJobStates
  std::string request;  // self-contained JSON
  std::string reason;
  std::string callback_url;
  int priority = 0;
  int attempt = 0;
  double progress = 0;
  std::int64_t rows = 0;
  std::int64_t created_ms = 0, ended_ms = 0;  // Unix time
  bool is_callback_pending = false;
};

class Simulations {
 public:
  explicit Simulations(Database& database) : database_(database) {}
  Result<> save(const StoredJob& job);
  /// With the final state, in one transaction.
  Result<> save_result(const StoredJob& job, const sim::SimulationTable& table);
  Result<std::vector<StoredJob>> load_all();  // without requests of jobs that are over
  Result<sim::SimulationTable> table(const std::string& id);
  Result<> remove(const std::string& id);

 private:
  Database& database_;
};

}  // namespace b2m::store

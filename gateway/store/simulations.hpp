// SPDX-License-Identifier: MIT
// Simulation jobs and their results, over restarts, in a file of their own: neither their writing
// nor damage to them concerns what the rules have to know. docs/simulation.md documents the tables.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/sim/cell/simulation.hpp"
#include "gateway/store/database.hpp"

namespace b2m::store {

struct StoredJob {
  std::string id;
  std::string id_json;
  std::string simulation_type;  // of the original's form; empty otherwise
  std::string state;            // a word of app::kJobStates
  std::string end;              // a word of sim::kEndReasons; empty: has not ended by itself
  std::string request;          // self-contained JSON; empty once the job is over
  std::string reason;
  std::string callback_url;
  bool is_callback_pending = false;
  bool is_csv = false;  // the format that the request asks for
  int priority = 0;
  int attempt = 0;
  int losses = 0;  // attempts without an answer: whoever calculated was gone
  double time_limit_s = 0;
  double calculated_s = 0;
  std::int64_t rows = 0;
  std::int64_t result_bytes = 0;              // of the rows
  std::int64_t sequence = 0;                  // in the order of arrival
  std::int64_t fingerprint = 0;               // of the request
  std::int64_t created_ms = 0, ended_ms = 0;  // Unix time
};

/// One transaction for each call that changes something, unless the caller has begun one.
class Simulations {
 public:
  explicit Simulations(Database& database) : database_(database) {}
  /// At the start only the jobs are checked, not the results: those may be many.
  static Result<std::unique_ptr<Database>> open(const std::string& path);
  [[nodiscard]] Database& database() { return database_; }

  /// The request of a job never changes; it goes with the first save() that has none.
  Result<> save(const StoredJob& job);
  Result<> save_table(const std::string& id, const sim::SimulationTable& table);
  Result<std::vector<StoredJob>> load_all();  // in the order of their arrival
  /// Errc::not_found where none is kept.
  Result<sim::SimulationTable> table(const std::string& id);
  Result<> remove(const std::string& id);

 private:
  Result<> save_request(const StoredJob& job);
  Result<> change(std::string_view sql, const std::string& id);

  Database& database_;
};

}  // namespace b2m::store

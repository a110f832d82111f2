// SPDX-License-Identifier: MIT
// The simulation service on the virtual clock with a scripted place, and with a database if wanted.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "gateway/app/simulation/service.hpp"
#include "tests/support/scripted_place.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::test {

class SimulationRig {
 public:
  using Json = nlohmann::json;

  /// `folder`: of the database; empty: none.
  explicit SimulationRig(std::size_t threads = 1, std::string folder = {});
  ~SimulationRig();

  /// As after a restart of the program, or after kill -9.
  void restart(bool is_killed = false);
  /// A request of the original's form with these fields besides.
  static std::string cell_job(const std::string& fields);
  /// Submits; the id or, where there is none, "error: …".
  std::string submit(const std::string& fields);
  /// Asks by a verb and waits for the (first) answer, as {data, error}.
  Json ask(const std::string& verb, const std::string& payload);
  /// All answers, until the last part.
  std::vector<Json> fetch(const std::string& payload);
  /// The state of a job as last published.
  Json topic(const std::string& id);
  [[nodiscard]] std::string state(const std::string& id) const;

  VirtualClock clock;
  config::Simulation settings;
  app::ServiceLimits limits;
  ScriptedPlace* place = nullptr;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<store::Simulations> store;
  std::unique_ptr<app::SimulationService> service;
  std::map<std::string, std::vector<std::string>> published;
  std::vector<app::JobStatus> ended;
  bool has_answer_room = true;

 private:
  void build();
  std::size_t threads_;
  std::string folder_;
};

}  // namespace b2m::test

// SPDX-License-Identifier: MIT
// The simulation service: takes requests, queues them by priority, hands them to the places where
// they are calculated, keeps results in the store, and tells whoever wants to know.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/simulation.hpp"
#include "gateway/app/command_router.hpp"
#include "gateway/app/simulation/job.hpp"
#include "gateway/app/simulation/request.hpp"
#include "gateway/io/clock.hpp"
#include "gateway/store/simulations.hpp"

namespace b2m::app {

/// What everybody may know of a job; also the JSON on bridge/simulation/ID.
struct JobStatus {
  std::string id;
  std::string id_json;  // the caller's own id as he wrote it; empty: none
  JobState state = JobState::queued;
  double progress = 0;  // 0 to 1
  std::string reason;   // why it failed or ended early
  int priority = 0;
  int attempt = 0;
  std::int64_t rows = 0;
  WallTime created{}, ended{};
};
std::string status_json(const JobStatus& status);

class SimulationService {
 public:
  struct Hooks {
    /// Retained on bridge/simulation/ID; empty JSON: forget it.
    std::function<void(const std::string& id, const std::string& json)> publish;
    std::function<void(const JobStatus&)> ended;  // for call-backs
  };
  /// `store` may be null (no database): then nothing survives a restart, and results live in memory
  /// up to a small number.
  SimulationService(const config::Simulation& settings, Clock& clock, store::Simulations* store,
                    std::vector<std::unique_ptr<JobPlace>> places, RequestSources sources,
                    Hooks hooks);
  ~SimulationService();

  /// After a restart: jobs that were running are queued again, everything known is published again.
  void start();
  /// Of the verbs simulate, simulate_cancel, simulate_list, simulate_fetch, simulate_delete.
  Answer request(const Request& request);

  struct Submitted {
    std::string id;      // of the new job
    RequestError error;  // where there is none
  };
  /// `callback_url` overrides that of the request.
  Submitted submit(std::string_view json, const std::string& callback_url = {});
  [[nodiscard]] std::optional<JobStatus> status(const std::string& id) const;
  /// Calls back once, on the loop, when the job is over (at once if it is).
  void when_over(const std::string& id, std::function<void(const JobStatus&)> told);
  Result<sim::SimulationTable> table(const std::string& id);
  Result<> cancel(const std::string& id);
  Result<> remove(const std::string& id);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace b2m::app

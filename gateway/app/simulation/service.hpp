// SPDX-License-Identifier: MIT
// The simulation service: takes requests, queues them by priority, hands them to the places where
// they are calculated, keeps results in the store, and tells whoever wants to know.
#pragma once

#include <functional>
#include <memory>
#include <optional>
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
  std::string id;               // as on topics and in the store
  std::string id_json;          // the caller's own id as he wrote it; empty: none
  std::string simulation_type;  // "cell" or "driveCycle" of the original's form
  JobState state = JobState::queued;
  double progress = 0;  // 0 to 1
  std::string end;      // why the run ended: a word of sim::kEndReasons; empty: it has not
  std::string reason;   // the same, or why it failed, in words
  int priority = 0;
  int attempt = 0;
  std::int64_t rows = 0;
  double calculated_s = 0;
  ResultFormat format = ResultFormat::json;
  std::string callback_url;          // empty: nobody
  bool is_callback_pending = false;  // it is over, and callback_done() has not been called
  WallTime created{}, ended{};
};
std::string status_json(const JobStatus& status);

/// Of requests; whoever calculates one that was taken has the same.
RequestLimits request_limits(const config::Simulation& settings);

struct ServiceLimits {
  std::size_t request_bytes = std::size_t{32}
                              << 20;  // of all jobs that wait, run, or are being read
  int attempts = 3;                   // places that a job may take with it
};

inline constexpr std::string_view kSimulationVerbs[] = {
    "simulate", "simulate_cancel", "simulate_list", "simulate_fetch", "simulate_delete"};

class SimulationService {
 public:
  struct Hooks {
    /// Retained on bridge/simulation/ID; empty JSON: forget it.
    std::function<void(const std::string& id, const std::string& json)> publish;
    /// For call-backs: once for each job that is over, and again after a restart while
    /// is_callback_pending.
    std::function<void(const JobStatus&)> ended;
    /// Another part of a result may be answered now. Unset: always.
    std::function<bool()> has_answer_room{};
    /// Refuses a job whose call-back would not be made. Unset: all are.
    std::function<Result<>(const std::string& url)> allows_callback{};
  };
  struct Counts {
    std::size_t queued = 0, running = 0, stored = 0;                   // now
    std::uint64_t done = 0, failed = 0, cancelled = 0, timed_out = 0;  // since the start
    std::uint64_t refused = 0, lost = 0;
  };

  /// `store` may be null (no database): then nothing survives a restart, and results live in memory
  /// up to a small number.
  SimulationService(Executor executor, const config::Simulation& settings, Clock& clock,
                    store::Simulations* store, std::vector<std::unique_ptr<JobPlace>> places,
                    RequestSources sources, Hooks hooks, ServiceLimits limits = {});
  ~SimulationService();

  /// After a restart: jobs that were running are queued again.
  void start();
  /// A few times a second: publishes progress, sends parts of results, forgets old results.
  void tick();
  /// Everything known is published again, for a broker that knows nothing.
  void publish_all();
  /// Running jobs are cancelled and go back into the queue of the store; nothing is taken any more.
  void stop();

  /// Of the verbs simulate, simulate_cancel, simulate_list, simulate_fetch, simulate_delete.
  Answer request(const Request& request);
  /// For bridge/health.
  [[nodiscard]] std::string health_json() const;
  [[nodiscard]] Counts counts() const;

  struct Submitted {
    std::string id;         // of the job
    RequestError error;     // where there is none
    bool is_known = false;  // the same request with the same id came before; that job's id
  };
  /// `callback_url` overrides that of the request. Reads the request on the loop: for small ones.
  Submitted submit(std::string_view json, const std::string& callback_url = {});
  /// Reads the request elsewhere, and tells when the job is on the disk. Once, on the loop. A job
  /// that the disk does not take is refused.
  void submit_later(std::string json, std::string callback_url,
                    std::function<void(const Submitted&)> told);
  /// Calls back on the loop once everything so far is on the disk, or says why it is not.
  void when_written(std::function<void(const Result<>&)> then);
  [[nodiscard]] std::optional<JobStatus> status(const std::string& id) const;
  /// Of all callers' ids that are whole numbers below `limit`; 0: there are none.
  [[nodiscard]] std::int64_t largest_number(std::int64_t limit) const;
  /// Calls back once, on the loop, when the job is over (at once if it is).
  void when_over(const std::string& id, std::function<void(const JobStatus&)> told);
  /// The call-back has been delivered or given up: not asked for again after a restart.
  void callback_done(const std::string& id);
  /// `use` on another thread, then `done` on the loop, also where `use` has thrown.
  void read_table(
      const std::string& id,
      std::function<void(const Result<std::shared_ptr<const sim::SimulationTable>>&)> use,
      std::function<void()> done);
  Result<> cancel(const std::string& id);
  /// Also cancels a job that is not over.
  Result<> remove(const std::string& id);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace b2m::app

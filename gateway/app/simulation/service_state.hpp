// SPDX-License-Identifier: MIT
// The inside of the simulation service.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/app/simulation/archive.hpp"
#include "gateway/app/simulation/fetches.hpp"
#include "gateway/app/simulation/job_table.hpp"
#include "gateway/app/simulation/service.hpp"

namespace b2m::app {

struct SimulationService::State {
  State(Executor executor, const config::Simulation& settings, Clock& clock,
        store::Simulations* store, RequestSources sources, Hooks hooks, ServiceLimits limits);

  // service.cpp: what comes from outside.
  void take_places(std::vector<std::unique_ptr<JobPlace>> all);
  void start();
  void stop();
  void tick();
  Submitted refuse(std::string field, std::string why);
  std::optional<RequestError> obstacle_to(const Job& job);
  Submitted accept(ParsedRequest parsed, const std::string& callback_url);
  void parsed_later(std::shared_ptr<ParsedRequest> parsed, const std::string& callback_url,
                    std::function<void(const Submitted&)> told);
  void submit_later(std::string json, std::string callback_url,
                    std::function<void(const Submitted&)> told);
  Result<> cancel(const std::string& id);
  Result<> remove(const std::string& id);
  void when_over(const std::string& id, std::function<void(const JobStatus&)> told);
  [[nodiscard]] Counts counts() const;

  // service_running.cpp: a job's way.
  void revive(const store::StoredJob& stored);
  void dispatch();
  void hand_out(Job& job, JobPlace& place);
  void begin(const std::string& id, int attempt);
  Job* current(const std::string& id, int attempt);
  void started(const std::string& id, int attempt);
  void progress(const std::string& id, int attempt, double part);
  void ended(const std::string& id, int attempt, JobResult result);
  void lost(const std::string& id, int attempt);
  void finish(Job& job, JobState state, std::string reason, JobResult result);
  void put_back(Job& job);
  void publish(Job& job);
  void note(Job& job, Job::News news);
  void forget(const std::string& id);
  void prune();
  void prune_old();
  [[nodiscard]] bool is_old(const Job& job) const;

  // service_requests.cpp: the verbs.
  Answer request(const Request& request);
  Answer simulate(const std::string& payload);
  Answer simulate_list(const std::string& payload) const;
  Answer simulate_fetch(const std::string& payload);
  Answer simulate_end(const std::string& payload, bool is_delete);

  config::Simulation settings;
  Clock& clock;
  RequestSources sources;
  Hooks hooks;
  ServiceLimits limits;
  RequestLimits readable;
  JobTable jobs;
  std::map<JobPlace*, std::size_t> promised;  // jobs that are not told to the place yet
  std::map<std::string, std::vector<std::function<void(const JobStatus&)>>> watchers;
  std::set<std::string> unpublished;
  std::deque<std::string> publish_again;
  Counts since_start;
  SteadyTime next_prune{};
  std::string newest_end;  // the job that has ended last
  int last_order = 0;      // the number of a hand-out
  std::size_t unread = 0;  // requests on the way to being read, and their bytes
  std::size_t unread_bytes = 0;
  bool is_dispatching = false;
  bool is_stopped = false;
  Archive archive;
  Fetches fetches;
  std::vector<std::unique_ptr<JobPlace>> places;  // end first
};

}  // namespace b2m::app

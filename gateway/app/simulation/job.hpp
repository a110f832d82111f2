// SPDX-License-Identifier: MIT
// One simulation job between the service, its store and the places where it is calculated.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "gateway/sim/cell/simulation.hpp"
#include "gateway/units.hpp"

namespace b2m::app {

enum class JobState { queued, running, done, failed, cancelled, timed_out };
inline constexpr const char* kJobStates[] = {"queued", "running",   "done",
                                             "failed", "cancelled", "timed_out"};
constexpr bool is_over(JobState state) { return state >= JobState::done; }

/// What a place needs to calculate one job. Answers to former attempts are ignored, also those of
/// another job that had the same id.
struct JobOrder {
  std::string id;
  int attempt = 1;           // a number that no other order of this service has
  std::string request;       // self-contained JSON, see request.hpp
  double time_limit_s = 60;  // of calculation
};

struct JobResult {
  JobState state = JobState::failed;  // one that is over
  std::string error;                  // for the user, where it is not done
  sim::SimulationOutput output;       // also of runs that ended early
  double calculated_s = 0;
};

/// Somewhere to calculate: the threads here, or machines behind the broker. Everything happens on
/// the event loop.
class JobPlace {
 public:
  struct Hooks {
    std::function<void(const std::string& id, int attempt)> started;
    std::function<void(const std::string& id, int attempt, double part)> progress;
    std::function<void(const std::string& id, int attempt, JobResult result)> ended;
    /// Gone without an answer (the machine died): the job goes back into the queue.
    std::function<void(const std::string& id, int attempt)> lost;
    std::function<void()> has_room;  // room() has grown
  };
  virtual ~JobPlace() = default;
  virtual void set_hooks(Hooks hooks) = 0;
  /// How many more jobs it takes just now.
  [[nodiscard]] virtual std::size_t room() const = 0;
  virtual void start(const JobOrder& order) = 0;
  /// `ended` follows with JobState::cancelled, unless it has ended otherwise.
  virtual void cancel(const std::string& id) = 0;
};

}  // namespace b2m::app

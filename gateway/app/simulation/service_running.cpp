// SPDX-License-Identifier: MIT
// A job's way through the places: handed out, started, lost, ended.
#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "gateway/app/simulation/service_state.hpp"
#include "gateway/log.hpp"

namespace b2m::app {

namespace {

/// 2024-01-01. A clock that shows less has not been set since the machine was switched on.
constexpr WallTime kClockSet{std::chrono::sys_days{std::chrono::year{2024} / 1 / 1}};

/// Orders of the last run of this program are not taken for those of this one.
int first_order() { return static_cast<int>(std::random_device{}() & 0x3FFF'FFFF); }

/// Cleared however the scope ends.
class Flag {
 public:
  explicit Flag(bool& flag) : flag_(flag) { flag_ = true; }
  ~Flag() { flag_ = false; }
  Flag(const Flag&) = delete;
  Flag& operator=(const Flag&) = delete;

 private:
  bool& flag_;
};

}  // namespace

void SimulationService::State::take_places(std::vector<std::unique_ptr<JobPlace>> all) {
  last_order = first_order();
  places = std::move(all);
  for (const auto& place : places) {
    JobPlace::Hooks told;
    told.started = [this](const std::string& id, int attempt) { started(id, attempt); };
    told.progress = [this](const std::string& id, int attempt, double part) {
      progress(id, attempt, part);
    };
    told.ended = [this](const std::string& id, int attempt, JobResult result) {
      ended(id, attempt, std::move(result));
    };
    told.lost = [this](const std::string& id, int attempt) { lost(id, attempt); };
    told.has_room = [this] { dispatch(); };
    place->set_hooks(std::move(told));
  }
}

/// A job that was running when the program ended may be what ended it.
void SimulationService::State::revive(const store::StoredJob& stored) {
  auto made = from_stored(stored);
  if (!made) return log::warn("simulation", "the stored job \"{}\" is not understood", stored.id);
  const bool was_running = made->status.state == JobState::running;
  Job& job = jobs.add(std::move(made));
  job.known_over = clock.now();
  if (is_over(job.status.state)) {
    if (job.status.is_callback_pending && hooks.ended) hooks.ended(JobStatus(job.status));
    return;
  }
  job.status.state = JobState::queued;
  if (was_running && ++job.losses >= limits.attempts)
    return finish(job, JobState::failed,
                  fmt::format("the gateway ended {} times while it was calculated", job.losses),
                  {});
  jobs.enqueue(job);
  if (was_running) archive.save(to_stored(job));
}

void SimulationService::State::dispatch() {
  if (is_stopped || is_dispatching) return;
  const Flag flag(is_dispatching);
  while (Job* job = jobs.first_queued()) {
    const auto has_room = [this](const auto& p) { return p->room() > promised[p.get()]; };
    const auto place = std::ranges::find_if(places, has_room);
    if (place == places.end() || archive.is_full()) break;
    hand_out(*job, **place);
  }
}

/// A job that has seen this program end before starts only once that is on the disk: should it be
/// what ends the program, it is counted. A disk that takes nothing does not keep it waiting.
void SimulationService::State::hand_out(Job& job, JobPlace& place) {
  jobs.dequeue(job);
  job.place = &place;
  ++job.status.attempt;
  const std::string id = job.status.id;
  const int attempt = job.order = ++last_order;
  if (!job.is_survivor || !archive.is_lasting()) return begin(id, attempt);
  ++promised[&place];
  job.status.state = JobState::running;
  archive.save(to_stored(job));
  archive.when_written([this, id, attempt, &place](const Result<>& /*written*/) {
    --promised[&place];
    begin(id, attempt);
  });
}

void SimulationService::State::begin(const std::string& id, int attempt) {
  Job* job = current(id, attempt);
  if (!job || is_stopped) return dispatch();
  job->is_started = true;
  JobOrder order;
  order.id = id;
  order.attempt = attempt;
  order.request = job->request;
  order.time_limit_s = job->time_limit_s;
  job->place->start(order);
}

/// The job while this attempt counts.
Job* SimulationService::State::current(const std::string& id, int attempt) {
  Job* job = jobs.find(id);
  return job && job->place && job->order == attempt ? job : nullptr;
}

void SimulationService::State::started(const std::string& id, int attempt) {
  Job* job = current(id, attempt);
  if (!job || is_stopped) return;
  job->status.state = JobState::running;
  archive.save(to_stored(*job));
  note(*job, Job::News::state);
}

void SimulationService::State::progress(const std::string& id, int attempt, double part) {
  Job* job = current(id, attempt);
  if (!job || is_stopped || !std::isfinite(part)) return;
  const double known = std::clamp(part, 0.0, 1.0);
  if (known <= job->status.progress) return;
  job->status.progress = known;
  note(*job, Job::News::progress);
}

void SimulationService::State::ended(const std::string& id, int attempt, JobResult result) {
  Job* job = current(id, attempt);
  if (!job || is_stopped) return;
  const JobState state = is_over(result.state) ? result.state : JobState::failed;
  std::string reason = result.error.empty() ? result.output.end.text : result.error;
  finish(*job, state, std::move(reason), std::move(result));
}

void SimulationService::State::lost(const std::string& id, int attempt) {
  Job* job = current(id, attempt);
  if (!job || is_stopped) return;
  ++since_start.lost;
  ++job->losses;
  if (job->is_cancelling) return finish(*job, JobState::cancelled, "cancelled", {});
  if (job->losses >= limits.attempts)
    return finish(
        *job, JobState::failed,
        fmt::format("given up: {} times, whoever calculated it was gone without an answer",
                    job->losses),
        {});
  put_back(*job);
  note(*job, Job::News::state);
  dispatch();
}

void SimulationService::State::put_back(Job& job) {
  job.place = nullptr;
  job.is_started = false;
  job.status.state = JobState::queued;
  job.status.progress = 0;
  jobs.enqueue(job);
  archive.save(to_stored(job));
}

void SimulationService::State::finish(Job& job, JobState state, std::string reason,
                                      JobResult result) {
  job.place = nullptr;
  JobStatus& s = job.status;
  s.state = state;
  s.reason = std::move(reason);
  s.ended = clock.wall();
  if (state == JobState::done) s.progress = 1;
  s.calculated_s = result.calculated_s;
  s.rows = static_cast<std::int64_t>(result.output.table.rows());
  job.result_bytes = static_cast<std::int64_t>(result.output.table.values.size() * sizeof(double));
  job.known_over = clock.now();
  newest_end = s.id;
  const bool has_run = s.rows > 0 || state == JobState::done;
  s.end = has_run ? sim::kEndReasons[static_cast<int>(result.output.end.reason)] : "";
  s.is_callback_pending = !s.callback_url.empty();
  jobs.retire(job);
  TablePtr table;
  if (s.rows > 0)
    table = std::make_shared<const sim::SimulationTable>(std::move(result.output.table));
  archive.save(to_stored(job), std::move(table));
  publish(job);
  ++(state == JobState::done        ? since_start.done
     : state == JobState::cancelled ? since_start.cancelled
     : state == JobState::timed_out ? since_start.timed_out
                                    : since_start.failed);
  const JobStatus told = s;  // who is told may delete the job
  const auto waiting = watchers.extract(told.id);
  if (hooks.ended) hooks.ended(told);
  if (!waiting.empty())
    for (const auto& tell : waiting.mapped()) tell(told);
  prune();
  dispatch();
}

void SimulationService::State::publish(Job& job) {
  job.news = Job::News::none;
  job.published = clock.now();
  if (hooks.publish) hooks.publish(job.status.id, status_json(job.status));
}

void SimulationService::State::note(Job& job, Job::News news) {
  job.news = std::max(job.news, news);
  unpublished.insert(job.status.id);
}

void SimulationService::State::forget(const std::string& id) {
  jobs.erase(id);
  archive.remove(id);
  if (hooks.publish) hooks.publish(id, {});
}

/// The oldest of those that are over go, but not what has ended just now: whoever asked for it is
/// still to have it. One whose call-back has not arrived stays, unless the disk would be filled.
void SimulationService::State::prune() {
  if (is_stopped) return;
  const auto keep = static_cast<std::size_t>(settings.keep_results);
  const std::int64_t keep_bytes = std::int64_t{settings.keep_mb} * 1'000'000;
  std::size_t jobs_left = jobs.over();
  std::int64_t bytes_left = jobs.result_bytes();
  std::vector<std::string> old;
  for (const auto& [ended, sequence, id] : jobs.by_end()) {
    if (jobs_left <= keep && bytes_left <= keep_bytes) break;
    const Job& job = *jobs.find(id);
    const bool is_pressing = bytes_left > 2 * keep_bytes;
    if (id == newest_end || (job.status.is_callback_pending && !is_pressing)) continue;
    if (job.status.is_callback_pending)
      log::warn("simulation", "{}: deleted before its call-back was made: results need {} MB", id,
                bytes_left / 1'000'000);
    --jobs_left;
    bytes_left -= job.result_bytes;
    old.push_back(id);
  }
  for (const std::string& id : old) forget(id);
}

void SimulationService::State::prune_old() {
  if (is_stopped) return;
  std::vector<std::string> old;
  for (const auto& [ended, sequence, id] : jobs.by_end())
    if (is_old(*jobs.find(id))) old.push_back(id);
  for (const std::string& id : old) forget(id);
}

/// By the wall clock only what another run has left, and only where that clock was set then and is
/// set now; otherwise by the time since it is known here. A clock that is set forward ages nobody.
bool SimulationService::State::is_old(const Job& job) const {
  const std::chrono::duration<double> keep(settings.keep_days * 86400);
  if (clock.now() - job.known_over >= keep) return true;
  return job.is_survivor && job.status.ended >= kClockSet && clock.wall() >= kClockSet &&
         clock.wall() - job.status.ended >= keep;
}

}  // namespace b2m::app

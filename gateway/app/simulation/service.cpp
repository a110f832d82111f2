// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/service.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gateway/app/simulation/service_state.hpp"
#include "gateway/log.hpp"

namespace b2m::app {
namespace {

using namespace std::chrono_literals;

constexpr SteadyDuration kProgressInterval = 1s;
constexpr std::size_t kAgainPerTick = 100;  // spread, so that the loop is never held up

std::unique_ptr<Job> make_job(SimulationRequest request, const std::string& callback_url) {
  auto job = std::make_unique<Job>();
  job->status.id_json = std::move(request.id_json);
  job->status.simulation_type = std::move(request.simulation_type);
  job->status.priority = request.priority;
  job->status.format = request.format;
  job->status.callback_url = callback_url.empty() ? request.callback_url : callback_url;
  job->request = std::move(request.self_contained);
  job->time_limit_s = request.time_limit_s;
  return job;
}

Error no_job(const std::string& id) {
  return {Errc::not_found, fmt::format("there is no job \"{}\"", id)};
}

}  // namespace

RequestLimits request_limits(const config::Simulation& settings) {
  RequestLimits limits;
  limits.max_time_limit_s = std::max(limits.max_time_limit_s, settings.job_time_limit_s);
  return limits;
}

SimulationService::State::State(Executor executor, const config::Simulation& set, Clock& c,
                                store::Simulations* store, RequestSources s, Hooks h,
                                ServiceLimits l)
    : settings(set),
      clock(c),
      sources(std::move(s)),
      hooks(std::move(h)),
      limits(l),
      readable(request_limits(set)),
      archive(std::move(executor), store),
      fetches(archive, hooks.has_answer_room) {}

void SimulationService::State::start() {
  for (const store::StoredJob& stored : archive.load()) revive(stored);
  prune();
  dispatch();
}

void SimulationService::State::stop() {
  is_stopped = true;
  for (const Job* known : jobs.newest_first()) {
    Job& job = *jobs.find(known->status.id);
    if (!job.place) continue;
    if (job.is_started) job.place->cancel(job.status.id);
    if (job.is_cancelling) {
      finish(job, JobState::cancelled, "cancelled", {});
    } else {
      put_back(job);
      publish(job);
    }
  }
}

void SimulationService::State::tick() {
  const SteadyTime now = clock.now();
  for (const std::string& id : std::exchange(unpublished, {})) {
    Job* job = jobs.find(id);
    if (!job || job->news == Job::News::none) continue;
    if (job->news == Job::News::state || now - job->published >= kProgressInterval)
      publish(*job);
    else
      unpublished.insert(id);
  }
  for (std::size_t n = 0; n < kAgainPerTick && !publish_again.empty(); ++n) {
    if (Job* job = jobs.find(publish_again.front())) publish(*job);
    publish_again.pop_front();
  }
  if (now >= next_prune) {
    next_prune = now + 60s;
    prune();
  }
  fetches.tick();
  dispatch();
}

SimulationService::Submitted SimulationService::State::accept(ParsedRequest parsed,
                                                              const std::string& callback_url) {
  const auto refuse = [this](std::string field, std::string why) {
    ++since_start.refused;
    return Submitted{{}, {std::move(field), std::move(why)}};
  };
  if (is_stopped) return refuse({}, "the gateway is stopping; ask again in a moment");
  if (!parsed.request) return refuse(parsed.error.field, parsed.error.text);
  std::string id = parsed.request->id;
  auto job = make_job(std::move(*parsed.request), callback_url);
  job->fingerprint = fingerprint_of(job->request);
  if (const std::string& url = job->status.callback_url; !url.empty() && hooks.allows_callback)
    if (const Result<> allowed = hooks.allows_callback(url); !allowed)
      return refuse("callback", allowed.error().text());
  if (const Job* known = jobs.find_caller(job->status.id_json)) {
    if (known->fingerprint == job->fingerprint) return {known->status.id, {}, true};
    return refuse(
        "id", fmt::format("the id {} belongs to another job, which is {}; choose another "
                          "one, or delete that job first",
                          job->status.id_json, kJobStates[static_cast<int>(known->status.state)]));
  }
  if (jobs.queued() >= static_cast<std::size_t>(settings.queue_limit))
    return refuse({}, fmt::format("the queue is full: {} jobs wait; try again later, or raise "
                                  "queue_limit in [simulation]",
                                  jobs.queued()));
  if (jobs.request_bytes() + job->request.size() > limits.request_bytes)
    return refuse({}, fmt::format("the queue is full: its requests have {} MB; try again later",
                                  jobs.request_bytes() / 1'000'000));
  if (!is_usable_id(id) || jobs.find(id)) id = jobs.free_id(clock.wall());
  job->status.id = id;
  job->status.created = clock.wall();
  job->sequence = jobs.next_sequence();
  if (job->time_limit_s <= 0) job->time_limit_s = settings.job_time_limit_s;
  Job& added = jobs.add(std::move(job));
  jobs.enqueue(added);
  archive.save(to_stored(added));
  publish(added);
  dispatch();
  return {id, {}};
}

void SimulationService::State::submit_later(std::string json, std::string callback_url,
                                            std::function<void(const Submitted&)> told) {
  const auto answer = [this, told = std::move(told)](const Submitted& submitted) {
    if (submitted.id.empty()) return told(submitted);
    archive.when_written([told, submitted] { told(submitted); });
  };
  if (json.size() <= limits.large_request)
    return answer(accept(parse_request(json, sources, readable), callback_url));
  const auto parsed = std::make_shared<ParsedRequest>();
  archive.run(
      [parsed, json = std::move(json), from = sources, most = readable] {
        *parsed = parse_request(json, from, most);
      },
      [this, parsed, callback_url, answer] { answer(accept(std::move(*parsed), callback_url)); });
}

Result<> SimulationService::State::cancel(const std::string& id) {
  Job* job = jobs.find(id);
  if (!job) return no_job(id);
  if (is_over(job->status.state))
    return Error(Errc::refused, fmt::format("the job \"{}\" is over already: {}", id,
                                            kJobStates[static_cast<int>(job->status.state)]));
  if (job->place && job->is_started) {
    job->is_cancelling = true;
    job->place->cancel(id);
  } else {
    finish(*job, JobState::cancelled, "cancelled", {});
  }
  return {};
}

Result<> SimulationService::State::remove(const std::string& id) {
  Job* job = jobs.find(id);
  if (!job) return no_job(id);
  if (!is_over(job->status.state)) {
    if (job->place && job->is_started) job->place->cancel(id);
    finish(*job, JobState::cancelled, "deleted", {});
  }
  forget(id);
  return {};
}

void SimulationService::State::when_over(const std::string& id,
                                         std::function<void(const JobStatus&)> told) {
  const Job* job = jobs.find(id);
  if (!job) return;
  if (is_over(job->status.state)) {
    const JobStatus status = job->status;
    return told(status);
  }
  watchers[id].push_back(std::move(told));
}

SimulationService::Counts SimulationService::State::counts() const {
  Counts counts = since_start;
  counts.stored = jobs.over();
  counts.queued = jobs.queued();
  counts.running = jobs.size() - jobs.over() - jobs.queued();
  return counts;
}

SimulationService::SimulationService(Executor executor, const config::Simulation& settings,
                                     Clock& clock, store::Simulations* store,
                                     std::vector<std::unique_ptr<JobPlace>> places,
                                     RequestSources sources, Hooks hooks, ServiceLimits limits)
    : state_(std::make_unique<State>(std::move(executor), settings, clock, store,
                                     std::move(sources), std::move(hooks), limits)) {
  state_->take_places(std::move(places));
}

/// Those who would be told may be gone already.
SimulationService::~SimulationService() {
  state_->hooks = {};
  state_->stop();
}

void SimulationService::start() { state_->start(); }
void SimulationService::tick() { state_->tick(); }
void SimulationService::stop() { state_->stop(); }
Answer SimulationService::request(const Request& request) { return state_->request(request); }
SimulationService::Counts SimulationService::counts() const { return state_->counts(); }

void SimulationService::publish_all() {
  state_->publish_again.clear();
  for (const Job* job : state_->jobs.newest_first())
    state_->publish_again.push_back(job->status.id);
}

SimulationService::Submitted SimulationService::submit(std::string_view json,
                                                       const std::string& callback_url) {
  return state_->accept(parse_request(json, state_->sources, state_->readable), callback_url);
}

void SimulationService::submit_later(std::string json, std::string callback_url,
                                     std::function<void(const Submitted&)> told) {
  state_->submit_later(std::move(json), std::move(callback_url), std::move(told));
}

void SimulationService::when_written(std::function<void()> then) {
  state_->archive.when_written(std::move(then));
}

std::optional<JobStatus> SimulationService::status(const std::string& id) const {
  const Job* job = state_->jobs.find(id);
  return job ? std::optional(job->status) : std::nullopt;
}

void SimulationService::when_over(const std::string& id,
                                  std::function<void(const JobStatus&)> told) {
  state_->when_over(id, std::move(told));
}

void SimulationService::callback_done(const std::string& id) {
  Job* job = state_->jobs.find(id);
  if (!job || !std::exchange(job->status.is_callback_pending, false)) return;
  state_->archive.save(to_stored(*job));
}

Result<sim::SimulationTable> SimulationService::table(const std::string& id) {
  const auto read = state_->archive.table_now(id);
  if (!read) return read.error();
  return **read;
}

void SimulationService::read_table(const std::string& id,
                                   std::function<void(const Result<TablePtr>&)> use,
                                   std::function<void()> done) {
  Archive& archive = state_->archive;
  archive.run([&archive, id, use = std::move(use)] { use(archive.table(id)); }, std::move(done));
}

Result<> SimulationService::cancel(const std::string& id) { return state_->cancel(id); }
Result<> SimulationService::remove(const std::string& id) { return state_->remove(id); }

}  // namespace b2m::app

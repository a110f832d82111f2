// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/service.hpp"

#include <algorithm>
#include <charconv>
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
  is_dispatching = true;  // all are known before the first one is handed out
  for (const store::StoredJob& stored : archive.load()) revive(stored);
  is_dispatching = false;
  prune_old();
  prune();
  dispatch();
}

void SimulationService::State::stop() {
  is_stopped = true;
  std::vector<std::string> ids;  // whoever is told of an end may delete jobs
  for (const Job* known : jobs.newest_first()) ids.push_back(known->status.id);
  for (const std::string& id : ids) {
    Job* known = jobs.find(id);
    if (!known || !known->place) continue;
    Job& job = *known;
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
    prune_old();
    prune();
  }
  archive.tick();
  fetches.tick();
  dispatch();
}

SimulationService::Submitted SimulationService::State::refuse(std::string field, std::string why) {
  ++since_start.refused;
  return {{}, {std::move(field), std::move(why)}};
}

/// Of a new one.
std::optional<RequestError> SimulationService::State::obstacle_to(const Job& job) {
  if (const std::string& url = job.status.callback_url; !url.empty()) {
    if (hooks.allows_callback)
      if (const Result<> allowed = hooks.allows_callback(url); !allowed)
        return RequestError{"callback", allowed.error().text()};
    if (jobs.over() >= static_cast<std::size_t>(settings.keep_results) &&
        jobs.pending_callbacks() >= static_cast<std::size_t>(settings.keep_results))
      return RequestError{"callback", fmt::format("{} results wait for whoever is to be called "
                                                  "back; see that he answers, or try again later",
                                                  jobs.pending_callbacks())};
  }
  if (jobs.queued() >= static_cast<std::size_t>(settings.queue_limit))
    return RequestError{{},
                        fmt::format("the queue is full: {} jobs wait; try again later, or "
                                    "raise queue_limit in [simulation]",
                                    jobs.queued())};
  if (jobs.request_bytes() + job.request.size() > limits.request_bytes)
    return RequestError{{},
                        fmt::format("the queue is full: its requests have {} MB; try again "
                                    "later",
                                    jobs.request_bytes() / 1'000'000)};
  return std::nullopt;
}

SimulationService::Submitted SimulationService::State::accept(ParsedRequest parsed,
                                                              const std::string& callback_url) {
  if (is_stopped) return refuse({}, "the gateway is stopping; ask again in a moment");
  if (!parsed.request) return refuse(parsed.error.field, parsed.error.text);
  std::string id = parsed.request->id;
  auto job = make_job(std::move(*parsed.request), callback_url);
  job->fingerprint = fingerprint_of(job->request);
  if (const Job* known = jobs.find_caller(job->status.id_json)) {
    if (known->fingerprint == job->fingerprint) return {known->status.id, {}, true};
    return refuse(
        "id", fmt::format("the id {} belongs to another job, which is {}; choose another "
                          "one, or delete that job first",
                          job->status.id_json, kJobStates[static_cast<int>(known->status.state)]));
  }
  if (auto obstacle = obstacle_to(*job)) return refuse(obstacle->field, obstacle->text);
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

/// A job that is not kept is not taken: nobody would know of it after a restart.
void SimulationService::State::parsed_later(std::shared_ptr<ParsedRequest> parsed,
                                            const std::string& callback_url,
                                            std::function<void(const Submitted&)> told) {
  const Submitted submitted = accept(std::move(*parsed), callback_url);
  if (submitted.id.empty()) return told(submitted);
  archive.when_written([this, told, submitted](const Result<>& written) {
    if (written) return told(submitted);
    if (const Job* job = jobs.find(submitted.id); job && !submitted.is_known) {
      const Result<> removed = remove(submitted.id);
      if (!removed) log::debug("simulation", "{}", removed.error().text());
    }
    told(refuse({}, fmt::format("the job cannot be kept: {}", written.error().text())));
  });
}

void SimulationService::State::submit_later(std::string json, std::string callback_url,
                                            std::function<void(const Submitted&)> told) {
  const std::size_t bytes = json.size();
  if (unread >= static_cast<std::size_t>(settings.queue_limit) ||
      jobs.request_bytes() + unread_bytes + bytes > limits.request_bytes)
    return told(refuse({}, fmt::format("the queue is full: {} more requests are being read; try "
                                       "again later",
                                       unread)));
  ++unread;
  unread_bytes += bytes;
  const auto parsed = std::make_shared<ParsedRequest>();
  archive.run([parsed, json = std::move(json), from = sources,
               most = readable] { *parsed = parse_request(json, from, most); },
              [this, parsed, callback_url, told = std::move(told), bytes](const Result<>& read) {
                --unread;
                unread_bytes -= bytes;
                if (!read) return told(refuse({}, read.error().text()));
                parsed_later(parsed, callback_url, told);
              });
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

void SimulationService::when_written(std::function<void(const Result<>&)> then) {
  state_->archive.when_written(std::move(then));
}

std::optional<JobStatus> SimulationService::status(const std::string& id) const {
  const Job* job = state_->jobs.find(id);
  return job ? std::optional(job->status) : std::nullopt;
}

std::int64_t SimulationService::largest_number(std::int64_t limit) const {
  std::int64_t largest = 0;
  for (const Job* job : state_->jobs.newest_first()) {
    const std::string& id = job->status.id_json;
    const char* const end = id.data() + id.size();
    std::int64_t number = 0;
    const auto [stop, failed] = std::from_chars(id.data(), end, number);
    if (failed == std::errc() && stop == end && number < limit) largest = std::max(largest, number);
  }
  return largest;
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

void SimulationService::read_table(const std::string& id,
                                   std::function<void(const Result<TablePtr>&)> use,
                                   std::function<void()> done) {
  Archive& archive = state_->archive;
  archive.run([&archive, id, use = std::move(use)] { use(archive.table(id)); },
              [done = std::move(done)](const Result<>& /*used*/) { done(); });
}

Result<> SimulationService::cancel(const std::string& id) { return state_->cancel(id); }
Result<> SimulationService::remove(const std::string& id) { return state_->remove(id); }

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/remote_place.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "gateway/log.hpp"

namespace b2m::app {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr SteadyDuration kStep = 250ms;
constexpr double kTakeUpLimit_s = 10;      // a worker that has an order says so within a second
constexpr SteadyDuration kGoneLimit = 3s;  // a lost connection comes back by then
constexpr double kFastestSign_s = 0.2, kSlowestSign_s = 2;
constexpr SteadyDuration kSilentLimit = from_seconds(simulation_wire::kPresenceExpiry_s + 10);
constexpr int kMostLosses = 5;
constexpr std::size_t kQueue = 10'000;
constexpr std::size_t kMostWarnings = 100;

constexpr auto rethrow = [](const std::exception_ptr& e) {
  if (e) std::rethrow_exception(e);
};

std::string random_run() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

}  // namespace

mqtt::LinkSettings remote_link_settings(mqtt::LinkSettings of_gateway) {
  of_gateway.client_id += "-simulation";
  of_gateway.will_topic.clear();
  of_gateway.response_queue = kQueue;
  of_gateway.inbound_queue = kQueue;
  return of_gateway;
}

RemotePlace::RemotePlace(RemotePlaceSettings settings, Executor executor, Clock& clock,
                         std::unique_ptr<mqtt::Link> link)
    : settings_(std::move(settings)),
      executor_(std::move(executor)),
      clock_(clock),
      link_(std::move(link)),
      run_(random_run()) {}

void RemotePlace::set_hooks(Hooks hooks) {
  hooks_ = std::move(hooks);
  std::vector<std::string> filters;
  filters.push_back(simulation_wire::worker_topic(settings_.base_topic, "+"));
  filters.push_back(simulation_wire::results_topic(settings_.base_topic, settings_.gateway));
  link_->subscribe(std::move(filters));
  link_->start(*this);
}

std::size_t RemotePlace::room() const {
  if (!link_->is_online()) return 0;
  std::size_t takes = 0;
  for (const auto& [name, worker] : workers_) takes += worker.presence.takes;
  return takes > jobs_.size() ? takes - jobs_.size() : 0;
}

SteadyTime RemotePlace::next_limit(bool is_taken_up) const {
  const double limit_s =
      is_taken_up ? settings_.timeout_s : std::min(settings_.timeout_s, kTakeUpLimit_s);
  return clock_.now() + from_seconds(limit_s);
}

void RemotePlace::start(const JobOrder& order) {
  if (order.request.size() > simulation_wire::kMostOrderBytes)
    return fail_later(order, JobState::failed,
                      "the request is too large to be sent to a worker on another machine");
  Job job;
  job.order = order;
  hand_out(std::move(job));
  watch();
}

/// Under a new token: answers to an earlier round belong to nothing any more.
void RemotePlace::hand_out(Job job) {
  simulation_wire::Order order;
  order.ticket = {fmt::format("{}-{}", run_, ++handed_out_), job.order.id};
  order.gateway = settings_.gateway;
  order.time_limit_s = job.order.time_limit_s;
  order.sign_every_s = std::clamp(settings_.timeout_s / 5, kFastestSign_s, kSlowestSign_s);
  order.request = job.order.request;
  job.is_waiting = false;
  job.worker.clear();
  job.limit = next_limit(false);
  job.result = {};
  ++job.rounds;
  mqtt::Outgoing out;
  out.topic = simulation_wire::jobs_topic(settings_.base_topic, settings_.group);
  out.payload = simulation_wire::encode(order);
  out.lane = mqtt::Lane::response;
  out.qos = 1;
  out.expiry_s = static_cast<std::uint32_t>(std::ceil(kTakeUpLimit_s));
  jobs_.emplace(order.ticket.token, std::move(job));
  link_->send(std::move(out));
}

/// Whoever has it stops; nobody waits for that.
void RemotePlace::cancel(const std::string& id) {
  const auto at =
      std::ranges::find_if(jobs_, [&](const auto& job) { return job.second.order.id == id; });
  if (at == jobs_.end()) return;
  send_cancel(at->first);
  const JobOrder order = std::move(at->second.order);
  jobs_.erase(at);
  fail_later(order, JobState::cancelled, "cancelled");
}

/// The caller is in the middle of something.
void RemotePlace::fail_later(const JobOrder& order, JobState state, std::string why) {
  JobResult result;
  result.state = state;
  result.error = std::move(why);
  asio::post(executor_, [this, alive = std::weak_ptr<bool>(alive_), id = order.id,
                         attempt = order.attempt, result = std::move(result)]() mutable {
    if (alive.expired()) return;
    hooks_.ended(id, attempt, std::move(result));
    hooks_.has_room();
  });
}

void RemotePlace::send_cancel(const std::string& token) {
  send(simulation_wire::cancel_topic(settings_.base_topic, settings_.group),
       simulation_wire::encode(simulation_wire::Cancel{settings_.gateway, token}));
}

void RemotePlace::send(std::string topic, std::string payload) {
  mqtt::Outgoing out;
  out.topic = std::move(topic);
  out.payload = std::move(payload);
  out.lane = mqtt::Lane::response;
  out.qos = 1;
  link_->send(std::move(out));
}

/// Signs of life could not reach us; and what the broker had is perhaps gone with it.
void RemotePlace::on_online() {
  for (auto& [token, job] : jobs_) job.limit = next_limit(!job.worker.empty());
}

/// Who is still there says so, retained, when the broker is back.
void RemotePlace::on_offline(std::string_view) {
  workers_.clear();
  for (auto& [token, job] : jobs_) job.limit = std::max(job.limit, next_limit(true));
}

void RemotePlace::on_message(const mqtt::Incoming& message) {
  if (message.too_large) return;
  if (const std::string worker = simulation_wire::worker_of(settings_.base_topic, message.topic);
      !worker.empty())
    return heard(worker, message.payload);
  auto answer = simulation_wire::parse_answer(message.payload);
  if (!answer) return warn_once(message.topic, answer.error().text());
  if (const auto at = workers_.find(answer->worker); at != workers_.end())
    at->second.heard = clock_.now();
  std::visit([&](auto& said) { take(answer->worker, std::move(said)); }, answer->said);
}

void RemotePlace::heard(const std::string& worker, std::string_view payload) {
  if (payload.empty()) return gone(worker);
  const auto presence = simulation_wire::parse_presence(payload);
  if (!presence) return warn_once(worker, presence.error().text());
  if (presence->wire != simulation_wire::kVersion)
    return warn_once(worker, fmt::format("it speaks version {} of the workers' messages, this "
                                         "gateway version {}; it gets no jobs from here until both "
                                         "machines run the same battery2mqtt",
                                         presence->wire, simulation_wire::kVersion));
  if (presence->group != settings_.group) return;
  const bool is_new = !workers_.contains(worker);
  workers_[worker] = {*presence, clock_.now()};
  if (is_new)
    log::info("simulation", "worker {} is there: threads {}, version {}", worker, presence->threads,
              presence->version);
  hooks_.has_room();
}

void RemotePlace::gone(const std::string& worker) {
  if (workers_.erase(worker) == 0) return;
  log::info("simulation", "worker {} has gone", worker);
  for (auto& [token, job] : jobs_)
    if (job.worker == worker) job.limit = std::min(job.limit, clock_.now() + kGoneLimit);
}

void RemotePlace::take(const std::string& worker, const simulation_wire::Signs& signs) {
  std::set<std::string_view> listed;
  for (const simulation_wire::Signs::Sign& sign : signs.signs) {
    listed.insert(sign.token);
    const auto at = jobs_.find(sign.token);
    if (at == jobs_.end()) {
      send_cancel(sign.token);  // of an earlier run of this gateway, or given up
      continue;
    }
    at->second.worker = worker;
    take(at->second, sign);
  }
  std::vector<std::string> lost;
  for (const auto& [token, job] : jobs_)
    if (job.worker == worker && !listed.contains(token)) lost.push_back(token);
  for (const std::string& token : lost) lose(token, "its answer has not arrived");
}

/// The hooks may do anything with jobs_, so that `job` is not looked at after them.
void RemotePlace::take(Job& job, const simulation_wire::Signs::Sign& sign) {
  job.limit = next_limit(true);
  if (!sign.is_running) return;
  const std::string id = job.order.id;
  const int attempt = job.order.attempt;
  if (!std::exchange(job.is_started, true)) hooks_.started(id, attempt);
  hooks_.progress(id, attempt, sign.part);
}

void RemotePlace::take(const std::string& worker, const simulation_wire::Returned& returned) {
  const auto at = jobs_.find(returned.ticket.token);
  if (at == jobs_.end()) return;
  log::debug("simulation", "{}: given back by worker {}: {}", at->second.order.id, worker,
             returned.why);
  if (workers_.empty()) return lose(at->first, "the last worker has gone");
  Job job = std::move(at->second);
  jobs_.erase(at);
  if (job.rounds <= workers_.size()) return hand_out(std::move(job));
  job.rounds = 0;  // all of them are busy
  job.is_waiting = true;
  job.worker.clear();
  job.next_round = clock_.now() + kStep;
  job.limit = SteadyTime::max();
  jobs_.emplace(returned.ticket.token, std::move(job));
}

void RemotePlace::take(const std::string& worker, simulation_wire::ResultPart part) {
  const std::string token = part.ticket.token;
  const auto at = jobs_.find(token);
  if (at == jobs_.end()) return;  // a duplicate, or too late
  at->second.worker = worker;
  at->second.limit = next_limit(true);
  auto result = at->second.result.add(std::move(part));
  if (!result) return lose(token, result.error().text());
  if (*result) end(at, std::move(**result));
}

void RemotePlace::end(Jobs::iterator at, JobResult result) {
  const std::string id = at->second.order.id;
  const int attempt = at->second.order.attempt;
  jobs_.erase(at);
  hooks_.ended(id, attempt, std::move(result));
  hooks_.has_room();
}

void RemotePlace::lose(const std::string& token, std::string_view why) {
  const auto at = jobs_.find(token);
  if (at == jobs_.end()) return;
  const std::string id = at->second.order.id;
  const int attempt = at->second.order.attempt;
  send_cancel(token);
  if (hand_out_again(at, why)) return;
  log::warn("simulation", "{}: lost ({}): {}; it is queued again", id,
            at->second.worker.empty() ? "no worker" : at->second.worker, why);
  jobs_.erase(at);
  hooks_.lost(id, attempt);
  hooks_.has_room();
}

/// A job that nobody had begun with is not to blame for what has become of it.
bool RemotePlace::hand_out_again(Jobs::iterator at, std::string_view why) {
  if (at->second.is_started || workers_.empty() || ++at->second.losses > kMostLosses) return false;
  log::info("simulation", "{}: {}; it is handed out again", at->second.order.id, why);
  Job job = std::move(at->second);
  jobs_.erase(at);
  hand_out(std::move(job));
  return true;
}

void RemotePlace::warn_once(const std::string& about, const std::string& why) {
  if (warned_.size() >= kMostWarnings || !warned_.insert(about + why).second) return;
  log::warn("simulation", "worker {}: {}", about, why);
}

void RemotePlace::watch() {
  if (std::exchange(is_watching_, true)) return;
  asio::co_spawn(executor_, watching(), rethrow);
}

/// Runs only while there are jobs.
Awaitable<> RemotePlace::watching() {
  const std::weak_ptr<bool> alive = alive_;
  while (!jobs_.empty()) {
    const auto slept = co_await clock_.sleep_for(kStep);
    if (!slept || alive.expired()) co_return;
    look();
  }
  is_watching_ = false;
}

/// A broker that was restarted may show who died in the meantime.
void RemotePlace::forget_silent_workers() {
  std::erase_if(workers_, [now = clock_.now()](const auto& worker) {
    return now - worker.second.heard > kSilentLimit;
  });
}

void RemotePlace::look() {
  const SteadyTime now = clock_.now();
  forget_silent_workers();
  std::vector<std::string> late, again;
  for (auto& [token, job] : jobs_) {
    const bool is_waiting = job.is_waiting && link_->is_online();
    if (is_waiting && workers_.empty()) job.limit = std::min(job.limit, now + kGoneLimit);
    if (is_waiting && job.next_round <= now) again.push_back(token);
    if (now >= job.limit) late.push_back(token);
  }
  for (const std::string& token : late) lose(token, "no sign of life");
  for (const std::string& token : again) {
    const auto at = jobs_.find(token);
    if (at == jobs_.end() || workers_.empty()) continue;
    Job job = std::move(at->second);
    jobs_.erase(at);
    hand_out(std::move(job));
  }
}

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/worker.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include "gateway/app/simulation/local_place.hpp"
#include "gateway/app/simulation/wire_result.hpp"
#include "gateway/log.hpp"

namespace b2m::app {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr SteadyDuration kStep = 50ms;
constexpr SteadyDuration kFirstSign = 100ms;  // most jobs are over by then and need none
constexpr SteadyDuration kMostWaiting = 1s;   // behind a long job; another worker may be free
constexpr SteadyDuration kFinishLimit = 1s;
constexpr SteadyDuration kFinishStep = 10ms;
constexpr SteadyDuration kFarewellLimit = 2s;
constexpr std::size_t kMostCancelled = 1000;
constexpr std::size_t kAnswerQueue = 10'000;

constexpr auto rethrow = [](const std::exception_ptr& e) {
  if (e) std::rethrow_exception(e);
};

std::string presence_of(const SimulationWorkerSettings& settings, std::size_t threads) {
  simulation_wire::Presence presence;
  presence.version = settings.version;
  presence.group = settings.group;
  presence.threads = threads;
  presence.takes = jobs_at_a_time(threads);
  return simulation_wire::encode(presence);
}

}  // namespace

/// The thread writes `part` while it runs, and `answers` before the loop hears that it has ended.
struct SimulationWorker::Held {
  simulation_wire::Order order;
  SteadyTime taken{};
  bool is_running = false;
  bool is_given_up = false;  // nobody waits for the answer
  std::atomic<bool> is_cancelled = false;
  std::atomic<double> part = 0;
  std::vector<std::string> answers;
};

mqtt::LinkSettings worker_link_settings(mqtt::LinkSettings broker,
                                        const SimulationWorkerSettings& worker,
                                        std::size_t threads) {
  broker.client_id = "battery2mqtt-worker-" + worker.name;
  broker.protocol = 5;
  broker.will_topic = simulation_wire::worker_topic(worker.base_topic, worker.name);
  broker.online = presence_of(worker, threads);
  broker.offline.clear();
  broker.response_queue = kAnswerQueue;
  broker.most_inbound_bytes = simulation_wire::kMostMessageBytes;
  return broker;
}

SimulationWorker::SimulationWorker(SimulationWorkerSettings settings, Executor executor,
                                   Clock& clock, mqtt::Link& link, std::unique_ptr<Workers> workers)
    : settings_(std::move(settings)),
      executor_(std::move(executor)),
      clock_(clock),
      link_(link),
      workers_(std::move(workers)) {}

SimulationWorker::~SimulationWorker() {
  for (const HeldJob& job : held_) job->is_cancelled = true;
}

void SimulationWorker::start() {
  std::vector<std::string> filters;
  filters.push_back(simulation_wire::jobs_filter(settings_.base_topic, settings_.group));
  filters.push_back(simulation_wire::cancel_topic(settings_.base_topic, settings_.group));
  link_.subscribe(std::move(filters));
  link_.start(*this);
  asio::co_spawn(executor_, announcing(), rethrow);
}

void SimulationWorker::on_online() {
  log::info("worker", "{}: threads {}, for the jobs of group {} below {}", settings_.name,
            workers_->threads(), settings_.group, settings_.base_topic);
  announce(!is_stopping_);
}

void SimulationWorker::announce(bool is_there) {
  mqtt::Outgoing out;
  out.topic = simulation_wire::worker_topic(settings_.base_topic, settings_.name);
  if (is_there) out.payload = presence_of(settings_, workers_->threads());
  out.qos = 1;
  out.retain = true;
  if (is_there) out.expiry_s = static_cast<std::uint32_t>(simulation_wire::kPresenceExpiry_s);
  link_.send(std::move(out));
}

Awaitable<> SimulationWorker::announcing() {
  const std::weak_ptr<bool> alive = alive_;
  for (;;) {
    const auto slept = co_await clock_.sleep_for(from_seconds(simulation_wire::kPresenceEvery_s));
    if (!slept || alive.expired() || is_stopping_) co_return;
    if (link_.is_online()) announce(true);
  }
}

void SimulationWorker::on_message(const mqtt::Incoming& message) {
  if (message.too_large) return;
  if (message.topic == simulation_wire::cancel_topic(settings_.base_topic, settings_.group)) {
    const auto cancel = simulation_wire::parse_cancel(message.payload);
    if (cancel) take(*cancel);
    return;
  }
  auto order = simulation_wire::parse_order(message.payload);
  if (!order) return log::warn("worker", "{}: {}", message.topic, order.error().text());
  take(std::move(*order));
}

void SimulationWorker::take(simulation_wire::Order order) {
  const std::string& token = order.ticket.token;
  const auto is_it = [&](const HeldJob& job) { return job->order.ticket.token == token; };
  if (std::ranges::any_of(held_, is_it)) return;  // the broker has delivered it twice
  if (std::ranges::find(cancelled_, token) != cancelled_.end()) return;
  if (is_stopping_) return give_back(order, "this worker stops");
  if (held_.size() >= jobs_at_a_time(workers_->threads()))
    return give_back(order, "this worker has enough to do");
  Gateway& gateway = gateways_[order.gateway];
  gateway.every = from_seconds(order.sign_every_s);
  const SteadyTime soon = clock_.now() + kFirstSign;
  gateway.next_sign = gateway.next_sign == SteadyTime() ? soon : std::min(gateway.next_sign, soon);
  auto job = std::make_shared<Held>();
  job->order = std::move(order);
  job->taken = clock_.now();
  held_.push_back(std::move(job));
  run_waiting();
  watch();
}

void SimulationWorker::take(const simulation_wire::Cancel& cancel) {
  cancelled_.push_back(cancel.token);
  if (cancelled_.size() > kMostCancelled) cancelled_.pop_front();
  const auto at = std::ranges::find_if(
      held_, [&](const HeldJob& job) { return job->order.ticket.token == cancel.token; });
  if (at == held_.end()) return;
  (*at)->is_given_up = true;
  (*at)->is_cancelled = true;
  if (!(*at)->is_running) held_.erase(at);
}

void SimulationWorker::run_waiting() {
  const std::vector<HeldJob> jobs = held_;
  for (const HeldJob& job : jobs) {
    if (running_ >= workers_->threads()) return;
    if (!job->is_running) run(job);
  }
}

void SimulationWorker::run(const HeldJob& job) {
  job->is_running = true;
  ++running_;
  const auto work = [job, name = settings_.name, limits = settings_.limits] {
    const simulation_wire::Order& from = job->order;
    const JobOrder order{from.ticket.id, 1, from.request, from.time_limit_s};
    sim::RunControl control;
    control.is_cancelled = &job->is_cancelled;
    control.progress = [&](double part) { job->part = part; };
    const JobResult result = calculate(order, limits, control);
    if (job->is_cancelled) return;
    for (simulation_wire::ResultPart& part : simulation_wire::encode_result(from.ticket, result))
      job->answers.push_back(
          simulation_wire::encode(simulation_wire::Answer{name, std::move(part)}));
  };
  const Result<> begun = workers_->run(work, [this, job] { ended(job); });
  if (begun) return;
  job->is_given_up = true;
  give_back(job->order, begun.error().text());
  ended(job);
}

void SimulationWorker::ended(const HeldJob& job) {
  --running_;
  std::erase(held_, job);
  if (!job->is_given_up)
    for (std::string& answer : job->answers) send(job->order.gateway, std::move(answer));
  job->answers.clear();
  run_waiting();
}

void SimulationWorker::give_back(const simulation_wire::Order& order, std::string why) {
  const simulation_wire::Returned returned{order.ticket, std::move(why)};
  send(order.gateway, simulation_wire::encode(simulation_wire::Answer{settings_.name, returned}));
}

void SimulationWorker::give_back_all(bool also_running, const std::string& why) {
  for (const HeldJob& job : held_) {
    if ((job->is_running && !also_running) || std::exchange(job->is_given_up, true)) continue;
    job->is_cancelled = true;
    give_back(job->order, why);
  }
  std::erase_if(held_, [](const HeldJob& job) { return !job->is_running; });
}

void SimulationWorker::give_back_waiting() {
  const SteadyTime latest = clock_.now() - kMostWaiting;
  const auto has_waited = [&](const HeldJob& job) {
    return !job->is_running && job->taken <= latest;
  };
  if (!link_.is_online()) return;
  for (const HeldJob& job : held_)
    if (has_waited(job)) give_back(job->order, "it waits here behind a longer job");
  std::erase_if(held_, has_waited);
}

void SimulationWorker::send(const std::string& gateway, std::string payload) {
  mqtt::Outgoing out;
  out.topic = simulation_wire::results_topic(settings_.base_topic, gateway);
  out.payload = std::move(payload);
  out.lane = mqtt::Lane::response;
  out.qos = 1;
  link_.send(std::move(out));
}

void SimulationWorker::send_signs(const std::string& gateway) {
  simulation_wire::Signs signs;
  for (const HeldJob& job : held_)
    if (job->order.gateway == gateway && !job->is_given_up)
      signs.signs.push_back({job->order.ticket.token, job->is_running, job->part});
  if (signs.signs.empty()) gateways_.erase(gateway);  // and it hears that nothing is left
  send(gateway, simulation_wire::encode(simulation_wire::Answer{settings_.name, std::move(signs)}));
}

void SimulationWorker::sign() {
  const SteadyTime now = clock_.now();
  std::vector<std::string> due;
  for (auto& [name, gateway] : gateways_) {
    if (now < gateway.next_sign) continue;
    gateway.next_sign = now + gateway.every;
    due.push_back(name);
  }
  if (!link_.is_online()) return;
  for (const std::string& name : due) send_signs(name);
}

void SimulationWorker::watch() {
  if (std::exchange(is_signing_, true)) return;
  asio::co_spawn(executor_, signing(), rethrow);
}

/// Runs only while some gateway waits for us.
Awaitable<> SimulationWorker::signing() {
  const std::weak_ptr<bool> alive = alive_;
  while (!gateways_.empty()) {
    const auto slept = co_await clock_.sleep_for(kStep);
    if (!slept || alive.expired()) co_return;
    give_back_waiting();
    sign();
  }
  is_signing_ = false;
}

Awaitable<> SimulationWorker::stop() {
  is_stopping_ = true;
  log::info("worker", "{}: stopping with {} jobs", settings_.name, held_.size());
  announce(false);
  give_back_all(false, "this worker stops");
  const SteadyTime limit = clock_.now() + kFinishLimit;
  while (!held_.empty() && clock_.now() < limit) {
    const auto slept = co_await clock_.sleep_for(kFinishStep);
    if (!slept) break;
  }
  give_back_all(true, "this worker stops");
  gateways_.clear();
  co_await link_.stop(clock_.now() + kFarewellLimit);
}

}  // namespace b2m::app

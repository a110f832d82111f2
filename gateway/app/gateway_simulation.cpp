// SPDX-License-Identifier: MIT
// The simulation service within a gateway.
#include <algorithm>
#include <thread>
#include <utility>

#include "gateway/app/gateway.hpp"
#include "gateway/app/simulation/local_place.hpp"
#include "gateway/app/simulation/sources.hpp"
#include "gateway/log.hpp"

namespace b2m::app {
namespace {

constexpr SteadyDuration kHttpLimit = std::chrono::milliseconds(200);
constexpr std::size_t kAnswersOnTheWay = 8;  // parts of results that wait for the broker

std::size_t threads_of(const config::Simulation& settings) {
  if (settings.workers > 0) return static_cast<std::size_t>(settings.workers);
  return std::max(std::thread::hardware_concurrency(), 2U) - 1;
}

}  // namespace

void Gateway::open_job_store() {
  auto opened = store::Simulations::open(config_.gateway.state_dir + "/simulations.db");
  if (!opened)
    return log::error("simulation", "{}; going on without: no job is kept over a restart",
                      opened.error().text());
  job_database_ = std::move(*opened);
  job_store_ = std::make_unique<store::Simulations>(*job_database_);
}

void Gateway::make_simulations() {
  const config::Simulation& settings = config_.simulation;
  if (!settings.enabled) return;
  open_job_store();
  std::vector<std::unique_ptr<JobPlace>> places;
  if (settings.workers >= 0)
    places.push_back(
        std::make_unique<LocalPlace>(executor_, threads_of(settings), request_limits(settings)));
  for (auto& place : wired_.places) places.push_back(std::move(place));
  SimulationService::Hooks hooks;
  hooks.publish = [this](const std::string& id, const std::string& json) {
    send_json(topics_.bridge("simulation/" + id), json, true);
  };
  hooks.ended = [this](const JobStatus& status) { http_->ended(status); };
  hooks.allows_callback = [&http = settings.http](const std::string& url) -> Result<> {
    const auto allowed = allowed_callback(url, http);
    return allowed ? Result<>() : allowed.error();
  };
  hooks.has_answer_room = [this] {
    const auto lanes = link_->stats().lanes;
    const auto at = lanes.find("response");
    return at == lanes.end() || at->second.depth < kAnswersOnTheWay;
  };
  simulations_ = std::make_unique<SimulationService>(
      executor_, settings, real_clock_, job_store_.get(), std::move(places),
      request_sources(settings, config_.file), std::move(hooks));
  http_ = std::make_unique<HttpFace>(executor_, real_clock_, *simulations_, settings.http);
}

/// The call-backs first: the service tells them what they have to do.
void Gateway::start_simulations() {
  if (!simulations_) return;
  http_->start();
  simulations_->start();
}

/// What runs goes back into the queue of the database.
Awaitable<> Gateway::stop_simulations() {
  if (!simulations_) co_return;
  simulations_->stop();
  co_await http_->stop(real_clock_.now() + kHttpLimit);
}

std::string Gateway::simulations_health() const {
  return simulations_ ? simulations_->health_json() : std::string("null");
}

Answer Gateway::simulate(const Request& request) {
  if (simulations_) return simulations_->request(request);
  return {"null", "simulations are switched off; set enabled = true in [simulation]"};
}

}  // namespace b2m::app

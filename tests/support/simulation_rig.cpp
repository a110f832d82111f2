// SPDX-License-Identifier: MIT
#include "tests/support/simulation_rig.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "gateway/app/simulation/sources.hpp"

namespace b2m::test {

namespace fs = std::filesystem;

SimulationRig::SimulationRig(std::size_t threads, std::string folder)
    : threads_(threads), folder_(std::move(folder)) {
  build();
}

SimulationRig::~SimulationRig() = default;

void SimulationRig::build() {
  if (!folder_.empty()) {
    database = *store::Simulations::open(folder_ + "/jobs.db");
    store = std::make_unique<store::Simulations>(*database);
  }
  std::vector<std::unique_ptr<app::JobPlace>> places;
  places.push_back(std::make_unique<ScriptedPlace>(threads_));
  place = static_cast<ScriptedPlace*>(places.front().get());
  app::SimulationService::Hooks hooks;
  hooks.publish = [this](const std::string& id, const std::string& json) {
    published[id].push_back(json);
  };
  hooks.ended = [this](const app::JobStatus& status) { ended.push_back(status); };
  hooks.has_answer_room = [this] { return has_answer_room; };
  service = std::make_unique<app::SimulationService>(
      clock.executor(), settings, clock, store.get(), std::move(places),
      app::request_sources(settings, std::string(B2M_SOURCE_DIR) + "/config/x.toml"), hooks,
      limits);
  service->start();
}

void SimulationRig::restart(bool is_killed) {
  bool is_written = false;
  service->when_written([&](const Result<>&) { is_written = true; });
  clock.run_until([&] { return is_written; });
  std::string next = folder_;
  if (is_killed) {
    next += "/killed";
    fs::create_directories(next);
    for (const char* part : {"jobs.db", "jobs.db-wal"})
      if (fs::exists(folder_ + "/" + part)) fs::copy(folder_ + "/" + part, next + "/" + part);
  }
  service->stop();
  service.reset();
  store.reset();
  database.reset();
  folder_ = next;
  build();
  clock.settle();
}

std::string SimulationRig::cell_job(const std::string& fields) {
  return R"({"simulationType":"cell","time":1,"upperVoltage":4.2,"lowerVoltage":2.5,)"
         R"("nominalCell":8,"controlCurrent":4)" +
         (fields.empty() ? "" : "," + fields) + "}";
}

std::string SimulationRig::submit(const std::string& fields) {
  const auto submitted = service->submit(cell_job(fields));
  return submitted.id.empty() ? "error: " + submitted.error.field + ": " + submitted.error.text
                              : submitted.id;
}

SimulationRig::Json SimulationRig::ask(const std::string& verb, const std::string& payload) {
  std::vector<app::Answer> answers;
  app::Answer answer = service->request({verb, payload});
  if (answer.later) {
    answer.later([&](app::Answer late) { answers.push_back(std::move(late)); });
    clock.run_until([&] { return !answers.empty(); });
    answer = answers.empty() ? app::Answer{"null", "no answer"} : answers.front();
  }
  return {{"data", Json::parse(answer.data)}, {"error", answer.error}};
}

std::vector<SimulationRig::Json> SimulationRig::fetch(const std::string& payload) {
  std::vector<Json> parts;
  const app::Answer answer = service->request({"simulate_fetch", payload});
  if (!answer.later) return parts;
  answer.later([&](const app::Answer& late) { parts.push_back(Json::parse(late.data)); });
  clock.run_until([&] {
    return !parts.empty() &&
           (!parts.back().contains("parts") || parts.back()["part"] == parts.back()["parts"]);
  });
  return parts;
}

SimulationRig::Json SimulationRig::topic(const std::string& id) {
  const auto& all = published[id];
  return all.empty() || all.back().empty() ? Json() : Json::parse(all.back());
}

std::string SimulationRig::state(const std::string& id) const {
  const auto status = service->status(id);
  return status ? app::kJobStates[static_cast<int>(status->state)] : "unknown";
}

}  // namespace b2m::test

// SPDX-License-Identifier: MIT
// The verbs simulate, simulate_cancel, simulate_list, simulate_fetch and simulate_delete, and how
// jobs look in JSON.
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "discovery/text.hpp"
#include "gateway/app/simulation/service_state.hpp"

namespace b2m::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kDeepest = 4;
constexpr std::size_t kMostListed = 100;

std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// An error and the field that it is about.
Answer at_fault(const std::string& field, std::string why) {
  Answer answer;
  answer.data = to_text(Json{{"field", field.empty() ? Json() : Json(field)}});
  answer.error = field.empty() ? std::move(why) : fmt::format("{}: {}", field, why);
  return answer;
}

/// The caller's id as he wrote it, otherwise ours.
Json shown_id(const JobStatus& status) {
  return status.id_json.empty() ? Json(status.id) : Json::parse(status.id_json, nullptr, false);
}

Json to_json(const JobStatus& s) {
  const auto known = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  Json json{{"id", shown_id(s)},
            {"job", s.id},
            {"state", kJobStates[static_cast<int>(s.state)]},
            {"progress", std::round(s.progress * 1000) / 1000},
            {"reason", known(s.reason)},
            {"end", known(s.end)},
            {"rows", s.rows},
            {"priority", s.priority},
            {"attempt", s.attempt}};
  json["created"] = discovery::format_time(s.created);
  json["ended"] = is_over(s.state) ? Json(discovery::format_time(s.ended)) : Json();
  return json;
}

/// Not an object: discarded.
Json read(const std::string& payload) {
  if (payload.empty()) return Json::object();
  if (discovery::nests_deeper(payload, kDeepest)) return {Json::value_t::discarded};
  return Json::parse(payload, nullptr, false);
}

/// A whole number from `least` on, or the default where the field is not there.
bool read_number(const Json& json, const char* key, std::size_t least, std::size_t& number) {
  if (!json.contains(key) || json[key].is_null()) return true;
  if (!json[key].is_number_unsigned()) return false;
  number = json[key].get<std::size_t>();
  return number >= least;
}

/// By the id in "job", or by "id": the caller's own, or ours.
const Job* find_job(const JobTable& jobs, const Json& json) {
  if (json.contains("job") && json["job"].is_string())
    return jobs.find(json["job"].get<std::string>());
  if (!json.contains("id")) return nullptr;
  if (const Job* job = jobs.find_caller(to_text(json["id"]))) return job;
  return jobs.find(json["id"].is_string() ? json["id"].get<std::string>() : to_text(json["id"]));
}

std::string named_id(const Json& json) {
  for (const char* key : {"job", "id"})
    if (json.contains(key))
      return json[key].is_string() ? json[key].get<std::string>() : to_text(json[key]);
  return {};
}

Answer not_known(const Json& json) {
  if (!json.is_object() || named_id(json).empty())
    return at_fault("id", R"(expected {"id":"the id of a job"})");
  return at_fault("id", fmt::format("there is no job \"{}\"", named_id(json)));
}

std::string id_fields(const JobStatus& status) {
  const std::string text = to_text(Json{{"id", shown_id(status)}, {"job", status.id}});
  return text.substr(1, text.size() - 2);
}

}  // namespace

std::string status_json(const JobStatus& status) { return to_text(to_json(status)); }

Answer SimulationService::State::request(const Request& request) {
  if (request.verb == "simulate") return simulate(request.payload);
  if (request.verb == "simulate_list") return simulate_list(request.payload);
  if (request.verb == "simulate_fetch") return simulate_fetch(request.payload);
  return simulate_end(request.payload, request.verb == "simulate_delete");
}

Answer SimulationService::State::simulate(const std::string& payload) {
  Answer answer;
  answer.later = [this, payload](const std::function<void(Answer)>& done) {
    submit_later(payload, {}, [this, done](const Submitted& submitted) {
      const Job* job = jobs.find(submitted.id);
      if (!submitted.id.empty() && job) return done({status_json(job->status), {}});
      done(at_fault(submitted.error.field, submitted.error.text.empty()
                                               ? "the job has been deleted meanwhile"
                                               : submitted.error.text));
    });
  };
  return answer;
}

Answer SimulationService::State::simulate_list(const std::string& payload) const {
  const Json json = read(payload);
  if (!json.is_object()) return at_fault({}, R"(expected {"offset":0,"limit":50,"state":"done"})");
  std::size_t offset = 0, limit = 50;
  if (!read_number(json, "offset", 0, offset)) return at_fault("offset", "a number from 0");
  if (!read_number(json, "limit", 1, limit) || limit > kMostListed)
    return at_fault("limit", fmt::format("a number from 1 to {}", kMostListed));
  const Json wanted = json.value("state", Json());
  if (!wanted.is_null() && std::ranges::find(kJobStates, wanted) == std::end(kJobStates))
    return at_fault("state", fmt::format("one of {}", fmt::join(kJobStates, ", ")));
  Json listed = Json::array();
  std::size_t total = 0;
  for (const Job* job : jobs.newest_first()) {
    if (!wanted.is_null() && wanted != kJobStates[static_cast<int>(job->status.state)]) continue;
    if (total++ >= offset && listed.size() < limit) listed.push_back(to_json(job->status));
  }
  Json data{{"total", total}, {"offset", offset}};
  data["next"] = offset + listed.size() < total ? Json(offset + listed.size()) : Json();
  data["jobs"] = std::move(listed);
  return {to_text(data), {}};
}

Answer SimulationService::State::simulate_fetch(const std::string& payload) {
  const Json json = read(payload);
  const Job* job = json.is_object() ? find_job(jobs, json) : nullptr;
  if (!job) return not_known(json);
  if (!is_over(job->status.state))
    return at_fault("id",
                    fmt::format("the job \"{}\" is {}; its rows can be had when it is over",
                                job->status.id, kJobStates[static_cast<int>(job->status.state)]));
  if (job->status.rows == 0)
    return at_fault(
        "id", fmt::format("the job \"{}\" has no rows: {}", job->status.id, job->status.reason));
  Fetch fetch;
  fetch.job = job->status.id;
  fetch.id_fields = id_fields(job->status);
  fetch.format = job->status.format;
  if (const Json format = json.value("format", Json()); !format.is_null()) {
    if (format != "json" && format != "csv") return at_fault("format", "\"json\" or \"csv\"");
    fetch.format = format == "csv" ? ResultFormat::csv : ResultFormat::json;
  }
  std::size_t part = 0;
  if (!read_number(json, "part", 1, part)) return at_fault("part", "a number from 1");
  if (part > 0) fetch.part = part;
  if (fetches.is_full()) return at_fault({}, "too many results are being fetched; try again later");
  Answer answer;
  answer.later = [this, fetch](std::function<void(Answer)> done) {
    Fetch begun = fetch;
    begun.answer = std::move(done);
    fetches.add(std::move(begun));
  };
  return answer;
}

Answer SimulationService::State::simulate_end(const std::string& payload, bool is_delete) {
  const Json json = read(payload);
  const Job* job = json.is_object() ? find_job(jobs, json) : nullptr;
  if (!job) {
    // What another run has left on the broker.
    if (is_delete && json.is_object() && is_usable_id(named_id(json)) && hooks.publish)
      hooks.publish(named_id(json), {});
    return not_known(json);
  }
  const std::string id = job->status.id;
  const JobStatus before = job->status;  // whoever is told of its end may delete it
  const std::string fields = id_fields(before);
  const Result<> done = is_delete ? remove(id) : cancel(id);
  if (!done) return at_fault("id", done.error().text());
  if (is_delete) return {fmt::format("{{{}}}", fields), {}};
  const Job* now = jobs.find(id);
  return {status_json(now ? now->status : before), {}};
}

std::string SimulationService::health_json() const {
  const Counts c = counts();
  std::size_t room = 0;
  for (const auto& place : state_->places) room += place->room();
  Json json{{"queued", c.queued}, {"running", c.running}, {"workers", c.running + room},
            {"stored", c.stored}, {"done", c.done},       {"failed", c.failed}};
  json["cancelled"] = c.cancelled;
  json["refused"] = c.refused;
  json["lost"] = c.lost;
  json["timed_out"] = c.timed_out;
  json["kept_on_disk"] = state_->archive.is_lasting();
  return to_text(json);
}

}  // namespace b2m::app

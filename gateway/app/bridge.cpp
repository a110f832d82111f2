// SPDX-License-Identifier: MIT
#include "gateway/app/bridge.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <unistd.h>

#include "config/dump.hpp"
#include "config/load.hpp"
#include "discovery/text.hpp"
#include "discovery/value.hpp"
#include "gateway/app/simulation/service.hpp"
#include "gateway/app/version.hpp"

namespace b2m::app {
namespace {

using Json = nlohmann::ordered_json;

std::string to_text(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::uint64_t resident_kib() {
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / 1024;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double rounded(double value, double step) { return std::round(value / step) * step; }

Json adapter_json(const Supervisor& supervisor, AdapterIndex index, SteadyTime now) {
  const AdapterHealth& health = supervisor.health(index);
  Json json{{"id", health.id}, {"up", health.connected}, {"last_data_age_s", nullptr}};
  if (health.has_reported)
    json["last_data_age_s"] = rounded(to_seconds(now - health.last_report), 0.001);
  json["reports"] = health.reports;
  json["restarts"] = health.restarts;
  json["last_error"] = health.last_error.empty() ? Json() : Json(health.last_error);
  Json& counters = json["counters"] = Json::object();
  for (const Counter& c : supervisor.adapter(index).counters()) counters[c.name] = c.value;
  Json& details = json["details"] = Json::object();
  for (const Detail& d : supervisor.adapter(index).details()) details[d.name] = d.text;
  return json;
}

Json link_json(const mqtt::LinkStats& stats) {
  Json json{{"online", stats.online},
            {"protocol", stats.protocol == 5   ? "5"
                         : stats.protocol == 4 ? "3.1.1"
                                               : "none"},
            {"connects", stats.connects},
            {"failed_connects", stats.failed_connects},
            {"received", stats.received},
            {"received_dropped", stats.received_dropped},
            {"in_flight", stats.in_flight}};
  Json& queues = json["queues"] = Json::object();
  for (const auto& [lane, q] : stats.lanes)
    queues[lane] = {{"depth", q.depth}, {"sent", q.sent}, {"dropped", q.dropped}};
  return json;
}

Json parsed(const std::string& text) { return Json::parse(text, nullptr, false); }

}  // namespace

Bridge::Bridge(const config::Config& config, const Site& site, const Model& model,
               const Supervisor& supervisor, const mqtt::Link& link, Clock& clock, Actions actions)
    : config_(config),
      site_(site),
      model_(model),
      supervisor_(supervisor),
      link_(link),
      clock_(clock),
      actions_(std::move(actions)),
      started_(clock.wall()) {}

std::string Bridge::info_json() const {
  Json json{
      {"version", version()}, {"commit", commit()}, {"started", discovery::format_time(started_)}};
  Json& adapters = json["adapters"] = Json::array();
  for (const config::AdapterTable& a : config_.adapters)
    adapters.push_back({{"id", a.id}, {"kind", a.kind->name}});
  json["config_file"] = config_.file;
  json["config"] = parsed(config::dump_redacted(config_));
  return to_text(json);
}

std::string Bridge::health_json(const LoopLag& lag, std::uint64_t refused_commands) const {
  const double uptime_s = std::chrono::duration<double>(clock_.wall() - started_).count();
  Json json{
      {"time", discovery::format_time(clock_.wall())},
      {"uptime_s", std::round(uptime_s)},
      {"memory_kib", resident_kib()},
      {"cpu_s", rounded(cpu_seconds(), 0.01)},
      {"loop_lag_ms", {{"last", rounded(lag.last_ms, 0.01)}, {"max", rounded(lag.max_ms, 0.01)}}},
      {"implausible_samples", model_.rejected()},
      {"refused_commands", refused_commands}};
  Json& adapters = json["adapters"] = Json::array();
  for (AdapterIndex i = 0; i < supervisor_.size(); ++i)
    adapters.push_back(adapter_json(supervisor_, i, clock_.now()));
  json["mqtt"] = link_json(link_.stats());
  json["history"] = parsed(actions_.backlog());
  json["simulation"] = parsed(actions_.simulations());
  return to_text(json);
}

std::string Bridge::dump_json(const LoopLag& lag, std::uint64_t refused_commands) const {
  Json json{{"info", parsed(info_json())}, {"health", parsed(health_json(lag, refused_commands))}};
  const Snapshot view = model_.view(clock_.now());
  Json& devices = json["devices"] = Json::object();
  for (const Device& device : site_.devices()) {
    Json& values = devices[device.slug] = Json::object();
    for (const Entity& e : site_.entities(device.id)) {
      const Reading& r = view[e.slot];
      values[e.key] = {{"value", discovery::format_value(e, r, view.text(e.slot))},
                       {"quality", kQualities[static_cast<int>(r.quality)]},
                       {"age_s", r.quality == Quality::missing
                                     ? Json()
                                     : Json(rounded(to_seconds(view.now() - r.time), 0.001))}};
    }
  }
  return to_text(json, 2);
}

Answer Bridge::restart() {
  const Answer check = config_check();
  if (!check.error.empty()) return {"null", "not restarted: " + check.error};
  actions_.restart();
  return {};
}

Answer Bridge::config_check() const {
  const config::Loaded loaded = config::load(config_.file, adapter_kinds());
  if (loaded.config) return {R"({"file":)" + to_text(Json(config_.file)) + "}", {}};
  std::string text = "the configuration has mistakes:";
  for (const config::Mistake& m : loaded.mistakes) text += "\n" + m.text();
  return {"null", text};
}

Answer Bridge::log_level(const std::string& payload) {
  const Json json = parsed(payload);
  std::string word = json.is_object() && json.contains("value") && json["value"].is_string()
                         ? json["value"].get<std::string>()
                     : json.is_string() ? json.get<std::string>()
                                        : payload;
  const auto at = std::ranges::find(log::kLevels, word);
  if (at == std::end(log::kLevels))
    return {"null", R"(expected {"value":"debug"}, or info, warning or error)"};
  actions_.set_log_level(static_cast<log::Level>(at - std::begin(log::kLevels)));
  return {R"({"value":")" + word + "\"}", {}};
}

/// The rules decide and answer, as when the button of that device is pressed.
Answer Bridge::clear_fault(const std::string& payload) const {
  const Json json = parsed(payload);
  if (!json.is_object() || !json.contains("device") || !json["device"].is_string())
    return {"null", R"(expected {"device":"garage"})"};
  const std::string slug = json["device"].get<std::string>();
  const Entity* entity = site_.find(slug, "clear_fault");
  if (!entity)
    return {"null", fmt::format("{} \"{}\"",
                                site_.find(slug) ? "there is no fault to clear on the device"
                                                 : "there is no device",
                                slug)};
  if (!entity->writable) return {"null", read_only_reason(*entity)};
  Answer answer;
  answer.intent.emplace().slot = entity->slot;
  answer.intent->value = 1;
  return answer;
}

Answer Bridge::request(const Request& r) {
  if (r.verb == "restart") return restart();
  if (r.verb == "log_level") return log_level(r.payload);
  if (r.verb == "config_check") return config_check();
  if (r.verb == "export") return actions_.export_sessions(r.payload);
  if (r.verb == "clear_fault") return clear_fault(r.payload);
  if (r.verb == "rediscover") {
    actions_.rediscover();
    return {};
  }
  if (r.verb == "rescan") return actions_.rescan(r.payload);
  if (std::ranges::find(kSimulationVerbs, r.verb) != std::end(kSimulationVerbs))
    return actions_.simulate(r);
  return {
      "null",
      fmt::format(
          "\"{}\" is not known; requests are restart, log_level, rediscover, rescan, config_check, "
          "export, clear_fault, {}",
          r.verb, fmt::join(kSimulationVerbs, ", "))};
}

Result<> Bridge::command(const Entity& entity, const discovery::Command& command) {
  if (entity.row->key == "log_level") {
    actions_.set_log_level(static_cast<log::Level>(static_cast<int>(command.value)));
    return {};
  }
  Answer answer;
  answer.error = "this cannot be set";
  if (entity.row->key == "restart" || entity.row->key == "rediscover")
    answer = request({std::string(entity.row->key), {}});
  if (!answer.error.empty()) return Error(Errc::refused, answer.error);
  return {};
}

}  // namespace b2m::app

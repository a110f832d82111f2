// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/http_answers.hpp"

#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "gateway/app/simulation/request_fields.hpp"
#include "gateway/web/http_message.hpp"

namespace b2m::app {
namespace {

using Json = nlohmann::json;
using web::json_text;

constexpr int kDeepest = 16;

/// An object; nothing for anything else, and for what is nested deeper than any request.
std::optional<Json> read_object(std::string_view body) {
  bool is_too_deep = false;
  const auto look = [&](int depth, Json::parse_event_t, Json&) {
    is_too_deep = is_too_deep || depth > kDeepest;
    return !is_too_deep;
  };
  Json json = Json::parse(body, look, false);
  if (is_too_deep || !json.is_object()) return std::nullopt;
  return json;
}

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// In the original's words; empty: it had no such column.
std::string_view original_name(std::string_view column) {
  if (column == "time_s") return "time";
  if (column == "voltage_v") return "voltage";
  if (column == "current_a") return "current";
  if (column == "discharge_capacity_ah") return "dcap";
  return {};
}

struct NamedColumn {
  std::size_t at;
  std::string name;  // in JSON
};

std::vector<NamedColumn> named(const std::vector<std::string>& columns, Columns wanted) {
  std::vector<NamedColumn> all;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string_view name = original_name(columns[i]);
    if (!name.empty() || wanted == Columns::all)
      all.push_back({i, json_text(name.empty() ? columns[i] : name)});
  }
  return all;
}

/// The text of a JSON string, or null where there is none.
std::string or_null(std::string_view text) { return text.empty() ? "null" : json_text(text); }

/// Rows may have megabytes: they are not copied more often than they must be.
std::string around(std::string_view before, std::string rows, std::string_view after) {
  if (rows.empty()) rows = "null";
  rows.reserve(rows.size() + before.size() + after.size());
  return rows.insert(0, before).append(after);
}

Error too_large(const sim::SimulationTable& table, std::size_t most_bytes) {
  return {Errc::out_of_range,
          fmt::format("the result has {} rows, more than the {} MB of an answer over HTTP; fetch "
                      "it in parts over MQTT (simulate_fetch), or ask for fewer rows or outputs",
                      table.rows(), most_bytes >> 20)};
}

std::string id_of(const JobStatus& s) { return s.id_json.empty() ? json_text(s.id) : s.id_json; }

}  // namespace

Result<std::string> original_rows(const sim::SimulationTable& table, Columns columns,
                                  std::size_t most_bytes) {
  const auto all = named(table.columns, columns);
  std::string out = "[";
  for (std::size_t row = 0; row < table.rows(); ++row) {
    out += row > 0 ? ", {" : "{";
    for (std::size_t i = 0; i < all.size(); ++i) {
      const double value = table.values[row * table.columns.size() + all[i].at];
      out += i > 0 ? ", " : "";
      out += all[i].name;
      out += std::isfinite(value) ? fmt::format(": {}", value) : ": null";
    }
    out += "}";
    if (out.size() > most_bytes) return too_large(table, most_bytes);
  }
  return out + "]";
}

std::string failure_of(const JobStatus& status) {
  const bool has_died = status.end == "depleted" || status.end == "no_solution";
  if (status.state == JobState::done && !has_died) return "";
  if (!status.reason.empty()) return status.reason;
  return kJobStates[static_cast<int>(status.state)];
}

std::string started_answer(std::string_view simulation_type, std::string rows) {
  return around(fmt::format(R"({{"jobStarted": true, "simulationType": {}, "simulationResults": )",
                            json_text(simulation_type)),
                std::move(rows), "}");
}

std::string failed_answer(std::string_view simulation_type, std::string_view reason) {
  return fmt::format(
      R"({{"jobStarted": false, "simulationType": {}, "simulationResults": null, "reason": {}}})",
      or_null(simulation_type), json_text(reason));
}

std::string number_answer(const JobStatus& s, std::string rows) {
  const bool is_good = is_over(s.state) && failure_of(s).empty();
  const std::string before = fmt::format(
      R"({{"id": {}, "state": "{}", "progress": {}, "jobStarted": {}, "simulationType": {}, )"
      R"("simulationResults": )",
      id_of(s), kJobStates[static_cast<int>(s.state)], s.progress, is_good,
      or_null(s.simulation_type));
  return around(before, std::move(rows), fmt::format(R"(, "reason": {}}})", or_null(s.reason)));
}

std::string callback_body(const JobStatus& s, std::string rows) {
  const std::string before = fmt::format(
      R"({{"id": {}, "status": "{}", "simulationType": {}, "reason": {}, "result": )", id_of(s),
      kJobStates[static_cast<int>(s.state)], or_null(s.simulation_type), or_null(s.reason));
  return around(before, std::move(rows), "}");
}

OriginalRequest original_request(std::string_view body, std::string_view simulation_type) {
  const auto read = read_object(body);
  if (!read) return {{}, "the body is not a JSON object"};
  Json request = Json::object();
  for (const auto& [key, value] : read->items())
    if (key != "id" && key != "callback" && request_field(key, true)) request[key] = value;
  request["simulationType"] = simulation_type;
  return {dumped(request), {}};
}

std::string numbered_request(std::string_view body, std::int64_t number,
                             std::string& callback_url) {
  auto request = read_object(body);
  if (!request) return "";
  (*request)["id"] = number;
  const auto callback = request->find("callback");
  if (callback != request->end() && callback->is_string()) callback_url = *callback;
  return dumped(*request);
}

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
#include "gateway/app/session_export.hpp"

#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "discovery/text.hpp"

namespace b2m::app {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 4;

Answer refuse(std::string why) { return {"null", std::move(why)}; }

/// Parts that end with a line, none empty; one part at least.
std::vector<std::string_view> cut(std::string_view csv, std::size_t most) {
  std::vector<std::string_view> parts;
  while (csv.size() > most) {
    const std::size_t line = csv.rfind('\n', most - 1);
    const std::size_t end = line == std::string_view::npos ? most : line + 1;
    parts.push_back(csv.substr(0, end));
    csv.remove_prefix(end);
  }
  parts.push_back(csv);
  return parts;
}

/// Empty when not given. False when it is no time.
bool read_time(const Json& request, const char* key, std::optional<WallTime>& out) {
  if (!request.contains(key) || request[key].is_null()) return true;
  if (!request[key].is_string()) return false;
  out = discovery::parse_time(request[key].get<std::string>());
  return out.has_value();
}

Result<std::string> sessions_of(store::Sessions& sessions, const Json& request) {
  store::SessionQuery query;
  if (request.contains("charger") && !request["charger"].is_string())
    return Error(Errc::malformed, "\"charger\" must be the id of a charger");
  query.charger = request.value("charger", std::string());
  if (!read_time(request, "from", query.from) || !read_time(request, "to", query.to))
    return Error(Errc::malformed,
                 "\"from\" and \"to\" must be times with a zone, such as 2026-11-01T00:00:00Z");
  const auto list = sessions.list(query);
  if (!list) return list.error();
  return store::sessions_csv(*list);
}

Result<std::string> curve_of(store::Sessions& sessions, const Json& request) {
  if (!request.contains("session") || !request["session"].is_number_integer())
    return Error(Errc::malformed, "\"session\" must be the id of a session, as in the sessions");
  const auto curve = sessions.curve(request["session"].get<std::int64_t>());
  if (!curve) return curve.error();
  if (curve->empty())
    return Error(Errc::not_found,
                 "there is no curve of this session; those of the last 10 sessions of each charger "
                 "are kept");
  return store::curve_csv(*curve);
}

}  // namespace

Answer export_sessions(store::Sessions* sessions, const std::string& payload,
                       std::size_t part_bytes) {
  if (!sessions) return refuse("there is no database; the log says why");
  if (discovery::nests_deeper(payload, kDeepest)) return refuse("the JSON is nested too deep");
  const Json request = Json::parse(payload, nullptr, false);
  const std::string what =
      request.is_object() && request.contains("what") && request["what"].is_string()
          ? request["what"].get<std::string>()
          : std::string();
  if (what != "sessions" && what != "curve")
    return refuse(R"(expected {"what":"sessions"} or {"what":"curve","session":ID})");
  const bool has_part = request.contains("part");
  if (has_part && !request["part"].is_number_unsigned())
    return refuse("\"part\" must be a number from 1");
  const auto csv =
      what == "sessions" ? sessions_of(*sessions, request) : curve_of(*sessions, request);
  if (!csv) return refuse(csv.error().text());
  const auto parts = cut(*csv, part_bytes);
  const auto part = has_part ? request["part"].get<std::size_t>() : 1;
  if (part < 1 || part > parts.size())
    return refuse(fmt::format("there is no part {}; parts are 1 to {}", part, parts.size()));
  std::string text;
  discovery::append_json_string(text, parts[part - 1]);
  return {fmt::format(R"({{"what":"{}","part":{},"parts":{},"csv":{}}})", what, part, parts.size(),
                      text),
          {}};
}

}  // namespace b2m::app

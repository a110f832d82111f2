// SPDX-License-Identifier: MIT
// The frame of the newer command set: calls, batches of them, calls for a socket, and what a device
// says no with.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "adapters/kasa/smart_protocol.hpp"
#include "adapters/kasa/wire_text.hpp"

namespace b2m::kasa::smart {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 32;  // levels; what we ask for has a dozen at most

struct ErrorRow {
  int code;
  Errc means;
  std::string_view text;
};
// clang-format off
constexpr ErrorRow kErrors[] = {  // docs/protocols/kasa.md, 4
    {-1001,  Errc::io_error,      "it does not know why"},
    {-1002,  Errc::not_supported, "it does not know this method"},
    {-1003,  Errc::malformed,     "it could not read the request"},
    {-1008,  Errc::out_of_range,  "a parameter is missing or wrong"},
    {-1301,  Errc::io_error,      "something in the device failed"},
    {-1501,  Errc::not_allowed,   "it does not accept the account: check username and password"},
    {-1802,  Errc::buffer_full,   "its table of rules is full"},
    {1002,   Errc::disconnected,  "the transport is not available just now"},
    {1003,   Errc::disconnected,  "this port speaks another encryption now: discover it again"},
    {1100,   Errc::disconnected,  "the handshake has failed"},
    {1111,   Errc::not_allowed,   "the login has failed: check username and password"},
    {9999,   Errc::disconnected,  "the session is over"},
    {-40401, Errc::disconnected,  "the session is over"},
};
// clang-format on

struct ErrorRange {
  int from, to;
  std::string_view text;
};
constexpr ErrorRange kErrorRanges[] = {
    {-1899, -1801, "a rule of its schedule is in the way"},
    {-1999, -1901, "it does not accept the timer"},
};

std::string call_json(const Call& call) {
  const auto params = call.params.empty() ? std::string() : R"(,"params":)" + call.params;
  return fmt::format(R"("method":{}{})", json_string(call.method), params);
}

std::string timer_params(std::string_view id, int delay_s, bool enable) {
  const auto which = id.empty() ? std::string() : fmt::format(R"("id":{},)", json_string(id));
  return fmt::format(R"({{{}"delay":{},"desired_states":{{"on":false}},"enable":{},"remain":{}}})",
                     which, delay_s, enable, enable ? delay_s : 0);
}

/// Writing JSON takes stack for each level, and a reply can have tens of thousands. Brackets within
/// a text do not count.
bool is_too_deep(std::string_view json) {
  int depth = 0;
  bool is_in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '"') is_in_text = !is_in_text;
    if (c == '\\') ++i;
    if (is_in_text) continue;
    if ((c == '[' || c == '{') && ++depth > kDeepest) return true;
    if (c == ']' || c == '}') --depth;
  }
  return false;
}

Result<std::string> result_text(const Json* part, std::string_view method) {
  const auto code = number(part, "error_code");
  if (!code)
    return Error(Errc::malformed,
                 fmt::format("the device's answer to {} has no error_code", method));
  if (*code != 0) return device_error(method, *code);
  const auto* result = member(part, "result");
  if (result == nullptr) return std::string("{}");
  return result->dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string request(const Call& call, std::int64_t wall_ms) {
  return fmt::format(R"({{{},"request_time_milis":{}}})", call_json(call), wall_ms);
}

Call batch(const std::vector<Call>& calls) {
  std::string list;
  for (const auto& call : calls)
    list += fmt::format("{}{{{}}}", list.empty() ? "" : ",", call_json(call));
  return {"multipleRequest", fmt::format(R"({{"requests":[{}]}})", list)};
}

Call to_child(const std::string& child_id, const Call& call) {
  return {"control_child", fmt::format(R"({{"device_id":{},"requestData":{{{}}}}})",
                                       json_string(child_id), call_json(call))};
}

Call set_relay(bool on) { return {"set_device_info", fmt::format(R"({{"device_on":{}}})", on)}; }

Call set_nickname(std::string_view alias) {
  return {"set_device_info", fmt::format(R"({{"nickname":"{}"}})", to_base64(alias))};
}

Call add_timer(int delay_s) { return {"add_countdown_rule", timer_params({}, delay_s, true)}; }

Call edit_timer(std::string_view id, int delay_s) {
  return {"edit_countdown_rule", timer_params(id, delay_s, true)};
}

Call stop_timer(std::string_view id, int delay_s) {
  return {"edit_countdown_rule", timer_params(id, delay_s, false)};
}

Call clear_timers() { return {"remove_countdown_rules", R"({"remove_all":true})"}; }

Call set_auto_off(int minutes) {
  return {"set_auto_off_config", fmt::format(R"({{"enable":true,"delay_min":{}}})", minutes)};
}

Call set_led(std::string_view led_info, bool on) {
  if (parse_led(led_info) == on) return {};
  auto json = parse_json(led_info);
  if (!json.is_object()) json = Json::object();
  json.erase("led_status");  // what it does now, not what it shall do
  json["led_rule"] = on ? "always" : "never";
  return {"set_led_info", json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

Error device_error(std::string_view method, double code) {
  for (const auto& row : kErrors)
    if (row.code == code)
      return {row.means,
              fmt::format("the device refused {}: {} (error {})", method, row.text, row.code)};
  for (const auto& row : kErrorRanges)
    if (code >= row.from && code <= row.to)
      return {Errc::refused,
              fmt::format("the device refused {}: {} (error {})", method, row.text, code)};
  return {Errc::io_error, fmt::format("the device refused {} (error {})", method, code)};
}

Result<std::string> parse_result(std::string_view reply, std::string_view method) {
  if (is_too_deep(reply))
    return Error(Errc::malformed, fmt::format("the device's answer to {} is nested more than {} "
                                              "levels deep, which no plug does",
                                              method, kDeepest));
  const auto json = parse_json(reply);
  if (json.is_discarded())
    return Error(Errc::malformed, fmt::format("the device's answer to {} is no JSON", method));
  return result_text(&json, method);
}

Result<std::string> parse_child_result(std::string_view result, std::string_view method) {
  const auto json = parse_json(result);
  return result_text(member(&json, "responseData"), method);
}

Result<std::vector<Answer>> parse_batch(std::string_view result) {
  const auto json = parse_json(result);
  const auto* list = member(&json, "responses");
  if (list == nullptr || !list->is_array())
    return Error(Errc::malformed, "the device's answer to several questions holds no list");
  std::vector<Answer> answers;
  for (const auto& entry : *list) {
    Answer answer;
    answer.method = words(&entry, "method");
    answer.result = result_text(&entry, answer.method);
    answers.push_back(std::move(answer));
  }
  return answers;
}

}  // namespace b2m::kasa::smart

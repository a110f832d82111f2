// SPDX-License-Identifier: MIT
#include "adapters/kasa/iot_protocol.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "adapters/kasa/reply_json.hpp"
#include "adapters/kasa/wire_text.hpp"

namespace b2m::kasa::iot {
namespace {

using Json = boost::json::value;

constexpr std::size_t kMaxSockets = 32;

struct ErrorRow {
  int code;
  Errc means;
  std::string_view text;
};
// clang-format off
constexpr ErrorRow kErrors[] = {  // docs/protocols/kasa.md, 1.7
    {-1,     Errc::not_supported, "it has no such module"},
    {-2,     Errc::not_supported, "it knows no such command"},
    {-3,     Errc::out_of_range,  "an argument is missing or wrong"},
    {-5,     Errc::buffer_full,   "it is out of memory"},
    {-7,     Errc::io_error,      "it does not know why"},
    {-10,    Errc::buffer_full,   "its table is full"},
    {-14,    Errc::unknown_key,   "it has no such rule or socket"},
    {-2001,  Errc::not_supported, "it has no such module"},
    {-4002,  Errc::refused,       "it is not bound to an account"},
    {-10002, Errc::out_of_range,  "an argument is missing"},
};
// clang-format on

/// The JSON that every request is made of: {"context":{...},"module":{BODY}}.
std::string envelope(const std::string& child_id, std::string_view module,
                     const std::string& body) {
  const auto context =
      child_id.empty() ? std::string()
                       : fmt::format(R"("context":{{"child_ids":[{}]}},)", json_string(child_id));
  return fmt::format(R"({{{}"{}":{{{}}}}})", context, module, body);
}

std::string call(Method method, const std::string& arguments) {
  return fmt::format(R"("{}":{})", method.name, arguments);
}

std::string timer_arguments(int delay_s, std::string_view id = {}) {
  const auto which = id.empty() ? std::string() : fmt::format(R"("id":{},)", json_string(id));
  return fmt::format(R"({{{}"enable":1,"delay":{},"act":0,"name":"{}"}})", which, delay_s,
                     kGuardName);
}

std::string id_argument(std::string_view id) {
  return fmt::format(R"({{"id":{}}})", json_string(id));
}

std::optional<Error> complaint(const Json* part, Method method) {
  const auto code = number(part, "err_code");
  if (!code || *code == 0) return std::nullopt;
  return device_error(method, *code, words(part, "err_msg"));
}

/// The result of one method, when nobody complained.
Result<const Json*> result_of(const Json* reply, Method method) {
  const auto* module = member(reply, method.module);
  const auto* result = member(module, method.name);
  if (auto no = complaint(result, method)) return *no;
  if (auto no = complaint(module, method)) return *no;
  if (auto no = complaint(reply, method)) return *no;
  if (result != nullptr && result->is_object()) return result;
  return Error(Errc::malformed, fmt::format("the plug's reply holds no answer to {}.{}",
                                            method.module, method.name));
}

Result<const Json*> answer_of(const ReplyJson& reply, Method method) {
  if (reply.root() == nullptr)
    return Error(Errc::malformed,
                 fmt::format("the plug's reply to {}.{} is no JSON", method.module, method.name));
  return result_of(reply.root(), method);
}

/// Null where there is none.
const boost::json::array* list_of(const Json* parent, std::string_view key) {
  const auto* list = member(parent, key);
  return list ? list->if_array() : nullptr;
}

std::optional<double> not_negative(std::optional<double> n) {
  return n && *n >= 0 ? n : std::nullopt;
}

/// Strips shorten it to two digits over UDP.
std::string full_child_id(const std::string& id, const std::string& device_id) {
  return id.size() == 2 && !device_id.empty() ? device_id + id : id;
}

SocketState socket_of(const Json& child, const std::string& device_id) {
  SocketState socket;
  socket.id = full_child_id(words(&child, "id"), device_id);
  socket.alias = words(&child, "alias");
  socket.is_on = flag(&child, "state");
  socket.on_time_s = not_negative(number(&child, "on_time"));
  return socket;
}

/// By the two digits that its id ends with; the list is not always in that order.
int place_of(const SocketState& socket) {
  const std::string_view id = socket.id;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (id.size() < 2 || !is_digit(id[id.size() - 2]) || !is_digit(id.back()))
    return static_cast<int>(kMaxSockets) * 10;
  return (id[id.size() - 2] - '0') * 10 + (id.back() - '0');
}

Result<> add_sockets(const Json* info, DeviceState& state) {
  const auto* children = list_of(info, "children");
  const auto promised = number(info, "child_num").value_or(0);
  const bool has_children = children != nullptr && !children->empty();
  state.is_strip = has_children || promised > 0;
  if (!state.is_strip) {
    SocketState socket;
    socket.alias = state.alias;
    socket.is_on = flag(info, "relay_state");
    socket.on_time_s = not_negative(number(info, "on_time"));
    state.sockets.push_back(std::move(socket));
    return {};
  }
  if (!has_children || static_cast<double>(children->size()) < promised ||
      children->size() > kMaxSockets)
    return Error(Errc::malformed, "the strip's list of sockets is incomplete");
  for (const auto& child : *children) state.sockets.push_back(socket_of(child, state.device_id));
  std::ranges::stable_sort(state.sockets, {}, &place_of);
  return {};
}

/// Bulbs, dimmers, wall switches and cameras answer too.
Result<> check_is_plug(const Json* info) {
  const auto mic_type = words(info, "mic_type");
  const auto type = mic_type.empty() ? words(info, "type") : mic_type;
  const auto name = words(info, "dev_name");
  const bool is_light = name.find("light") != std::string::npos ||
                        name.find("Light") != std::string::npos ||
                        name.find("Dimmer") != std::string::npos;
  const bool has_relay =
      member(info, "relay_state") != nullptr || member(info, "children") != nullptr;
  if (has_relay && !is_light && (type.empty() || type == "IOT.SMARTPLUGSWITCH")) return {};
  return Error(Errc::not_supported, fmt::format("the device is no plug: model {}, type {}, \"{}\"",
                                                words(info, "model"), type, name));
}

bool has_feature(const std::string& features, std::string_view wanted) {
  return (":" + features + ":").find(fmt::format(":{}:", wanted)) != std::string::npos;
}

/// 0 is normal; what else there may be was never seen, so anything else counts as hot.
std::optional<bool> overheated(const Json* info) {
  const auto sensor = number(info, "ntc_state");
  if (!sensor) return std::nullopt;
  return *sensor != 0;
}

TimerRule timer_of(const Json& entry) {
  TimerRule rule;
  rule.id = words(&entry, "id");
  rule.is_enabled = flag(&entry, "enable");
  if (const auto act = flag(&entry, "act")) rule.ends_on = *act;
  rule.delay_s = not_negative(number(&entry, "delay"));
  rule.remaining_s = number(&entry, "remain");
  rule.is_ours = words(&entry, "name") == kGuardName;
  return rule;
}

/// `key` in the new form is in thousandths.
std::optional<double> either(const Json* reading, std::string_view in_milli,
                             std::string_view plain) {
  if (const auto milli = number(reading, in_milli)) return *milli / 1000;
  return number(reading, plain);
}

Result<DeviceState> state_in(const ReplyJson& json) {
  const auto info = answer_of(json, kSysinfo);
  if (!info) return info.error();
  if (auto plug = check_is_plug(*info); !plug) return plug.error();
  DeviceState state;
  const auto mac = words(*info, "mac");
  state.mac = normal_mac(mac.empty() ? words(*info, "mic_mac") : mac);
  state.device_id = words(*info, "deviceId");
  state.model = words(*info, "model");
  state.hardware = words(*info, "hw_ver");
  state.firmware = first_word(words(*info, "sw_ver"));
  state.alias = words(*info, "alias");
  state.rssi_dbm = number(*info, "rssi");
  if (const auto off = flag(*info, "led_off")) state.is_led_on = !*off;
  state.is_overheated = overheated(*info);
  state.has_meter = has_feature(words(*info, "feature"), "ENE");
  state.is_updating = flag(*info, "updating") == true;
  if (auto added = add_sockets(*info, state); !added) return added.error();
  return state;
}

Result<MeterState> meter_in(const ReplyJson& json) {
  const auto reading = answer_of(json, kRealtime);
  if (!reading) return reading.error();
  MeterState meter;
  meter.voltage_v = either(*reading, "voltage_mv", "voltage");
  meter.current_a = either(*reading, "current_ma", "current");
  meter.power_w = either(*reading, "power_mw", "power");
  meter.counter_kwh = not_negative(either(*reading, "total_wh", "total"));
  return meter;
}

Result<TimerRules> timers_in(const ReplyJson& json) {
  const auto result = answer_of(json, kTimers);
  if (!result) return result.error();
  const auto* list = list_of(*result, "rule_list");
  if (list == nullptr)
    return Error(Errc::malformed, "the plug's reply to count_down.get_rules holds no list");
  TimerRules rules;
  for (const auto& entry : *list) rules.push_back(timer_of(entry));
  return rules;
}

}  // namespace

std::string request(const std::string& child_id, Method method, const std::string& arguments) {
  return envelope(child_id, method.module, call(method, arguments));
}

std::string state_and_timers_request() {
  return R"({"system":{"get_sysinfo":{}},"count_down":{"get_rules":{}}})";
}

std::string state_and_meter_request() {
  return R"({"system":{"get_sysinfo":{}},"emeter":{"get_realtime":{}}})";
}

std::string switch_on_and_state_request() {
  return R"({"system":{"set_relay_state":{"state":1},"get_sysinfo":{}}})";
}

std::string relay_request(const std::string& child_id, bool on) {
  return request(child_id, kSetRelay, on ? R"({"state":1})" : R"({"state":0})");
}

std::string led_request(bool on) {
  return request({}, kSetLed, on ? R"({"off":0})" : R"({"off":1})");
}

std::string alias_request(const std::string& child_id, std::string_view alias) {
  return request(child_id, kSetAlias, fmt::format(R"({{"alias":{}}})", json_string(alias)));
}

std::string reboot_request() { return request({}, kReboot, R"({"delay":1})"); }

std::string add_timer_request(const std::string& child_id, int delay_s) {
  return request(child_id, kAddTimer, timer_arguments(delay_s));
}

std::string edit_timer_request(const std::string& child_id, std::string_view id, int delay_s) {
  return request(child_id, kEditTimer, timer_arguments(delay_s, id));
}

std::string replace_timer_request(const std::string& child_id, std::string_view id, int delay_s) {
  return envelope(
      child_id, kAddTimer.module,
      call(kDeleteTimer, id_argument(id)) + "," + call(kAddTimer, timer_arguments(delay_s)));
}

std::string delete_timer_request(const std::string& child_id, std::string_view id) {
  return request(child_id, kDeleteTimer, id_argument(id));
}

Error device_error(Method method, double code, std::string_view said) {
  const auto quote = said.empty() ? std::string() : fmt::format(", \"{}\"", said);
  for (const auto& row : kErrors)
    if (row.code == code)
      return {row.means, fmt::format("the plug refused {}.{}: {} (error {}{})", method.module,
                                     method.name, row.text, row.code, quote)};
  return {Errc::io_error, fmt::format("the plug refused {}.{} (error {}{})", method.module,
                                      method.name, code, quote)};
}

Result<> parse_done(std::string_view reply, Method method) {
  const ReplyJson json(reply);
  const auto result = answer_of(json, method);
  if (!result) return result.error();
  return {};
}

Result<DeviceState> parse_sysinfo(std::string_view reply) { return state_in(ReplyJson(reply)); }

Result<MeterState> parse_realtime(std::string_view reply) { return meter_in(ReplyJson(reply)); }

Result<TimerRules> parse_timers(std::string_view reply) { return timers_in(ReplyJson(reply)); }

StateAnd<MeterState> parse_state_and_meter(std::string_view reply) {
  const ReplyJson json(reply);
  return {state_in(json), meter_in(json)};
}

StateAnd<TimerRules> parse_state_and_timers(std::string_view reply) {
  const ReplyJson json(reply);
  return {state_in(json), timers_in(json)};
}

Result<int> count_rules(std::string_view reply, Method method, bool any_end) {
  const ReplyJson json(reply);
  const auto result = answer_of(json, method);
  if (!result) return result.error();
  const auto* list = list_of(*result, "rule_list");
  if (list == nullptr || flag(*result, "enable") == false) return 0;
  int count = 0;
  for (const auto& rule : *list) {
    const bool switches_on = flag(&rule, "sact") == true || flag(&rule, "eact") == true;
    if (flag(&rule, "enable") == true && (any_end || switches_on)) ++count;
  }
  return count;
}

}  // namespace b2m::kasa::iot

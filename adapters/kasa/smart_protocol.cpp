// SPDX-License-Identifier: MIT
// What a device is and how its state, meter and timers read.
#include "adapters/kasa/smart_protocol.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "adapters/kasa/wire_text.hpp"

namespace b2m::kasa::smart {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxSockets = 32;

/// The list `key` of an object; nullptr when there is none.
const Json* list_of(const Json* parent, const char* key) {
  const auto* list = member(parent, key);
  return list != nullptr && list->is_array() ? list : nullptr;
}

Error no_list(const char* key) {
  return {Errc::malformed, fmt::format("the device's answer holds no {}", key)};
}

std::optional<double> not_negative(std::optional<double> n) {
  return n && *n >= 0 ? n : std::nullopt;
}

/// "normal", or anything else; nothing when the device does not say.
std::optional<bool> is_not_normal(const Json* info, const char* key) {
  const auto status = words(info, key);
  if (status.empty()) return std::nullopt;
  return status != "normal";
}

/// True when one says so, false when at least one says no.
std::optional<bool> either(std::optional<bool> a, std::optional<bool> b) {
  if (!a || !b) return a ? a : b;
  return *a || *b;
}

std::optional<bool> overheated(const Json* info) {
  return either(flag(info, "overheated"), is_not_normal(info, "overheat_status"));
}

std::optional<bool> overloaded(const Json* info) {
  return either(is_not_normal(info, "overcurrent_status"),
                is_not_normal(info, "power_protection_status"));
}

std::string nickname(const Json* info) {
  auto name = from_base64(words(info, "nickname"));
  return name && is_utf8(*name) ? *name : std::string();
}

SocketState socket_of(const Json* info) {
  SocketState socket;
  socket.alias = nickname(info);
  socket.is_on = flag(info, "device_on");
  socket.on_time_s = not_negative(number(info, "on_time"));
  return socket;
}

Components components_of(const Json* list) {
  Components found;
  for (const auto& entry : *list)
    if (auto id = words(&entry, "id"); !id.empty()) found.insert(std::move(id));
  return found;
}

TimerRule timer_of(const Json& entry) {
  TimerRule rule;
  rule.id = words(&entry, "id");
  rule.is_enabled = flag(&entry, "enable");
  rule.ends_on = flag(member(&entry, "desired_states"), "on");
  rule.delay_s = not_negative(number(&entry, "delay"));
  rule.remaining_s = number(&entry, "remain");
  rule.is_ours = rule.ends_on == false && rule.delay_s &&
                 *rule.delay_s == marked_delay(static_cast<int>(std::min(*rule.delay_s, 1e6)));
  return rule;
}

void set_where_missing(std::optional<double>& value, std::optional<double> other) {
  if (!value) value = other;
}

std::optional<double> scaled(std::optional<double> n, double by) {
  return n ? std::optional(*n / by) : std::nullopt;
}

template <class Counts>
int count_enabled(std::string_view result, Counts counts) {
  const auto json = parse_json(result);
  const auto* list = list_of(&json, "rule_list");
  if (list == nullptr || flag(&json, "enable") == false) return 0;
  return static_cast<int>(std::count_if(list->begin(), list->end(), [&](const Json& rule) {
    return flag(&rule, "enable") == true && counts(rule);
  }));
}

}  // namespace

Result<Components> parse_components(std::string_view result) {
  const auto json = parse_json(result);
  const auto* list = list_of(&json, "component_list");
  if (list == nullptr) return no_list("component_list");
  return components_of(list);
}

Result<ChildPage> parse_children(std::string_view result) {
  const auto json = parse_json(result);
  const auto* list = list_of(&json, "child_device_list");
  if (list == nullptr) return no_list("child_device_list");
  ChildPage page;
  for (const auto& entry : *list) {
    Child child;
    child.state = socket_of(&entry);
    child.state.id = words(&entry, "device_id");
    child.position = number(&entry, "position");
    child.is_overheated = overheated(&entry);
    child.is_overloaded = overloaded(&entry);
    page.children.push_back(std::move(child));
  }
  const auto sum = number(&json, "sum").value_or(0);
  page.sum =
      std::max(page.children.size(),
               sum > 0 && sum <= kMaxSockets ? static_cast<std::size_t>(sum) : std::size_t{0});
  return page;
}

Result<std::vector<ChildComponents>> parse_child_components(std::string_view result) {
  const auto json = parse_json(result);
  const auto* list = list_of(&json, "child_component_list");
  if (list == nullptr) return no_list("child_component_list");
  std::vector<ChildComponents> all;
  for (const auto& entry : *list) {
    const auto* components = list_of(&entry, "component_list");
    if (components == nullptr) continue;
    ChildComponents child;
    child.id = words(&entry, "device_id");
    child.components = components_of(components);
    all.push_back(std::move(child));
  }
  return all;
}

Result<DeviceState> parse_info(std::string_view result) {
  const auto json = parse_json(result);
  const auto type = words(&json, "type");
  if (words(&json, "device_id").empty())
    return Error(Errc::malformed, "the device's answer to get_device_info names no device_id");
  if (!type.empty() && type.find("PLUG") == std::string::npos)
    return Error(Errc::not_supported, fmt::format("the device is no plug: model {}, type {}",
                                                  words(&json, "model"), type));
  DeviceState state;
  state.family = Family::smart;
  state.mac = normal_mac(words(&json, "mac"));
  state.device_id = words(&json, "device_id");
  state.model = words(&json, "model");
  state.hardware = words(&json, "hw_ver");
  state.firmware = first_word(words(&json, "fw_ver"));
  state.alias = nickname(&json);
  state.rssi_dbm = number(&json, "rssi");
  state.is_overheated = overheated(&json);
  state.is_overloaded = overloaded(&json);
  state.sockets.push_back(socket_of(&json));
  return state;
}

Result<> add_children(DeviceState& state, std::vector<Child> children, std::size_t expected) {
  if (children.empty() || children.size() < expected || children.size() > kMaxSockets)
    return Error(Errc::malformed, "the strip's list of sockets is incomplete");
  std::stable_sort(children.begin(), children.end(), [](const Child& a, const Child& b) {
    return a.position.value_or(kMaxSockets) < b.position.value_or(kMaxSockets);
  });
  state.is_strip = true;
  state.sockets.clear();
  for (auto& child : children) {
    state.is_overheated = either(state.is_overheated, child.is_overheated);
    state.is_overloaded = either(state.is_overloaded, child.is_overloaded);
    state.sockets.push_back(std::move(child.state));
  }
  return {};
}

std::optional<bool> parse_led(std::string_view result) {
  const auto json = parse_json(result);
  const auto rule = words(&json, "led_rule");
  if (rule.empty()) return std::nullopt;
  return rule != "never";
}

void add_emeter(std::string_view result, MeterState& meter) {
  const auto json = parse_json(result);
  set_where_missing(meter.voltage_v, scaled(number(&json, "voltage_mv"), 1000));
  set_where_missing(meter.current_a, scaled(number(&json, "current_ma"), 1000));
  set_where_missing(meter.power_w, scaled(number(&json, "power_mw"), 1000));
}

void add_usage(std::string_view result, MeterState& meter) {
  const auto json = parse_json(result);
  set_where_missing(meter.power_w, scaled(number(&json, "current_power"), 1000));
  set_where_missing(meter.counter_kwh, scaled(not_negative(number(&json, "today_energy")), 1000));
}

void add_current_power(std::string_view result, MeterState& meter) {
  const auto json = parse_json(result);
  set_where_missing(meter.power_w, number(&json, "current_power"));
}

int marked_delay(int delay_s) { return delay_s % 60 == 0 ? delay_s + 1 : delay_s; }

Result<TimerRules> parse_timers(std::string_view result) {
  const auto json = parse_json(result);
  const auto* list = list_of(&json, "rule_list");
  if (list == nullptr) return no_list("rule_list");
  TimerRules rules;
  for (const auto& entry : *list) rules.push_back(timer_of(entry));
  return rules;
}

Result<AutoOff> parse_auto_off(std::string_view result) {
  const auto json = parse_json(result);
  AutoOff config;
  config.is_enabled = flag(&json, "enable");
  config.minutes = not_negative(number(&json, "delay_min"));
  if (!config.is_enabled)
    return Error(Errc::malformed, "the device does not say whether auto-off is enabled");
  return config;
}

std::optional<double> parse_auto_off_left(std::string_view info) {
  const auto json = parse_json(info);
  if (words(&json, "auto_off_status") != "on") return std::nullopt;
  return not_negative(number(&json, "auto_off_remain_time"));
}

std::optional<bool> parse_relay(std::string_view info) {
  const auto json = parse_json(info);
  return flag(&json, "device_on");
}

int count_away_rules(std::string_view result) {
  return count_enabled(result, [](const Json&) { return true; });
}

int count_schedules_that_switch_on(std::string_view result) {
  return count_enabled(result, [](const Json& rule) {
    return flag(member(&rule, "desired_states"), "on") == true || words(&rule, "e_action") == "on";
  });
}

bool says_auto_update(std::string_view result) {
  const auto json = parse_json(result);
  return flag(&json, "enable") == true;
}

}  // namespace b2m::kasa::smart

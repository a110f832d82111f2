// SPDX-License-Identifier: MIT
// The old JSON of the plugs, as text: requests to be sent and replies as structs
// (docs/protocols/kasa.md, 1.2 to 1.7). What a reply does not say in the right form is missing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/kasa/guard.hpp"

namespace b2m::kasa::iot {

/// By this name in the timer's rule we know our own.
inline constexpr std::string_view kGuardName = "battery2mqtt";

/// Where a method lives: "system", "set_relay_state".
struct Method {
  std::string_view module;
  std::string_view name;
};
inline constexpr Method kSysinfo{"system", "get_sysinfo"};
inline constexpr Method kSetRelay{"system", "set_relay_state"};
inline constexpr Method kSetLed{"system", "set_led_off"};
inline constexpr Method kSetAlias{"system", "set_dev_alias"};
inline constexpr Method kReboot{"system", "reboot"};
inline constexpr Method kRealtime{"emeter", "get_realtime"};
inline constexpr Method kTimers{"count_down", "get_rules"};
inline constexpr Method kAddTimer{"count_down", "add_rule"};
inline constexpr Method kEditTimer{"count_down", "edit_rule"};
inline constexpr Method kDeleteTimer{"count_down", "delete_rule"};
inline constexpr Method kSchedule{"schedule", "get_rules"};
inline constexpr Method kAwayMode{"anti_theft", "get_rules"};

/// `child_id` is the socket of a strip; empty: no context at all, for a plug or the whole strip.
std::string request(const std::string& child_id, Method method,
                    const std::string& arguments = "{}");
/// Both in one: get_sysinfo of the device and count_down.get_rules.
std::string state_and_timers_request();
/// Both in one: get_sysinfo of the device and emeter.get_realtime.
std::string state_and_meter_request();
/// Switches a single plug on, then asks for its state.
std::string switch_on_and_state_request();
std::string relay_request(const std::string& child_id, bool on);
std::string led_request(bool on);
std::string alias_request(const std::string& child_id, std::string_view alias);
std::string reboot_request();
std::string add_timer_request(const std::string& child_id, int delay_s);
std::string edit_timer_request(const std::string& child_id, std::string_view id, int delay_s);
/// Both in one request, in this order: no moment without a timer.
std::string replace_timer_request(const std::string& child_id, std::string_view id, int delay_s);
std::string delete_timer_request(const std::string& child_id, std::string_view id);

/// What the device said no with; Errc::not_supported: it does not know the module or method.
Error device_error(Method method, double code, std::string_view said);

/// Did it say yes? Errors of the module and of the method both count.
Result<> parse_done(std::string_view reply, Method method);
/// Errc::not_supported for what is no plug. Fills all of the device's state.
Result<DeviceState> parse_sysinfo(std::string_view reply);
/// Both forms there are, by the keys of this very reply.
Result<MeterState> parse_realtime(std::string_view reply);
Result<TimerRules> parse_timers(std::string_view reply);
/// The reply to two questions in one request.
template <class T>
struct StateAnd {
  Result<DeviceState> state;
  Result<T> other;
};
StateAnd<MeterState> parse_state_and_meter(std::string_view reply);
StateAnd<TimerRules> parse_state_and_timers(std::string_view reply);
/// Enabled rules that switch on; with `any_end` all enabled ones (away mode).
Result<int> count_rules(std::string_view reply, Method method, bool any_end);

}  // namespace b2m::kasa::iot

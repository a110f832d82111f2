// SPDX-License-Identifier: MIT
// The newer JSON of the plugs, as text: requests to be sent and replies as structs
// (docs/protocols/kasa.md, 4). What a reply does not say in the right form is missing.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/kasa/guard.hpp"

namespace b2m::kasa::smart {

struct Call {
  std::string method;
  std::string params;  // JSON; empty: none
};
inline constexpr std::size_t kMostInABatch = 5;

/// `wall_ms` is the time of day, in ms since 1970.
std::string request(const Call& call, std::int64_t wall_ms);
/// Several at once, as one call.
Call batch(const std::vector<Call>& calls);
/// For one socket of a strip.
Call to_child(const std::string& child_id, const Call& call);

Call set_relay(bool on);
Call set_nickname(std::string_view alias);
Call add_timer(int delay_s);
Call edit_timer(std::string_view id, int delay_s);
Call stop_timer(std::string_view id, int delay_s);
Call clear_timers();
Call set_auto_off(int minutes);
/// With all that the device said of its LED; empty method: it is as wanted already.
Call set_led(std::string_view led_info, bool on);

/// What the device said no with. Errc::not_supported: it does not know the method;
/// Errc::disconnected: the session is over.
Error device_error(std::string_view method, double code);

/// The text of `result`, which set commands leave out ("{}" then).
Result<std::string> parse_result(std::string_view reply, std::string_view method);
/// What the child said, out of the result of control_child.
Result<std::string> parse_child_result(std::string_view result, std::string_view method);
struct Answer {
  std::string method;
  Result<std::string> result;
};
/// Out of the result of a batch; it may hold fewer than were asked for.
Result<std::vector<Answer>> parse_batch(std::string_view result);

// From here on: texts of `result`.

using Components = std::set<std::string>;
Result<Components> parse_components(std::string_view result);

/// One socket, with what the device knows of it.
struct Child {
  SocketState state;
  std::optional<double> position;  // counts from 1; the list comes in any order
  std::optional<bool> is_overheated, is_overloaded;
};
struct ChildPage {
  std::vector<Child> children;
  std::size_t sum = 0;  // in all pages
};
Result<ChildPage> parse_children(std::string_view result);
struct ChildComponents {
  std::string id;
  Components components;
};
Result<std::vector<ChildComponents>> parse_child_components(std::string_view result);

/// A plug with its one socket; of a strip what is not the sockets'.
Result<DeviceState> parse_info(std::string_view result);
/// Puts the sockets into the state, by position. Errc::malformed when some are missing.
Result<> add_children(DeviceState& state, std::vector<Child> children, std::size_t expected);
std::optional<bool> parse_led(std::string_view result);

/// Each fills what it knows.
void add_emeter(std::string_view result, MeterState& meter);
void add_usage(std::string_view result, MeterState& meter);
void add_current_power(std::string_view result, MeterState& meter);

/// The app sets whole minutes; ours never are, since the rules have no names.
int marked_delay(int delay_s);
Result<TimerRules> parse_timers(std::string_view result);

struct AutoOff {
  std::optional<bool> is_enabled;
  std::optional<double> minutes;
};
Result<AutoOff> parse_auto_off(std::string_view result);
/// Out of the device's or child's info.
std::optional<double> parse_auto_off_left(std::string_view info);
std::optional<bool> parse_relay(std::string_view info);

int count_away_rules(std::string_view result);
int count_schedules_that_switch_on(std::string_view result);
bool says_auto_update(std::string_view result);

}  // namespace b2m::kasa::smart

// SPDX-License-Identifier: MIT
#include "adapters/kasa/outlet.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace b2m::kasa {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kOnTimeSlack = 2;  // its seconds are whole ones
constexpr double kCounterSlack = 0.0015;
constexpr double kGuardSlack = 20;  // seconds that a timer may have fallen too little
constexpr double kGuardDrift = 0.05;
constexpr double kProof = 10;  // so long a suspect timer must be seen to fall, all but
constexpr double kProofSlack = 5;

double unix_seconds(WallTime wall) {
  return std::chrono::duration<double>(wall.time_since_epoch()).count();
}

bool has_name(const SocketState& socket, const std::string& normal) {
  return normal_alias(socket.alias) == normal;
}

/// Position of the socket with this name; nothing when none or several have it.
Result<int> socket_called(const DeviceState& state, const std::string& alias) {
  const std::string normal = normal_alias(alias);
  int found = -1;
  for (std::size_t i = 0; i < state.sockets.size(); ++i) {
    if (!has_name(state.sockets[i], normal)) continue;
    if (found >= 0)
      return Error(Errc::refused, fmt::format("two sockets of the strip \"{}\" are called \"{}\"; "
                                              "write child = NUMBER instead",
                                              state.alias, alias));
    found = static_cast<int>(i);
  }
  if (found < 0)
    return Error(Errc::not_found,
                 fmt::format("the strip \"{}\" has no socket called \"{}\"", state.alias, alias));
  return found;
}

}  // namespace

std::vector<Offer> Outlet::offers() const {
  std::vector<Offer> list;
  const auto add_offer = [&](RowId row, int decimals = -1, double dead_band = -1) -> Offer& {
    Offer& offer = list.emplace_back();
    offer.part = plan_.slug;
    offer.row = row;
    offer.decimals = decimals;
    offer.dead_band = dead_band;
    return offer;
  };
  const auto aging = [&](Offer& offer) -> Offer& {
    offer.max_age_s = plan_.max_age_s;
    return offer;
  };
  if (!plan_.is_strip()) {
    Offer& relay = aging(add_offer(point::relay.row));
    relay.commandable = relay.confirms = true;
    aging(add_offer(point::on_since));
    aging(add_offer(point::guard_remaining.row));
    if (plan_.may_overload) aging(add_offer(point::overloaded.row));
    if (plan_.has_meter) {
      aging(add_offer(point::power.row, 1, 0.2));
      aging(add_offer(point::voltage.row, 1, 0.5));
      aging(add_offer(point::current.row, 3, 0.005));
      aging(add_offer(point::energy_counter.row));
    }
  }
  if (!plan_.is_socket()) {
    aging(add_offer(point::signal_strength));
    if (plan_.may_overheat) aging(add_offer(point::overheated.row));
    for (const RowId row : {point::plug_model, point::firmware, point::address}) add_offer(row);
    aging(add_offer(point::led.row)).commandable = true;
    add_offer(point::reboot).commandable = true;
  }
  // A strip's own name cannot be told apart from that of its first socket when it is set.
  add_offer(point::alias).commandable = !plan_.is_strip();
  return list;
}

DeviceOffer Outlet::device() const {
  DeviceOffer offer;
  offer.part = offer.slug = plan_.slug;
  offer.name = plan_.name;
  offer.kind = plan_.kind;
  offer.parent = plan_.parent;
  offer.model = plan_.model;
  return offer;
}

void Outlet::bind(const Site& site, AdapterIndex self) { target_ = site.target(self, plan_.slug); }

Result<> Outlet::settle(const DeviceState& state) {
  position_ = -1;
  if (plan_.is_strip()) {
    if (state.is_strip) return {};
    return Error(Errc::refused,
                 fmt::format("the {} \"{}\" is no strip; describe it in a [[kasa.plug]] table",
                             state.model, state.alias));
  }
  const auto position = find_socket(state);
  if (!position) return position.error();
  position_ = *position;
  child_id_ = state.is_strip ? state.sockets[static_cast<std::size_t>(*position)].id : "";
  return {};
}

Result<int> Outlet::find_socket(const DeviceState& state) const {
  if (state.sockets.empty())
    return Error(Errc::malformed,
                 fmt::format("the {} \"{}\" names no relay", state.model, state.alias));
  if (!state.is_strip) {
    if (!plan_.child) return 0;
    return Error(Errc::refused,
                 fmt::format("the {} \"{}\" is no strip; remove child", state.model, state.alias));
  }
  const auto known = std::ranges::find(state.sockets, child_id_, &SocketState::id);
  if (!child_id_.empty() && known != state.sockets.end())
    return static_cast<int>(known - state.sockets.begin());
  if (plan_.child && plan_.child->number == 0) return socket_called(state, plan_.child->alias);
  const int count = static_cast<int>(state.sockets.size());
  if (plan_.child && plan_.child->number <= count) return plan_.child->number - 1;
  if (plan_.child)
    return Error(Errc::not_found,
                 fmt::format("the {} \"{}\" has {} sockets, there is no number {}", state.model,
                             state.alias, count, plan_.child->number));
  if (!plan_.alias.empty() && normal_alias(state.alias) != normal_alias(plan_.alias))
    return socket_called(state, plan_.alias);
  return Error(
      Errc::refused,
      fmt::format("the {} \"{}\" is a strip: add child = 1 to {} to the match, or describe "
                  "it in a [[kasa.strip]] table",
                  state.model, state.alias, count));
}

bool Outlet::follow(const DeviceState& state) {
  if (plan_.is_strip()) return state.is_strip;
  if (child_id_.empty()) {
    position_ = !state.is_strip && !state.sockets.empty() ? 0 : -1;
    return position_ == 0;
  }
  const auto at = std::ranges::find(state.sockets, child_id_, &SocketState::id);
  position_ = at == state.sockets.end() ? -1 : static_cast<int>(at - state.sockets.begin());
  return position_ >= 0;
}

void Outlet::add(RowId row, std::optional<double> value) {
  report_.add(row, value.value_or(kUnknown), 0, value ? Quality::good : Quality::missing);
}

void Outlet::add_text(RowId row, std::string& said, const std::string& text) {
  if (text.empty() || said == text) return;
  said = text;
  report_.add_text(row, text);
}

void Outlet::post() {
  if (target_ && inbox_) {
    report_.target = *target_;
    inbox_->post(report_);
  }
  report_.clear();
}

bool Outlet::say_state(const DeviceState& state, const std::string& address, WallTime wall) {
  bool has_jumped = false;
  const SocketState* socket =
      position_ >= 0 ? &state.sockets[static_cast<std::size_t>(position_)] : nullptr;
  if (!plan_.is_strip() && socket) has_jumped = say_relay(*socket, wall);
  if (!plan_.is_strip() && plan_.may_overload) add(point::overloaded.row, state.is_overloaded);
  if (!plan_.is_socket()) {
    say_device(state);
    say_texts(state, address);
  }
  add_text(point::alias, said_.alias, socket && state.is_strip ? socket->alias : state.alias);
  post();
  return has_jumped;
}

void Outlet::say_device(const DeviceState& state) {
  add(point::signal_strength, state.rssi_dbm);
  add(point::led.row, state.is_led_on);
  if (plan_.may_overheat) add(point::overheated.row, state.is_overheated);
}

void Outlet::say_texts(const DeviceState& state, const std::string& address) {
  add_text(point::plug_model, said_.model, state.model);
  add_text(point::firmware, said_.firmware, state.firmware);
  add_text(point::address, said_.address, address);
}

bool Outlet::say_relay(const SocketState& socket, WallTime wall) {
  is_on_ = socket.is_on;
  if (is_on_) was_on_ = *is_on_;
  if (!socket.is_on.value_or(false)) power_w_ = 0;
  const std::optional<double> on_time =
      socket.is_on.value_or(false) ? socket.on_time_s : std::nullopt;
  add(point::relay.row, socket.is_on);
  add(point::on_since, on_time ? std::optional(unix_seconds(wall) - *on_time) : std::nullopt);
  const bool has_jumped = on_time && last_on_time_ && *on_time + kOnTimeSlack < *last_on_time_;
  last_on_time_ = on_time;
  return has_jumped;
}

bool Outlet::say_meter(const MeterState& meter, Family family, SteadyTime now) {
  meter_read_ = now;
  is_meter_wanted_ = false;
  if (!plan_.has_meter) return false;
  power_w_ = meter.power_w.value_or(0);
  add(point::power.row, meter.power_w);
  add(point::voltage.row, meter.voltage_v);
  add(point::current.row, meter.current_a);
  add(point::energy_counter.row, meter.counter_kwh);
  post();
  // SMART plugs count the day: theirs goes back at midnight.
  const bool went_back = family == Family::iot && meter.counter_kwh && last_counter_kwh_ &&
                         *meter.counter_kwh + kCounterSlack < *last_counter_kwh_;
  if (meter.counter_kwh) last_counter_kwh_ = meter.counter_kwh;
  return went_back;
}

double Outlet::guard_left_s(SteadyTime now) const {
  if (!guard_ || !guard_->is_armed) return 0;
  return std::max(0.0, guard_->remaining_s - to_seconds(now - guard_read_));
}

void Outlet::say_armed(const GuardState& guard, SteadyTime now) {
  guard_ = guard;
  guard_read_ = now;
  countdown_.reset();
  armed_until_.reset();
  if (guard.is_armed) armed_until_ = now + from_seconds(guard.remaining_s);
  if (guard.is_armed && guard.is_running) countdown_ = Countdown{guard.remaining_s, now};
  say_guard_left(now);
}

bool Outlet::say_guard(const GuardState& guard, SteadyTime now) {
  guard_ = guard;
  guard_read_ = now;
  if (!guard.is_armed) armed_until_.reset();
  if (guard.is_armed && !guard.tells_remaining)  // our own arming is all there is to go by
    guard_->remaining_s = armed_until_ ? to_seconds(*armed_until_ - now) : 0;
  const bool is_credible = check_guard(guard, now);
  say_guard_left(now);
  return is_credible;
}

/// A timer that always says the same does not run, whatever it says; neither does one that falls
/// too slowly, so it is held against where it began and not against the last reading.
bool Outlet::check_guard(const GuardState& guard, SteadyTime now) {
  if (!guard.is_armed || !guard.is_running || !guard.tells_remaining) {
    countdown_.reset();
    if (!guard.is_armed) is_guard_suspect_ = false;
    return true;
  }
  const Countdown read{guard.remaining_s, now};
  if (!countdown_) countdown_ = read;
  const double passed_s = to_seconds(now - countdown_->since);
  const double too_much_s = guard.remaining_s - (countdown_->left_s - passed_s);
  if (too_much_s > std::max(kGuardSlack, kGuardDrift * passed_s)) {
    is_guard_suspect_ = true;
    countdown_ = read;
    return false;
  }
  if (is_guard_suspect_ && passed_s >= kProof) {
    is_guard_suspect_ = too_much_s > kProofSlack;
    countdown_ = read;
  }
  if (too_much_s < -kGuardSlack) countdown_ = read;  // shortened from outside
  return !is_guard_suspect_;
}

void Outlet::say_guard_left(SteadyTime now) {
  const double left_s = guard_left_s(now);
  const bool is_believed =
      guard_ && guard_->is_armed && !is_guard_suspect_ && (guard_->tells_remaining || left_s > 0);
  add(point::guard_remaining.row, is_believed ? std::optional(left_s) : std::nullopt);
  post();
}

void Outlet::say_no_meter() {
  if (!plan_.has_meter || plan_.is_strip()) return;
  power_w_ = 0;
  for (const RowId row :
       {point::power.row, point::voltage.row, point::current.row, point::energy_counter.row})
    add(row, std::nullopt);
  post();
}

void Outlet::say_unknown() {
  is_on_.reset();
  guard_.reset();
  guard_read_ = {};
  countdown_.reset();
  if (!plan_.is_strip()) {
    for (const RowId row : {point::relay.row, point::on_since, point::guard_remaining.row})
      add(row, std::nullopt);
    if (plan_.may_overload) add(point::overloaded.row, std::nullopt);
  }
  if (!plan_.is_socket()) {
    for (const RowId row : {point::signal_strength, point::led.row}) add(row, std::nullopt);
    if (plan_.may_overheat) add(point::overheated.row, std::nullopt);
  }
  post();
  say_no_meter();
}

void Outlet::note(std::string type, Severity severity, std::string key, std::string message) {
  report_.notes.push_back({std::move(type), severity, std::move(key), std::move(message)});
  post();
}

}  // namespace b2m::kasa

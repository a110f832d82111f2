// SPDX-License-Identifier: MIT
// What must hold for all that is read out of a plug's reply, whatever the reply was.
#pragma once

#include <cmath>
#include <cstdlib>

#include "adapters/kasa/guard.hpp"
#include "adapters/kasa/wire_text.hpp"

namespace b2m::fuzz {

inline void require(bool holds) {
  if (!holds) std::abort();
}

inline void check(std::optional<double> n) { require(!n || std::isfinite(*n)); }
inline void check_not_negative(std::optional<double> n) {
  check(n);
  require(!n || *n >= 0);
}
inline void check(const std::string& text) { require(kasa::is_utf8(text)); }

template <class T>
bool is_good(const Result<T>& result) {
  if (result) return true;
  require(!result.error().detail.empty());
  check(result.error().detail);
  return false;
}

inline void check(const kasa::SocketState& socket) {
  check(socket.id);
  check(socket.alias);
  check_not_negative(socket.on_time_s);
}

inline void check(const kasa::DeviceState& state) {
  require(state.mac.empty() || kasa::normal_mac(state.mac) == state.mac);
  for (const auto& text :
       {state.device_id, state.model, state.hardware, state.firmware, state.alias})
    check(text);
  check(state.rssi_dbm);
  require(!state.sockets.empty() && (state.is_strip || state.sockets.size() == 1));
  for (const auto& socket : state.sockets) check(socket);
}

inline void check(const kasa::MeterState& meter) {
  check(meter.voltage_v);
  check(meter.current_a);
  check(meter.power_w);
  check_not_negative(meter.counter_kwh);
}

/// A timer that is believed must be one that switches off.
inline void check(const kasa::TimerRules& rules) {
  constexpr int kDelay_s = 601;
  for (const auto& rule : rules) {
    check(rule.id);
    check_not_negative(rule.delay_s);
    check(rule.remaining_s);
  }
  const kasa::GuardState guard = kasa::guard_of(rules);
  require(std::isfinite(guard.remaining_s));
  require(!guard.is_armed || !rules.empty());
  const kasa::TimerRule* armed = kasa::armed_for(rules, kDelay_s, true);
  require(armed == nullptr || (armed->is_enabled == true && armed->ends_on == false));
  is_good(kasa::plan_timer(rules, {}, true));
  is_good(kasa::plan_timer(rules, rules.empty() ? "" : rules.front().id, false));
}

}  // namespace b2m::fuzz

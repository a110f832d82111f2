// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_guards.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace b2m::rules {
namespace {

constexpr double kConfirm_s = 10;
constexpr int kRepeats = 3;
constexpr double kUnheard_s = 300;
constexpr double kOffPower_w = 1;
/// A relay that comes on so soon after our last "on" has got that order late.
constexpr double kOwnEcho_s = 60;
constexpr double kFrozen_s = 60;
constexpr int kFrozenReadings = 3;
constexpr double kGuardSlack_s = 60;
constexpr double kMostHours = 12;
constexpr double kOverPower = 1.15;
constexpr double kOverPower_s = 30;
constexpr double kOverEnergy = 1.15;
constexpr double kOverNominal = 1.5;
constexpr double kUnknownCeiling_w = 1000;

bool is_known(const Reading& r) { return r.is_good() && std::isfinite(r.value); }

}  // namespace

void RelayOrder::give(bool on, SteadyTime now) {
  const std::optional<SteadyTime> last_on = is_on_ || on ? now : last_on_;
  *this = {};
  last_on_ = last_on;
  is_on_ = on;
  given_ = now;
  next_ = now + from_seconds(kConfirm_s);
}

void RelayOrder::look(const PlugReadings& plug, SteadyTime now) {
  if (!is_known(plug.relay) || plug.relay.time <= given_) return;
  const bool as_ordered = (plug.relay.value != 0) == is_on_;
  const bool has_power = is_known(plug.power_w) && plug.power_w.time > given_;
  const bool draws = has_power && plug.power_w.value >= kOffPower_w;
  if (as_ordered && !relay_seen_) relay_seen_ = plug.relay.time;
  if (!as_ordered) note_contrary(plug.relay.time, now);
  is_contrary_ = !as_ordered || (!is_on_ && draws);
  is_confirmed_ = as_ordered && (is_on_ || (has_power && !draws));
}

void RelayOrder::note_contrary(SteadyTime read_at, SteadyTime now) {
  if (!relay_seen_ || read_at <= *relay_seen_) return;
  if (!is_on_ && last_on_ && to_seconds(now - *last_on_) <= kOwnEcho_s) {
    relay_seen_.reset();  // our own "on" came late: it must be seen to go off once more
  } else {
    is_overridden_ = true;
  }
}

RelayOrder::Verdict RelayOrder::step(const PlugReadings& plug, SteadyTime now) {
  look(plug, now);
  if (is_confirmed_) {
    repeats_ = 0;
    next_ = now + from_seconds(kConfirm_s);
    return Verdict::fine;
  }
  if (now < next_) return Verdict::fine;
  if (repeats_ >= kRepeats && is_contrary_) return Verdict::ignored;
  if (to_seconds(now - given_) > kUnheard_s && !is_contrary_) return Verdict::unheard;
  next_ = now + from_seconds(kConfirm_s);
  // The relay has obeyed; only the meter has not been read yet.
  if (relay_seen_ && !is_contrary_) return Verdict::fine;
  ++repeats_;
  return Verdict::repeat;
}

void GuardWatch::start(SteadyTime now, double guard_s) {
  *this = {};
  guard_s_ = guard_s;
  good_at_ = now;
}

void GuardWatch::step(const Reading& guard, SteadyTime now) {
  if (is_counting(guard, now)) good_at_ = now;
}

bool GuardWatch::is_counting(const Reading& guard, SteadyTime now) {
  if (!is_known(guard) || guard.value <= 0) return false;
  if (!last_ || guard.time > last_->time) {
    const bool is_same = last_ && std::abs(guard.value - last_->value) < 0.5;
    same_ = is_same ? same_ + 1 : 1;
    if (!is_same) first_ = guard;
    last_ = guard;
  }
  const bool is_frozen =
      same_ >= kFrozenReadings && to_seconds(last_->time - first_->time) >= kFrozen_s;
  const bool is_ours = guard.value <= guard_s_ + kGuardSlack_s;
  return is_ours && !is_frozen && !has_run_out(now);
}

bool GuardWatch::has_run_out(SteadyTime now) const {
  return last_ && last_->value <= to_seconds(now - last_->time);
}

double time_limit_h(const ChargingProfile& profile) {
  if (profile.max_hours > 0) return profile.max_hours;
  if (profile.capacity_ah <= 0 || profile.charger_current_a <= 0) return kMostHours;
  return std::min(kMostHours, 1.25 * profile.capacity_ah / profile.charger_current_a + 3);
}

double energy_limit_wh(const ChargingProfile& profile) {
  if (profile.efficiency <= 0) return 0;
  return kOverEnergy * profile.capacity_ah * profile.battery_voltage_v / profile.efficiency;
}

double known_peak_w(const ChargingProfile& profile, const Learned& learned) {
  return learned.peak_w > 0 ? learned.peak_w : profile.peak_w;
}

double power_ceiling_w(const ChargingProfile& profile, const Learned& learned) {
  if (profile.max_power_w > 0) return profile.max_power_w;
  if (known_peak_w(profile, learned) > 0) return 0;
  const double battery_w = profile.charger_current_a * profile.battery_voltage_v;
  if (battery_w <= 0 || profile.efficiency <= 0) return kUnknownCeiling_w;
  return kOverNominal * battery_w / profile.efficiency;
}

void PowerGuard::add(SteadyTime at, double watts, const ChargingProfile& profile,
                     const Learned& learned) {
  const double peak = known_peak_w(profile, learned);
  above_learned_.note(peak > 0 && watts > kOverPower * peak, at);
  const double most_w = power_ceiling_w(profile, learned);
  above_most_ = most_w > 0 && watts > most_w ? above_most_ + 1 : 0;
  at_ = at;
  watts_ = watts;
}

std::optional<std::string> PowerGuard::fault(const ChargingProfile& profile,
                                             const Learned& learned) const {
  if (above_most_ >= 2)
    return fmt::format("{:.1f} W is above the {:.1f} W that the profile \"{}\" allows{}", watts_,
                       power_ceiling_w(profile, learned), profile.name,
                       profile.max_power_w > 0
                           ? ""
                           : ", whose charger is not known: if that is right, set max_power_w");
  if (above_learned_.lasted(kOverPower_s, at_))
    return fmt::format(
        "{:.1f} W for {:.0f} s, more than 115 % of the peak power of {:.1f} W: "
        "another charger or battery than that of the profile \"{}\"?",
        watts_, above_learned_.seconds(at_), known_peak_w(profile, learned), profile.name);
  return std::nullopt;
}

std::optional<std::string> plug_trouble(const PlugReadings& plug) {
  if (plug.overheated.is_on()) return "the plug says that it is overheated";
  if (plug.overloaded.is_on()) return "the plug says that it is overloaded";
  return std::nullopt;
}

std::optional<std::string> ambient_trouble(const ChargerSettings& settings,
                                           std::optional<double> ambient_c, double margin_k) {
  if (!ambient_c) return std::nullopt;
  if (*ambient_c < settings.temperature_low_c + margin_k)
    return fmt::format("{:.1f} °C around the battery, the least for charging is {:.1f} °C",
                       *ambient_c, settings.temperature_low_c);
  if (*ambient_c > settings.temperature_high_c - margin_k)
    return fmt::format("{:.1f} °C around the battery, the most for charging is {:.1f} °C",
                       *ambient_c, settings.temperature_high_c);
  return std::nullopt;
}

}  // namespace b2m::rules

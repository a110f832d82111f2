// SPDX-License-Identifier: MIT
// In the tail the recorded power falls by the same watts each minute, so its square falls evenly
// with the energy; where it falls exponentially in time, it falls evenly with the energy itself.
#include "gateway/sim/charger_load.hpp"

#include <algorithm>
#include <cmath>

namespace b2m::sim {
namespace {

constexpr SteadyDuration kStep = std::chrono::seconds(1);
constexpr double kSecondsPerHour = 3600;
constexpr double kWarmUp_s = 200;
constexpr double kFullDecay_s = 10'000;
constexpr double kExponentialBelow = 0.36;  // of the peak
constexpr double kLeastRise = 0.5;          // an empty pack still draws this part of the peak
constexpr double kFullNoiseAbove_w = 20;    // small draws are steadier

double square(double x) { return x * x; }

/// Evenly within +-1, the same for the same numbers on every machine.
double scatter(std::uint64_t seed, std::uint64_t step) {
  std::uint64_t x = seed * 0x9E3779B97F4A7C15ULL + step;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  x ^= x >> 31;
  return 2 * static_cast<double>(x >> 11) / 9007199254740992.0 - 1;
}

}  // namespace

ChargerLoadParameters charger_curve(std::string_view name) {
  ChargerLoadParameters p;
  if (name == "lectric") {
    p.peak = Watts(111.5);
    p.capacity_wh = 710;
    p.knee_level = 0.87;
    p.tail = TailShape::exponential;
    p.full = Watts(3);
  }
  if (name == "small") {
    p.peak = Watts(16.9);
    p.warmup_dip_w = 0;
    p.rise_per_hour = 0.12;
    p.capacity_wh = 24;
    p.knee_level = 0.85;
    p.tail = TailShape::exponential;
    p.idle = Watts(0.3);
    p.full = Watts(0.8);
    p.noise_w = 0.05;
  }
  return p;
}

ChargerLoad::ChargerLoad(const ChargerLoadParameters& parameters)
    : p_(parameters), level_(std::clamp(parameters.level, 0.0, 1.0)) {}

void ChargerLoad::advance_to(SteadyTime now) {
  if (!has_started_) {
    has_started_ = true;
    now_ = now;
    step_end_ = now + kStep;
  }
  if (!is_live() && now > step_end_) {  // nothing happens but time
    const auto steps = (now - step_end_) / kStep + 1;
    step_ += static_cast<std::uint64_t>(steps);
    step_end_ += steps * kStep;
    now_ = std::max(now_, now);
  }
  while (now_ < now) {
    const SteadyTime until = std::min(now, step_end_);
    pass(to_seconds(until - now_));
    now_ = until;
    if (now_ < step_end_) continue;
    step_end_ += kStep;
    ++step_;
    measure();
  }
}

void ChargerLoad::pass(double seconds) {
  const double wh = power_w_ * seconds / kSecondsPerHour;
  energy_wh_ += wh;
  if (!is_live() || !has_battery_) return;
  warm_s_ += seconds;
  if (level_ >= 1) full_s_ += seconds;
  if (level_ < 1) level_ = std::min(1.0, level_ + wh / p_.capacity_wh);
}

void ChargerLoad::switch_on(bool is_on) {
  if (is_on == is_on_) return;
  is_on_ = is_on;
  warm_s_ = full_s_ = 0;
  measure();
}

void ChargerLoad::plug_in(bool is_plugged_in) {
  if (is_plugged_in == is_plugged_in_) return;
  is_plugged_in_ = is_plugged_in;
  warm_s_ = full_s_ = 0;
  measure();
}

void ChargerLoad::connect_battery(bool is_connected) {
  has_battery_ = is_connected;
  measure();
}

void ChargerLoad::set_level(double level) {
  level_ = std::clamp(level, 0.0, 1.0);
  full_s_ = 0;
  measure();
}

void ChargerLoad::measure() { power_w_ = is_live() ? std::max(0.0, steady_w() + noise()) : 0; }

double ChargerLoad::steady_w() const {
  if (!has_battery_) return p_.idle.value;
  if (level_ < 1) return charging_w();
  return std::max(p_.idle.value, p_.full.value * std::exp(-full_s_ / kFullDecay_s));
}

double ChargerLoad::charging_w() const {
  const double cold = p_.warmup_dip_w * std::exp(-warm_s_ / kWarmUp_s);
  if (level_ >= p_.knee_level) return tail_w((level_ - p_.knee_level) / (1 - p_.knee_level)) + cold;
  const double hours_left = (p_.knee_level - level_) * p_.capacity_wh / p_.peak.value;
  return p_.peak.value * std::max(kLeastRise, 1 - p_.rise_per_hour * hours_left) + cold;
}

// `part` of the energy between knee and full.
double ChargerLoad::tail_w(double part) const {
  const double top = square(p_.peak.value);
  if (p_.tail == TailShape::linear_with_step)
    return std::sqrt(top - (top - square(p_.end_step.value)) * part);
  // Both pieces meet with the same slope when the first takes this part.
  const double below = square(kExponentialBelow);
  const double linear = (1 - below) / (1 + below);
  if (part < linear) return std::sqrt(top - top * (1 - below) * part / linear);
  const double tail = p_.peak.value * kExponentialBelow * (1 - part) / (1 - linear);
  return std::max(tail, p_.full.value);
}

double ChargerLoad::noise() const {
  const double share = std::min(1.0, steady_w() / kFullNoiseAbove_w);
  return p_.noise_w * share * scatter(p_.seed, step_);
}

Amperes ChargerLoad::current() const { return Amperes(power_w_ / (p_.mains_v * p_.power_factor)); }

}  // namespace b2m::sim

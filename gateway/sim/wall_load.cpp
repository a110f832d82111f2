// SPDX-License-Identifier: MIT
#include "gateway/sim/wall_load.hpp"

#include <algorithm>

namespace b2m::sim {
namespace {

constexpr double kSecondsPerHour = 3600;
constexpr double kPowerFactor = 0.6;  // of a small charger without correction
constexpr Watts kIdle{0.7};
// Cells answer a change of current within a minute; the energy follows in steps of this.
constexpr SteadyDuration kStep = std::chrono::seconds(1);

}  // namespace

void Lamp::advance_to(SteadyTime now) {
  if (has_started_ && now > now_)
    energy_wh_ += power().value * to_seconds(now - now_) / kSecondsPerHour;
  has_started_ = true;
  now_ = std::max(now, now_);
}

BenchCharger::BenchCharger(Bench& bench, std::size_t charger, double efficiency)
    : bench_(bench), charger_(charger), efficiency_(efficiency) {}

void BenchCharger::advance_to(SteadyTime now) {
  if (!has_started_) now_ = now;
  has_started_ = true;
  bench_.advance_to(now_);
  while (now_ < now) {
    const SteadyDuration step = std::min(kStep, now - now_);
    now_ += step;
    bench_.advance_to(now_);
    energy_wh_ += power().value * to_seconds(step) / kSecondsPerHour;
  }
}

void BenchCharger::switch_on(bool is_on) {
  is_on_ = is_on;
  apply();
}

void BenchCharger::plug_in(bool is_plugged_in) {
  is_plugged_in_ = is_plugged_in;
  apply();
}

void BenchCharger::connect_battery(bool is_there) {
  has_battery_ = is_there;
  apply();
}

void BenchCharger::apply() {
  bench_.switch_charger(charger_, is_on_ && is_plugged_in_ && has_battery_);
}

Watts BenchCharger::power() const {
  if (!is_on_ || !is_plugged_in_) return Watts(0);
  if (!has_battery_) return kIdle;
  return kIdle + bench_.voltage() * bench_.charger_current(charger_) / efficiency_;
}

Amperes BenchCharger::current() const { return power() / voltage() / kPowerFactor; }

}  // namespace b2m::sim

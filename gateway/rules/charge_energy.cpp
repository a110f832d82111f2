// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_energy.hpp"

#include <algorithm>

namespace b2m::rules {
namespace {

constexpr double kGap_s = 120;
constexpr double kMostPower_w =
    4000;  // more than any plug carries: a counter that says so is wrong
constexpr double kCounterStep_wh = 10;

}  // namespace

void EnergyMeter::restore(double energy_wh, double cost, bool has_cost) {
  energy_wh_ = energy_wh;
  cost_ = cost;
  has_cost_ = has_cost;
}

void EnergyMeter::bridge(SteadyTime now, double seconds, double watts,
                         std::optional<double> counter_kwh) {
  counter_kwh_ = counter_kwh;
  last_ = Sample{now - from_seconds(std::max(0.0, seconds)), std::max(0.0, watts)};
}

double EnergyMeter::across(double seconds, double watts, std::optional<double> counter) const {
  const double by_power = watts * seconds / 3600;
  if (!counter || !counter_kwh_) return by_power;
  // A counter that went back has started anew: what it shows has flowed since.
  const double moved_kwh = *counter >= *counter_kwh_ ? *counter - *counter_kwh_ : *counter;
  const double by_counter = moved_kwh * 1000;
  const bool is_possible = by_counter <= kMostPower_w * seconds / 3600 + kCounterStep_wh;
  return is_possible ? std::max(by_power, by_counter) : by_power;
}

void EnergyMeter::add(SteadyTime at, double watts, std::optional<double> counter_kwh,
                      double price_per_kwh) {
  watts = std::max(0.0, watts);
  if (last_ && at > last_->at) {
    const double seconds = to_seconds(at - last_->at);
    const double moved_wh = seconds <= kGap_s ? (last_->watts + watts) / 2 * seconds / 3600
                                              : across(seconds, last_->watts, counter_kwh);
    energy_wh_ += moved_wh;
    cost_ += moved_wh / 1000 * price_per_kwh;
    has_cost_ |= price_per_kwh != 0;
  }
  last_ = Sample{at, watts};
  if (counter_kwh) counter_kwh_ = counter_kwh;
}

}  // namespace b2m::rules

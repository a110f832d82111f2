// SPDX-License-Identifier: MIT
// Energy and cost of one charge, from the power at the plug and, across gaps, its counter.
#pragma once

#include <optional>

#include "gateway/units.hpp"

namespace b2m::rules {

class EnergyMeter {
 public:
  /// The relay has come on: nothing was drawn since the last sample.
  void relay_came_on() { last_.reset(); }
  void restore(double energy_wh, double cost, bool has_cost);
  /// What flowed while nobody watched: before the next sample, for so long, at that power.
  void bridge(SteadyTime now, double seconds, double watts, std::optional<double> counter_kwh);
  void add(SteadyTime at, double watts, std::optional<double> counter_kwh, double price_per_kwh);

  [[nodiscard]] double energy_wh() const { return energy_wh_; }
  [[nodiscard]] double cost() const { return cost_; }
  [[nodiscard]] bool has_cost() const { return has_cost_; }
  [[nodiscard]] double last_power_w() const { return last_ ? last_->watts : 0; }
  [[nodiscard]] std::optional<double> last_counter_kwh() const { return counter_kwh_; }

 private:
  struct Sample {
    SteadyTime at{};
    double watts = 0;
  };
  [[nodiscard]] double across(double seconds, double watts, std::optional<double> counter) const;

  std::optional<Sample> last_;
  std::optional<double> counter_kwh_;  // at the last sample
  double energy_wh_ = 0;
  double cost_ = 0;
  bool has_cost_ = false;
};

}  // namespace b2m::rules

// SPDX-License-Identifier: MIT
// What the configuration says of a pack's balancing.
#pragma once

#include <map>

#include "gateway/model/site.hpp"

namespace b2m::rules {

struct BalancePlan {
  double balance_difference_v = 0.02;
  double balance_voltage_v = 0;  // 0: not set, and then nothing is bled
  double bleed_time_s = 60;
  double balance_period_s = 60;  // a run bleeds this long, then measures again
  double balance_rest_s = 5;     // and rests this long before it measures
  double balance_max_h = 12;
  int max_bleeders = 0;  // of one module at a time; 0: all
};
using BalancePlans = std::map<DeviceId, BalancePlan>;

}  // namespace b2m::rules

// SPDX-License-Identifier: MIT
// Energy of every metered plug, counted on by the gateway: the plug's own counter starts anew after
// a power cut, at midnight or when somebody erases it.
#pragma once

#include <string>
#include <vector>

#include "gateway/rules/rule.hpp"

namespace b2m::rules {

class PlugEnergy final : public Rule {
 public:
  PlugEnergy(const Site& site, const Recall& recall);
  void step(const Input& in, Decision& out) override;

 private:
  struct Meter {
    DeviceId id;
    std::string slug;
    Slot counter = kNoSlot, power = kNoSlot, total = kNoSlot, today = kNoSlot;
    double total_kwh = 0;
    double today_kwh = 0;
    double last_counter_kwh = -1;  // -1: not read yet
    int day = -1;                  // local, days since the epoch
    SteadyTime last_power{};
    SteadyTime kept{};
    double kept_kwh = -1;
  };
  std::vector<Meter> meters_;
};

}  // namespace b2m::rules

// SPDX-License-Identifier: MIT
// Energy of every metered plug, counted on by the gateway: the plug's own counter starts anew after
// a power cut, at midnight or when somebody erases it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
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
    std::string key;
    Slot counter = kNoSlot, power = kNoSlot, total = kNoSlot, today = kNoSlot;
    bool is_known = false;  // something was read, now or in an earlier run
    double total_kwh = 0;
    double today_kwh = 0;
    int day = -1;                  // local, days since the epoch
    double last_counter_kwh = -1;  // -1: not read yet
    SteadyTime counter_at{};       // in this run
    std::int64_t counter_wall_s = 0;
    double power_w = 0;
    SteadyTime power_at{};
    SteadyTime kept{};
    double kept_kwh = -1;
  };
  static void restore(Meter& m, std::string_view text);
  static void begin_day(Meter& m, int day);
  static void count(Meter& m, const Reading& counter, std::int64_t wall_s);
  static void integrate(Meter& m, const Reading& power);
  static void add(Meter& m, double kwh);
  static void keep(Meter& m, const Input& in, Decision& out);

  std::vector<Meter> meters_;
};

}  // namespace b2m::rules

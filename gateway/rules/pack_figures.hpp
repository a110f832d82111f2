// SPDX-License-Identifier: MIT
// Figures of a whole pack out of its cells: sum, lowest, highest, mean, spread, worst cell, rates.
#pragma once

#include <deque>
#include <vector>

#include "gateway/rules/rule.hpp"

namespace b2m::rules {

class PackFigures final : public Rule {
 public:
  explicit PackFigures(const Site& site);
  void step(const Input& in, Decision& out) override;

 private:
  /// The change of a value over the last minute, sampled once a second.
  class Rate {
   public:
    /// Change per minute; missing until the history spans 20 s or while `reading` is not good.
    Reading step(const Reading& reading, SteadyTime now);

   private:
    struct Point {
      SteadyTime time;
      double value;
    };
    std::deque<Point> history_;
  };
  struct Pack {
    DeviceId id;
    std::vector<Slot> cells, temperatures;
    std::vector<std::vector<Slot>> modules;  // the cells of each
    Rate voltage_rate, temperature_rate;
  };
  static void voltages(Pack& pack, const Input& in, Decision& out);
  static void temperatures(Pack& pack, const Input& in, Decision& out);
  struct Module {
    DeviceId id;
    std::vector<Slot> cells;
  };
  static void module_spread(const Pack& pack, const Input& in, Decision& out);
  static void module_voltages(const Module& module, const Input& in, Decision& out);
  static void power(DeviceId device, const Input& in, Decision& out);

  std::vector<Pack> packs_;
  std::vector<Module> modules_;
};

}  // namespace b2m::rules

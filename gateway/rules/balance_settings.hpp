// SPDX-License-Identifier: MIT
// What a pack's balancing goes by: the keys of [[pack]] and the three entities that change them. A
// changed entity wins over the configuration until that is changed as well.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "gateway/result.hpp"
#include "gateway/rules/balance_plan.hpp"
#include "gateway/rules/rule.hpp"

namespace b2m::rules {

class BalanceSettings {
 public:
  BalanceSettings() = default;
  /// `low_v`: no cell may be bled at or below it, whatever the user sets.
  BalanceSettings(const Site& site, DeviceId pack, const BalancePlan& plan, double low_v,
                  const Recall& recall);

  [[nodiscard]] const BalancePlan& plan() const { return plan_; }
  /// No cell is bled at or below it; empty: not set.
  [[nodiscard]] std::optional<double> floor_v() const;
  [[nodiscard]] double low_v() const { return low_v_; }
  [[nodiscard]] bool is_mine(Slot slot) const;
  Result<> change(const Intent& intent, Decision& out);
  void show(Decision& out) const;

 private:
  struct Setting {
    Slot slot = kNoSlot;
    double BalancePlan::*value = nullptr;
    std::string kept_key;
    std::string initial;
  };
  void restore(const Site& site, const Setting& setting, const Recall& recall);

  BalancePlan plan_;
  double low_v_ = 0;
  std::array<Setting, 3> settings_;
};

}  // namespace b2m::rules

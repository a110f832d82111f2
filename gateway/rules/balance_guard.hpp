// SPDX-License-Identifier: MIT
// Why a cell must not be bled just now. Whatever is not known counts as a reason.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/rules/limits.hpp"
#include "gateway/rules/rule.hpp"

namespace b2m::rules {

/// A cell of a pack. Those without a bleeder count as well: one of them may be the lowest.
struct BalanceCell {
  Slot voltage = kNoSlot;
  Slot bleed = kNoSlot;    // kNoSlot: cannot be bled, or must not
  std::size_t module = 0;  // position among BalanceGuard::modules

  /// A node that never says whether it bleeds has nothing to bleed with.
  [[nodiscard]] bool has_bleeder(const Snapshot& now) const {
    return bleed != kNoSlot && now[bleed].quality != Quality::missing;
  }
};

class BalanceGuard {
 public:
  BalanceGuard() = default;
  BalanceGuard(const Site& site, DeviceId pack, const LimitsOf& limits);

  [[nodiscard]] const std::vector<BalanceCell>& cells() const { return cells_; }
  [[nodiscard]] std::size_t modules() const { return sensors_.size(); }
  /// At or below it a cell is nearly empty: the low limit with its hysteresis; 0: no limit.
  [[nodiscard]] double low_v() const { return low_v_; }

  /// Of any bleed in this pack: the gateway stops, an alarm is on.
  [[nodiscard]] std::optional<std::string> of_pack(const Input& in, const Decision& out) const;
  /// Of this cell and the sensors about it.
  [[nodiscard]] std::optional<std::string> of_cell(const BalanceCell& cell, const Input& in) const;
  /// The first of all that are in the way of a run, which needs every cell.
  [[nodiscard]] std::optional<std::string> of_run(const Input& in, const Decision& out) const;

 private:
  void add_cells(const Site& site, DeviceId device);
  [[nodiscard]] std::optional<std::string> of_sensors(std::size_t module, const Input& in) const;

  std::vector<BalanceCell> cells_;
  std::vector<std::vector<Slot>> sensors_;  // [module] that must be known and cool
  std::vector<Slot> alarms_;
  double low_v_ = 0;
  std::optional<double> hot_c_;
};

}  // namespace b2m::rules

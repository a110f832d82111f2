// SPDX-License-Identifier: MIT
// Why a pack must not be charged just now, whoever charges it: its own charge switch or a charger
// behind a plug.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/rules/limits.hpp"
#include "gateway/rules/rule.hpp"

namespace b2m::rules {

class PackObstacle {
 public:
  enum class Spread {
    stops,
    /// Balancing mends it, and balancing needs a charge; every single cell is still watched.
    calls_for_balancing,
  };
  PackObstacle() = default;
  /// `adapter`: without it nothing is known or can be switched.
  PackObstacle(const Site& site, DeviceId pack, const LimitsOf& limits, AdapterIndex adapter,
               Spread spread = Spread::stops);

  /// Empty: it may be charged.
  [[nodiscard]] std::optional<std::string> find(const Input& in, const Decision& out) const;

 private:
  Slot adapter_connected_ = kNoSlot;
  bool has_cells_ = false;
  std::vector<Slot> inputs_;  // must be known
  std::vector<LimitCheck> checks_;
  std::vector<Slot> alarms_;
};

}  // namespace b2m::rules

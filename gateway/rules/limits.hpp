// SPDX-License-Identifier: MIT
// Warning limits of a pack's cells and sensors, and where its readings stand against them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/model/snapshot.hpp"

namespace b2m::rules {

/// Raised beyond `limit` after `delay_s`, cleared when back by `hysteresis`; the limit itself is
/// normal.
struct Limit {
  double limit = 0;
  double hysteresis = 0;
  double delay_s = 0;
};

struct PackLimits {
  std::optional<Limit> cell_high_v, cell_low_v, cell_spread_v;
  std::optional<Limit> temperature_high_c, temperature_low_c;
};
using LimitsOf = std::map<DeviceId, PackLimits>;

/// Keys of the alarms that a pack with these limits can have, whatever its sources offer.
std::vector<std::string> alarm_keys(const PackLimits& limits);

enum class Side { high, low, spread };

/// One limit over many readings.
struct LimitCheck {
  RowId alarm = kNoRow;
  Side side = Side::high;
  Limit limit;
  std::vector<Slot> slots;

  struct Finding {
    double value = 0;          // the worst good reading, or the spread
    Slot slot = kNoSlot;       // where it is
    bool is_complete = false;  // all readings are good
  };
  /// Empty when no reading is good.
  [[nodiscard]] std::optional<Finding> find(const Snapshot& now) const;
  [[nodiscard]] bool is_beyond(double value) const;
  [[nodiscard]] bool is_back(double value) const;
  /// "Cell 3 voltage is 14.01 V, the limit is 14.00 V"
  [[nodiscard]] std::string describe(const Finding& finding, const Site& site) const;
};

std::vector<LimitCheck> limit_checks(const Site& site, DeviceId pack, const PackLimits& limits);

/// "Cell 3 voltage", with the module's name in front where it has one.
std::string place(const Site& site, Slot slot);

}  // namespace b2m::rules

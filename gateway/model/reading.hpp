// SPDX-License-Identifier: MIT
// One value with its time and how far it can be trusted.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "gateway/units.hpp"

namespace b2m {

enum class Quality : std::uint8_t {
  missing,  // never seen, or said to be unknown
  good,
  suspect,  // implausible or contradicting
  stale,    // older than the point's limit
  absent,   // the device says that it has no such sensor; never of a cell's voltage
};
inline constexpr std::string_view kQualities[] = {"missing", "good", "suspect", "stale", "absent"};

/// The value of a number point; on/off points hold 1 or 0, option points the option's position.
/// Rules treat everything but `good` as "I do not know".
struct Reading {
  double value = std::numeric_limits<double>::quiet_NaN();
  SteadyTime time{};  // when it was measured or computed
  Quality quality = Quality::missing;

  [[nodiscard]] bool is_good() const { return quality == Quality::good; }
  /// There is nothing to know. Rules that need every sensor do without this one.
  [[nodiscard]] bool is_absent() const { return quality == Quality::absent; }
  [[nodiscard]] bool is_on() const { return is_good() && value != 0; }
  [[nodiscard]] bool is_off() const { return is_good() && value == 0; }
};

}  // namespace b2m

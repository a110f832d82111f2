// SPDX-License-Identifier: MIT
// Hints: the nearest known name, and units at the end of key names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace b2m::config {

/// The known name that `wrong` was most likely meant to be; empty when none is near.
std::string nearest(std::string_view wrong, const std::vector<std::string>& known);

/// "auto, 5 or 3.1.1"
std::string join(const std::vector<std::string>& names, std::string_view last = "or");

/// A key is a stem and, often, the unit its value is in: cell_high_mv.
struct UnitSuffix {
  std::string_view suffix;  // "mv"
  std::string_view symbol;  // "mV"
  std::string_view base;    // what it can be converted to: "V"
  double factor;            // of the base
};
const UnitSuffix* unit_suffix(std::string_view key);
std::string_view stem(std::string_view key);
/// "mV"; empty when the key has no unit.
std::string_view unit_of(std::string_view key);
/// From one key's unit into the other's; nothing when they measure different things.
std::optional<double> convert(double value, std::string_view from_key, std::string_view to_key);

}  // namespace b2m::config

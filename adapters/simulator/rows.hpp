// SPDX-License-Identifier: MIT
// The points that only a simulated pack has. Their names say so, since they stand beside those of
// real batteries.
#pragma once

#include <array>

#include "gateway/model/point.hpp"
#include "gateway/sim/pack_model.hpp"

namespace b2m::simulator {

enum class Row { fault, fault_cell, load, heater, contactor };

/// "none", then the pack's own words.
inline constexpr auto kFaultWords = [] {
  std::array<std::string_view, std::size(sim::kPackFaultKinds) + 1> words{"none"};
  for (std::size_t i = 1; i < words.size(); ++i) words[i] = sim::kPackFaultKinds[i - 1];
  return words;
}();
inline constexpr Kind kFault{
    .type = ValueType::option, .max_age_s = 0, .min_interval_s = 0, .options = kFaultWords};

inline constexpr double kMostLoad_a = 10'000;
inline constexpr double kMostCells = 20'000;

// clang-format off
inline constexpr PointRow kRows[] = {
  {"simulated_fault",      Scope::pack, Origin::measured, Platform::select,  kFault,                                  "Simulated fault",      0, Category::config, true, Control::limits},
  {"simulated_fault_cell", Scope::pack, Origin::measured, Platform::number,  kind::setting("", 0, 0, kMostCells, 1),  "Simulated fault cell", 0, Category::config, true, Control::limits, "Counted through all modules from 1; 0: all cells."},
  {"simulated_load",       Scope::pack, Origin::measured, Platform::number,  kind::setting("A", 2, 0, kMostLoad_a),   "Simulated load",       0, Category::config, true, Control::limits},
  {"simulated_heater",     Scope::pack, Origin::measured, Platform::switch_, kind::kSwitch,                           "Simulated heater",     0, Category::config, true, Control::limits, "Fed by the pack itself; goes off by itself after 10 minutes."},
  {"simulated_contactor",  Scope::pack, Origin::measured, Platform::switch_, kind::kSwitch,                           "Simulated contactor",  0, Category::config, true, Control::contactors, "Opening it ends charging."},
};
// clang-format on
static_assert([] {
  for (const PointRow& row : kRows)
    if (!detail::is_sound(row)) return false;
  return true;
}());

}  // namespace b2m::simulator

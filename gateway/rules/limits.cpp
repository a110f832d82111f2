// SPDX-License-Identifier: MIT
#include "gateway/rules/limits.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace b2m::rules {

std::vector<std::string> alarm_keys(const PackLimits& limits) {
  std::vector<std::string> keys{"alarm_data_missing", "alarm_bms_error"};
  const auto add = [&](const std::optional<Limit>& limit, const char* key) {
    if (limit) keys.emplace_back(key);
  };
  add(limits.cell_high_v, "alarm_cell_voltage_high");
  add(limits.cell_low_v, "alarm_cell_voltage_low");
  add(limits.cell_spread_v, "alarm_cell_spread");
  add(limits.temperature_high_c, "alarm_temperature_high");
  add(limits.temperature_low_c, "alarm_temperature_low");
  return keys;
}

std::vector<LimitCheck> limit_checks(const Site& site, DeviceId pack, const PackLimits& limits) {
  const std::vector<Slot> cells = site.all_of(pack, point::cell_voltage.row);
  std::vector<Slot> sensors = site.all_of(pack, point::cell_temperature.row);
  std::ranges::copy(site.all_of(pack, point::temperature.row), std::back_inserter(sensors));
  std::vector<LimitCheck> checks;
  const auto add = [&](const char* key, Side side, const std::optional<Limit>& limit,
                       const std::vector<Slot>& slots) {
    if (limit && !slots.empty()) checks.push_back({core_row(key), side, *limit, slots});
  };
  add("alarm_cell_voltage_high", Side::high, limits.cell_high_v, cells);
  add("alarm_cell_voltage_low", Side::low, limits.cell_low_v, cells);
  add("alarm_cell_spread", Side::spread, limits.cell_spread_v, cells);
  add("alarm_temperature_high", Side::high, limits.temperature_high_c, sensors);
  add("alarm_temperature_low", Side::low, limits.temperature_low_c, sensors);
  return checks;
}

std::optional<LimitCheck::Finding> LimitCheck::find(const Snapshot& now) const {
  Slot lowest = kNoSlot;
  Slot highest = kNoSlot;
  bool all = true;
  for (const Slot slot : slots) {
    if (!now[slot].is_good()) {
      all = all && now[slot].is_absent();
      continue;
    }
    if (lowest == kNoSlot || now[slot].value < now[lowest].value) lowest = slot;
    if (highest == kNoSlot || now[slot].value > now[highest].value) highest = slot;
  }
  if (lowest == kNoSlot) return std::nullopt;
  if (side == Side::low) return Finding{now[lowest].value, lowest, all};
  if (side == Side::high) return Finding{now[highest].value, highest, all};
  return Finding{now[highest].value - now[lowest].value, lowest, all};
}

bool LimitCheck::is_beyond(double value) const {
  constexpr double kRounding = 1e-9;  // 60.00 read as 6000 / 100 is still the limit itself
  return side == Side::low ? value < limit.limit - kRounding : value > limit.limit + kRounding;
}

bool LimitCheck::is_back(double value) const {
  return side == Side::low ? value >= limit.limit + limit.hysteresis
                           : value <= limit.limit - limit.hysteresis;
}

std::string place(const Site& site, Slot slot) {
  const Entity& e = site.entity(slot);
  const Device& d = site.device(e.device);
  return d.kind == DeviceKind::module ? fmt::format("{}: {}", d.name, e.name) : e.name;
}

std::string LimitCheck::describe(const Finding& finding, const Site& site) const {
  const Entity& e = site.entity(finding.slot);
  const std::string what =
      side == Side::spread
          ? fmt::format("The spread of the cell voltages (lowest: {})", place(site, finding.slot))
          : place(site, finding.slot);
  return fmt::format("{} is {:.{}f} {}, the limit is {:.{}f} {}", what, finding.value, e.decimals,
                     e.row->kind.unit, limit.limit, e.decimals, e.row->kind.unit);
}

}  // namespace b2m::rules

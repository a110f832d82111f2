// SPDX-License-Identifier: MIT
#include "gateway/rules/pack_obstacle.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace b2m::rules {
namespace {

/// Whatever the configuration says of ages: nothing charges on older data.
constexpr double kFresh_s = 15;

}  // namespace

PackObstacle::PackObstacle(const Site& site, DeviceId pack, const LimitsOf& limits,
                           AdapterIndex adapter, Spread spread)
    : adapter_connected_(site.slot(kBridge, point::adapter_connected, adapter)),
      inputs_(site.all_of(pack, point::cell_voltage.row)) {
  has_cells_ = !inputs_.empty();
  for (const RowId row : {point::cell_temperature.row, point::temperature.row})
    std::ranges::copy(site.all_of(pack, row), std::back_inserter(inputs_));
  const bool spread_stops = spread == Spread::stops;
  if (const auto own = limits.find(pack); own != limits.end())
    for (LimitCheck& check : limit_checks(site, pack, own->second))
      if (check.side != Side::spread || spread_stops) checks_.push_back(std::move(check));
  for (const Entity& e : site.entities(pack))
    if (e.row->scope == Scope::alarm && (spread_stops || e.row_id != core_row("alarm_cell_spread")))
      alarms_.push_back(e.slot);
}

std::optional<std::string> PackObstacle::find(const Input& in, const Decision& out) const {
  const Site& site = in.now.site();
  if (in.shutting_down) return "the gateway is stopping";
  if (!in.now[adapter_connected_].is_on()) return "the adapter is not connected";
  if (!has_cells_) return "this pack reports no cell voltages";
  for (const Slot slot : inputs_)
    if (!in.now[slot].is_good() && !in.now[slot].is_absent())
      return fmt::format("{} is {}", place(site, slot),
                         kQualities[static_cast<int>(in.now[slot].quality)]);
  for (const Slot slot : inputs_)
    if (!in.now[slot].is_absent() && in.now.now() - in.now[slot].time > from_seconds(kFresh_s))
      return fmt::format("{} has not been heard for {} s", place(site, slot), kFresh_s);
  for (const LimitCheck& check : checks_) {
    const auto finding = check.find(in.now);
    if (finding && check.is_beyond(finding->value)) return check.describe(*finding, site);
  }
  for (const Slot alarm : alarms_)
    if (latest(in, out, alarm).is_on())
      return fmt::format("the alarm \"{}\" is on", site.entity(alarm).name);
  return std::nullopt;
}

}  // namespace b2m::rules

// SPDX-License-Identifier: MIT
#include "gateway/rules/balance_guard.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace b2m::rules {
namespace {

/// Whatever the configuration says of ages: nothing is bled on older data.
constexpr double kFresh_s = 15;

std::optional<std::string> unknown(Slot slot, const Input& in) {
  const Reading& r = in.now[slot];
  const Site& site = in.now.site();
  if (!r.is_good())
    return fmt::format("{} is {}", place(site, slot), kQualities[static_cast<int>(r.quality)]);
  if (in.now.now() - r.time > from_seconds(kFresh_s))
    return fmt::format("{} has not been heard for {} s", place(site, slot), kFresh_s);
  return std::nullopt;
}

/// A bleed mends these two.
bool calls_for_a_bleed(RowId alarm) {
  return alarm == core_row("alarm_cell_spread") || alarm == core_row("alarm_cell_voltage_high");
}

std::vector<Slot> sensors_of(const Site& site, DeviceId device) {
  std::vector<Slot> slots;
  for (const Entity& e : site.entities(device))
    if (e.row_id == point::cell_temperature.row || e.row_id == point::temperature.row)
      slots.push_back(e.slot);
  return slots;
}

}  // namespace

BalanceGuard::BalanceGuard(const Site& site, DeviceId pack, const LimitsOf& limits) {
  const std::vector<Slot> own = sensors_of(site, pack);
  sensors_.push_back(own);
  add_cells(site, pack);
  for (const DeviceId module : site.modules(pack)) {
    sensors_.push_back(sensors_of(site, module));
    std::ranges::copy(own, std::back_inserter(sensors_.back()));
    add_cells(site, module);
  }
  for (const Entity& e : site.entities(pack))
    if (e.row->scope == Scope::alarm && !calls_for_a_bleed(e.row_id)) alarms_.push_back(e.slot);
  const auto at = limits.find(pack);
  if (at == limits.end()) return;
  const PackLimits& l = at->second;
  if (l.cell_low_v) low_v_ = l.cell_low_v->limit + l.cell_low_v->hysteresis;
  if (l.temperature_high_c) hot_c_ = l.temperature_high_c->limit - l.temperature_high_c->hysteresis;
}

void BalanceGuard::add_cells(const Site& site, DeviceId device) {
  for (int i = 0; i < site.device(device).cells; ++i) {
    BalanceCell cell;
    cell.voltage = site.slot(device, point::cell_voltage, i);
    if (cell.voltage == kNoSlot) return;  // a pack's own cells are counted with its modules'
    const Slot bleed = site.slot(device, point::cell_bleed, i);
    if (bleed != kNoSlot && site.entity(bleed).writable) cell.bleed = bleed;
    cell.module = sensors_.size() - 1;
    cells_.push_back(cell);
  }
}

std::optional<std::string> BalanceGuard::of_pack(const Input& in, const Decision& out) const {
  if (in.shutting_down) return "the gateway is stopping";
  for (const Slot alarm : alarms_)
    if (latest(in, out, alarm).is_on())
      return fmt::format("the alarm \"{}\" is on", in.now.site().entity(alarm).name);
  return std::nullopt;
}

std::optional<std::string> BalanceGuard::of_sensors(std::size_t module, const Input& in) const {
  const Site& site = in.now.site();
  for (const Slot slot : sensors_[module]) {
    if (in.now[slot].is_absent()) continue;
    if (auto why = unknown(slot, in)) return why;
    if (hot_c_ && in.now[slot].value >= *hot_c_)
      return fmt::format("{} is {:.1f} °C, and from {:.1f} °C on nothing is bled",
                         place(site, slot), in.now[slot].value, *hot_c_);
  }
  return std::nullopt;
}

std::optional<std::string> BalanceGuard::of_cell(const BalanceCell& cell, const Input& in) const {
  const Site& site = in.now.site();
  if (cell.bleed != kNoSlot) {
    const AdapterIndex adapter = site.entity(cell.bleed).adapter;
    if (!in.now.at(kBridge, point::adapter_connected, adapter).is_on())
      return fmt::format("{} is not connected", site.adapters()[adapter]);
  }
  if (auto why = unknown(cell.voltage, in)) return why;
  if (low_v_ > 0 && in.now[cell.voltage].value <= low_v_)
    return fmt::format("{} is {:.3f} V, near the low limit", place(site, cell.voltage),
                       in.now[cell.voltage].value);
  return of_sensors(cell.module, in);
}

std::optional<std::string> BalanceGuard::of_run(const Input& in, const Decision& out) const {
  if (auto why = of_pack(in, out)) return why;
  for (const BalanceCell& cell : cells_)
    if (auto why = of_cell(cell, in)) return why;
  return std::nullopt;
}

}  // namespace b2m::rules

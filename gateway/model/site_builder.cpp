// SPDX-License-Identifier: MIT
#include "gateway/model/site_builder.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

#include <fmt/format.h>

namespace b2m {
namespace {

std::string fill(std::string_view pattern, std::string_view value) {
  std::string text(pattern);
  const auto at = text.find("{}");
  if (at != std::string::npos) text.replace(at, 2, value);
  return text;
}

bool has(const auto& list, RowId row) {
  return std::ranges::any_of(list, [&](const auto& w) { return w.row == row; });
}

}  // namespace

void SiteBuilder::build() {
  add_bridge();
  for (const PackPlan& pack : plan_.packs) add_pack(pack);
  for (AdapterIndex a = 0; a < plan_.adapters.size(); ++a) add_devices(a);
  check_chargers();
  site_.readings_ += site_.entities_.size();
  for (auto& a : site_.alternatives_)
    for (Slot& hidden : a.ranked) hidden += static_cast<Slot>(site_.entities_.size());
  if (complaints_.empty()) return;
  throw std::runtime_error(fmt::format("{}", fmt::join(complaints_, "\n")));
}

DeviceId SiteBuilder::add_device(Device device) {
  device.id = DeviceId{static_cast<std::uint16_t>(site_.devices_.size())};
  if (site_.find(device.slug))
    complain(
        fmt::format("two devices are called \"{}\"; give one of them another id", device.slug));
  site_.devices_.push_back(std::move(device));
  site_.first_slots_.emplace_back(site_.points_->size(), kNoSlot);
  site_.modules_.emplace_back();
  return site_.devices_.back().id;
}

void SiteBuilder::add_bridge() {
  Device bridge;
  bridge.slug = "bridge";
  bridge.name = plan_.gateway_name;
  bridge.kind = DeviceKind::bridge;
  const DeviceId id = add_device(std::move(bridge));
  WantedList list;
  for (RowId row = 0; row < site_.points_->size(); ++row)
    if (site_.points_->row(row).scope == Scope::bridge &&
        (row != core_row("charge_summary") || !plan_.chargers.empty()))
      list.push_back({row, 1, true, {}});
  add_entities(id, std::move(list), {});
  for (AdapterIndex a = 0; a < plan_.adapters.size(); ++a) {
    const AdapterPlan& adapter = plan_.adapters[a];
    site_.adapter_ids_.push_back(adapter.id);
    for (RowId row = 0; row < std::size(kPoints); ++row)
      if (kPoints[row].scope == Scope::adapter)
        add_entity(id, {row, 1, true, {}}, a + 1, adapter.id);
    for (const Offer& offer : adapter.offers)
      if (offer.part.empty())
        add_entity(id, {offer.row, 1, false, {{&offer, a, 0}}}, a + 1, adapter.id);
  }
}

const Offer* SiteBuilder::first_offer(AdapterIndex adapter, const std::string& part) const {
  for (const Offer& offer : plan_.adapters[adapter].offers)
    if (!offer.part.empty() && offer.part == part) return &offer;
  return nullptr;
}

std::vector<int> SiteBuilder::modules_of(const PackPlan& pack) const {
  std::set<int> modules;
  for (const auto& source : pack.sources)
    for (const Offer& offer : plan_.adapters[source.adapter].offers)
      if (offer.part == source.part && offer.module > 0) modules.insert(offer.module);
  return {modules.begin(), modules.end()};
}

SiteBuilder::WantedList SiteBuilder::offered(const PackPlan& pack, int module) const {
  WantedList list;
  std::uint8_t rank = 0;
  for (const auto& source : pack.sources) {
    for (const Offer& offer : plan_.adapters[source.adapter].offers) {
      if (offer.part != source.part || offer.module != module) continue;
      auto at = std::ranges::find(list, offer.row, &Wanted::row);
      if (at == list.end()) at = list.insert(list.end(), Wanted{offer.row, 0, false, {}});
      at->count = std::max(at->count, offer.count);
      at->sources.push_back({&offer, source.adapter, rank});
    }
    ++rank;
  }
  return list;
}

void SiteBuilder::add_pack(const PackPlan& pack) {
  for (const auto& source : pack.sources) {
    if (!first_offer(source.adapter, source.part)) {
      std::set<std::string> parts;
      for (const Offer& o : plan_.adapters[source.adapter].offers)
        if (!o.part.empty()) parts.insert(o.part);
      complain(fmt::format("pack \"{}\": the adapter \"{}\" has no part \"{}\"; it has: {}",
                           pack.slug, plan_.adapters[source.adapter].id, source.part,
                           fmt::join(parts, ", ")));
    }
  }
  Device device;
  device.slug = pack.slug;
  device.name = pack.name;
  device.model = pack.model;
  device.chemistry = pack.chemistry;
  const std::vector<int> modules = modules_of(pack);
  const DeviceId id = add_device(device);
  WantedList list = offered(pack, 0);
  if (!modules.empty()) check_modules(pack, modules, list);
  add_computed(pack, site_.devices_[id.index], !modules.empty(), list);
  for (const auto& source : pack.sources) site_.targets_[{source.adapter, source.part}] = {};
  add_entities(id, std::move(list), pack);
  int cells = site_.devices_[id.index].cells;
  for (const int module : modules) {
    Device m = device;
    m.slug = fmt::format("{}_module{}", pack.slug, module);
    m.name = fmt::format("{} module {}", pack.name, module);
    m.kind = DeviceKind::module;
    m.parent = id;
    m.first_cell = cells;
    const DeviceId mid = add_device(m);
    WantedList wanted = offered(pack, module);
    add_computed(pack, site_.devices_[mid.index], false, wanted);
    add_entities(mid, std::move(wanted), pack);
    site_.modules_[id.index].push_back(mid);
    cells += site_.devices_[mid.index].cells;
  }
  std::uint8_t rank = 0;
  for (const auto& source : pack.sources) {
    auto& targets = site_.targets_[{source.adapter, source.part}];
    targets.assign(modules.empty() ? 1 : static_cast<std::size_t>(modules.back()) + 1,
                   Target{id, rank});
    for (std::size_t i = 0; i < modules.size(); ++i)
      targets[static_cast<std::size_t>(modules[i])].device = site_.modules_[id.index][i];
    ++rank;
  }
  check_cells(pack, id, cells);
}

/// What would make a pack of modules count a cell twice, or hide one behind another.
void SiteBuilder::check_modules(const PackPlan& pack, const std::vector<int>& modules,
                                const WantedList& own) {
  const auto bleeders = [](const WantedList& list) -> std::size_t {
    const auto at = std::ranges::find(list, point::cell_bleed.row, &Wanted::row);
    if (at == list.end()) return 0;
    return static_cast<std::size_t>(
        std::ranges::count_if(at->sources, [](const auto& s) { return s.offer->commandable; }));
  };
  bool has_cells = false;
  for (const int module : modules) {
    const WantedList list = offered(pack, module);
    has_cells |= has(list, point::cell_voltage.row);
    if (bleeders(list) < 2) continue;
    complain(
        fmt::format("pack \"{}\": two of its sources have a module {}; give the second one a "
                    "first_module beyond those of the first",
                    pack.slug, module));
  }
  if (has_cells && has(own, point::cell_voltage.row))
    complain(
        fmt::format("pack \"{}\": one source reports cells of the whole pack and another one "
                    "cells of modules, which would count them twice; keep one of them",
                    pack.slug));
}

bool SiteBuilder::can_bleed(const PackPlan& pack) const {
  for (const auto& source : pack.sources)
    for (const Offer& offer : plan_.adapters[source.adapter].offers)
      if (offer.part == source.part && offer.row == point::cell_bleed.row && offer.commandable)
        return true;
  return false;
}

void SiteBuilder::check_cells(const PackPlan& pack, DeviceId id, int offered_cells) {
  site_.devices_[id.index].cells = offered_cells;
  if (pack.cells_in_series == 0 || offered_cells == 0 || pack.cells_in_series == offered_cells)
    return;
  complain(fmt::format(
      "pack \"{}\": cells_in_series = {}, but its sources report {} cells; correct one of them",
      pack.slug, pack.cells_in_series, offered_cells));
}

void SiteBuilder::add_computed(const PackPlan& pack, const Device& device, bool has_modules,
                               WantedList& list) const {
  const auto compute = [&](RowId row) {
    if (!has(list, row)) list.push_back({row, 1, true, {}});
  };
  const bool is_pack = device.kind == DeviceKind::pack;
  const bool cells = has(list, point::cell_voltage.row) || has_modules;
  const bool temperatures =
      has(list, point::cell_temperature.row) || has(list, point::temperature.row) || has_modules;
  if (cells) compute(point::voltage.row);
  if (has(list, point::current.row) && has(list, point::voltage.row)) compute(point::power.row);
  compute(point::connected.row);
  if (cells) {
    for (const auto& h : {point::cell_voltage_min, point::cell_voltage_max,
                          point::cell_voltage_mean, point::cell_voltage_spread})
      compute(h.row);
  }
  if (!is_pack) return;
  if (has_modules) compute(point::module_voltage_spread.row);
  add_pack_figures(pack, cells, temperatures, list);
}

void SiteBuilder::add_pack_figures(const PackPlan& pack, bool cells, bool temperatures,
                                   WantedList& list) const {
  const auto compute = [&](RowId row) {
    if (!has(list, row)) list.push_back({row, 1, true, {}});
  };
  if (cells) {
    compute(point::worst_cell.row);
    compute(point::voltage_rate);
  }
  if (temperatures) {
    for (const auto& h : {point::temperature_min, point::temperature_max, point::temperature_mean})
      compute(h.row);
    compute(point::temperature_rate);
  }
  if (can_bleed(pack))
    for (const RowId row : {point::balancing.row, point::balancing_reason, point::bleed_time,
                            point::balance_difference, point::balance_voltage})
      compute(row);
  compute(point::problem.row);
  for (const std::string& alarm : pack.alarms) compute(core_row(alarm));
  compute(point::last_event);
}

void SiteBuilder::add_entities(DeviceId id, WantedList list, const PackPlan& pack) {
  std::ranges::stable_sort(list, {}, &Wanted::row);
  site_.devices_[id.index].first = static_cast<Slot>(site_.entities_.size());
  for (const Wanted& wanted : list) {
    const Scope scope = site_.points_->row(wanted.row).scope;
    const bool numbered = scope == Scope::cell || scope == Scope::temperature;
    for (int n = 1; n <= wanted.count; ++n) {
      add_entity(id, wanted, numbered ? n : 0, numbered ? fmt::format("{:02}", n) : "");
      narrow(site_.entities_.back(), pack);
      if (wanted.sources.size() > 1) add_alternatives(wanted, site_.entities_.back().slot, n - 1);
    }
    if (wanted.row == point::cell_voltage.row) site_.devices_[id.index].cells = wanted.count;
  }
}

void SiteBuilder::add_entity(DeviceId id, const Wanted& wanted, int number,
                             const std::string& label) {
  const PointRow& row = site_.points_->row(wanted.row);
  Entity e;
  e.row = &row;
  e.row_id = wanted.row;
  e.number = number;
  e.key = fill(row.key, label);
  e.name = fill(row.name, row.scope == Scope::adapter ? label : std::to_string(number));
  e.device = id;
  e.slot = static_cast<Slot>(site_.entities_.size());
  e.low = row.kind.low;
  e.high = row.kind.high;
  e.max_age_s = row.kind.max_age_s;
  e.dead_band = row.dead_band;
  e.decimals = row.kind.decimals;
  e.min_interval_s = row.kind.min_interval_s;
  if (plan_.publishing.min_interval_s >= 0 && e.min_interval_s > 0)
    e.min_interval_s = plan_.publishing.min_interval_s;
  e.max_interval_s = plan_.publishing.max_interval_s;
  e.computed = wanted.computed;
  e.control = row.control;
  if (wanted.row == point::relay.row && charger_of(site_.devices_[id.index].slug))
    e.control = Control::charging;
  const bool is_own_setting = wanted.computed && row.origin == Origin::setting;
  e.writable = row.control == Control::always || (is_own_setting && allows(e.control));
  if (!wanted.sources.empty()) {
    const Offer& offer = *wanted.sources.front().offer;
    if (offer.decimals >= 0) e.decimals = offer.decimals;
    if (offer.max_age_s >= 0) e.max_age_s = offer.max_age_s;
    e.writable = offer.commandable && allows(e.control);
    e.confirms = offer.confirms;
    if (offer.dead_band >= 0) e.dead_band = offer.dead_band;
    e.optimistic = offer.optimistic;
    e.refresh_s = offer.refresh_s;
    e.adapter = wanted.sources.front().adapter;
    e.part = offer.part;
    e.module = offer.module;
  }
  Slot& first = site_.first_slots_[id.index][wanted.row];
  if (first == kNoSlot) first = e.slot;
  site_.entities_.push_back(std::move(e));
  site_.devices_[id.index].count =
      static_cast<Slot>(site_.entities_.size()) - site_.devices_[id.index].first;
}

void SiteBuilder::narrow(Entity& entity, const PackPlan& pack) const {
  // Not a calibration: that may be of a tap, which is as high as all cells below it.
  const bool is_of_a_cell =
      entity.row_id == point::cell_voltage.row || entity.row_id == point::balance_voltage;
  if (!is_of_a_cell || pack.cell_high <= pack.cell_low) return;
  entity.low = std::max(entity.low, pack.cell_low);
  entity.high = std::min(entity.high, pack.cell_high);
}

void SiteBuilder::add_alternatives(const Wanted& wanted, Slot slot, int index) {
  Site::Alternatives a{slot, {}};
  std::size_t ranks = 0;
  for (const auto& s : wanted.sources) ranks = std::max<std::size_t>(ranks, s.rank + 1U);
  a.ranked.assign(ranks, kNoSlot);
  for (const auto& s : wanted.sources)
    if (index < s.offer->count) a.ranked[s.rank] = static_cast<Slot>(site_.readings_++);
  for (Slot& hidden : a.ranked)
    if (hidden == kNoSlot) hidden = static_cast<Slot>(site_.readings_++);  // never written: missing
  site_.alternatives_.push_back(std::move(a));
}

void SiteBuilder::add_devices(AdapterIndex adapter) {
  for (const DeviceOffer& offer : plan_.adapters[adapter].devices) add_plug(adapter, offer);
}

/// A device of an adapter's own. Its strip, if it has one, stands before it.
void SiteBuilder::add_plug(AdapterIndex adapter, const DeviceOffer& offer) {
  Device device;
  device.slug = offer.slug;
  device.name = offer.name.empty() ? name_from_slug(offer.slug) : offer.name;
  device.kind = offer.kind;
  device.model = offer.model;
  if (const Device* parent = site_.find(offer.parent)) device.parent = parent->id;
  const DeviceId id = add_device(device);
  PackPlan source;  // offered() wants a pack's sources
  source.sources.push_back({adapter, offer.part});
  WantedList list = offered(source, 0);
  list.push_back({point::connected.row, 1, true, {}});
  list.push_back({point::last_event, 1, true, {}});
  if (has(list, point::energy_counter.row)) {
    list.push_back({point::energy_today.row, 1, true, {}});
    list.push_back({point::energy_total.row, 1, true, {}});
  }
  if (const ChargerPlan* charger = charger_of(offer.slug)) add_charger_points(*charger, list);
  add_entities(id, std::move(list), {});
  site_.targets_[{adapter, offer.part}] = {Target{id, 0}};
}

void SiteBuilder::add_charger_points(const ChargerPlan& charger, WantedList& list) const {
  for (RowId row = 0; row < std::size(kPoints); ++row) {
    if (kPoints[row].scope != Scope::charger) continue;
    if (row == point::price.row && !charger.has_price) continue;
    if (row == point::ambient_temperature.row && !charger.has_ambient) continue;
    list.push_back({row, 1, true, {}});
  }
  for (const RowId row :
       {point::problem.row, core_row("alarm_charger_fault"), core_row("alarm_guard_missing")})
    list.push_back({row, 1, true, {}});
}

void SiteBuilder::check_chargers() {
  std::set<std::string> seen;
  for (const ChargerPlan& charger : plan_.chargers) {
    if (!seen.insert(charger.plug).second)
      complain(fmt::format(
          "{}: error: two chargers on the plug \"{}\"; hint: give each charger a plug of its own",
          charger.place, charger.plug));
    const Device* device = site_.find(charger.plug);
    std::vector<std::string> plugs;
    for (const Device& d : site_.devices_)
      if (d.kind == DeviceKind::plug) plugs.push_back(d.slug);
    if (!device || device->kind != DeviceKind::plug)
      complain(
          fmt::format("{}: error: there is no plug \"{}\"; hint: {}", charger.place, charger.plug,
                      plugs.empty() ? "add a [[kasa.plug]] table with this id"
                                    : fmt::format("the plugs are {}", fmt::join(plugs, ", "))));
  }
}

const ChargerPlan* SiteBuilder::charger_of(std::string_view slug) const {
  const auto at = std::ranges::find(plan_.chargers, slug, &ChargerPlan::plug);
  return at == plan_.chargers.end() ? nullptr : &*at;
}

bool SiteBuilder::allows(Control control) const {
  return control == Control::always ||
         std::ranges::find(plan_.allowed, control) != plan_.allowed.end();
}

}  // namespace b2m

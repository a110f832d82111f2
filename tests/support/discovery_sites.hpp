// SPDX-License-Identifier: MIT
// Sites for tests of discovery: a gateway "home" with an adapter "bench" and packs of every shape.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/model/site.hpp"

namespace b2m::test {

struct DiscoveryPack {
  std::string slug = "pack1";
  std::string name = "Pack 1";
  int cells = 6;
  int modules = 0;  // 0: the cells stand on the pack itself
  bool temperatures = true;
  bool charging = true;
  bool optimistic = false;
  std::vector<std::string> alarms{"alarm_cell_voltage_high", "alarm_data_missing"};
};

using Packs = std::vector<DiscoveryPack>;

inline constexpr std::string_view kModes[] = {"off", "full"};

/// A number, a choice and a text that users set, and one row more.
inline std::vector<PointRow> setting_rows_and(const PointRow& row) {
  return {
      {"target", Scope::pack, Origin::setting, Platform::number,
       Kind{.unit = "%", .decimals = 1, .low = 10, .high = 100}, "Target", 0, Category::config,
       true, Control::charging},
      {"mode", Scope::pack, Origin::setting, Platform::select,
       Kind{.type = ValueType::option, .options = kModes}, "Mode", 0, Category::config, true,
       Control::charging},
      {"nickname", Scope::pack, Origin::setting, Platform::text, Kind{.type = ValueType::text},
       "Nickname", 0, Category::config, true, Control::charging},
      row,
  };
}

/// A metered plug, or a socket of a strip.
struct DiscoveryPlug {
  std::string slug, name;
  bool has_charger = false;
  std::string strip{};
};

class DiscoverySite {
 public:
  explicit DiscoverySite(const Packs& packs = Packs(1),
                         std::vector<Control> allowed = {Control::charging},
                         const std::vector<PointRow>& extras = {},
                         const std::vector<DiscoveryPlug>& plugs = {}) {
    rows_ = extras;
    SitePlan plan;
    plan.gateway_name = "Home battery";
    plan.allowed = std::move(allowed);
    AdapterPlan& adapter = plan.adapters.emplace_back();
    adapter.id = "bench";
    for (const DiscoveryPack& pack : packs) {
      add_offers(pack, adapter.offers);
      for (const PointRow& row : rows_) {
        add(adapter.offers, pack.slug, points_.add(row), 1, 0);
        adapter.offers.back().commandable = detail::is_writable(row.platform);
      }
      plan.packs.push_back(plan_of(pack));
    }
    for (const DiscoveryPlug& plug : plugs) add_plug(plug, plan);
    site_ = std::make_unique<Site>(points_, plan);
  }

  DiscoverySite(const DiscoverySite&) = delete;  // the site points to the table of points
  DiscoverySite& operator=(const DiscoverySite&) = delete;

  const Site& operator*() const { return *site_; }
  const Site* operator->() const { return site_.get(); }

 private:
  static void add(std::vector<Offer>& offers, const std::string& part, RowId row, int count,
                  int module) {
    Offer& offer = offers.emplace_back();
    offer.part = part;
    offer.row = row;
    offer.count = count;
    offer.module = module;
  }
  static void add_offers(const DiscoveryPack& pack, std::vector<Offer>& offers) {
    const int parts = pack.modules == 0 ? 1 : pack.modules;
    for (int i = 0; i < parts; ++i) {
      const int module = pack.modules == 0 ? 0 : i + 1;
      add(offers, pack.slug, point::cell_voltage.row, pack.cells / parts, module);
      if (pack.temperatures)
        add(offers, pack.slug, point::cell_temperature.row, pack.cells / parts, module);
    }
    add(offers, pack.slug, point::bms_error, 1, 0);
    if (!pack.charging) return;
    add(offers, pack.slug, point::charging.row, 1, 0);
    offers.back().commandable = true;
    offers.back().optimistic = pack.optimistic;
  }
  static void add_plug(const DiscoveryPlug& plug, SitePlan& plan) {
    std::vector<Offer>& offers = plan.adapters.front().offers;
    std::vector<DeviceOffer>& devices = plan.adapters.front().devices;
    const auto add_device = [&](const std::string& slug, const std::string& name, DeviceKind kind) {
      DeviceOffer& device = devices.emplace_back();
      device.part = device.slug = slug;
      device.name = name;
      device.kind = kind;
    };
    if (!plug.strip.empty()) {
      add_device(plug.strip, "Strip", DeviceKind::strip);
      add(offers, plug.strip, point::plug_model, 1, 0);
    }
    add_device(plug.slug, plug.name, DeviceKind::plug);
    devices.back().parent = plug.strip;
    for (RowId row = 0; row < std::size(kPoints); ++row) {
      if (kPoints[row].scope != Scope::plug || kPoints[row].origin == Origin::computed) continue;
      add(offers, plug.slug, row, 1, 0);
      offers.back().commandable = detail::is_writable(kPoints[row].platform);
    }
    for (const RowId row : {point::power.row, point::voltage.row, point::current.row})
      add(offers, plug.slug, row, 1, 0);
    if (!plug.has_charger) return;
    ChargerPlan& charger = plan.chargers.emplace_back();
    charger.plug = plug.slug;
    charger.has_price = charger.has_ambient = true;
  }
  static PackPlan plan_of(const DiscoveryPack& pack) {
    PackPlan plan;
    plan.slug = pack.slug;
    plan.name = pack.name;
    plan.chemistry = "lead_12v";
    plan.alarms = pack.alarms;
    plan.sources.push_back({0, pack.slug});
    return plan;
  }

  std::vector<PointRow> rows_;
  PointTable points_;
  std::unique_ptr<Site> site_;
};

}  // namespace b2m::test

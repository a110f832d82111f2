// SPDX-License-Identifier: MIT
// Turns a SitePlan into a Site: which device has which points, where they come from, and every
// contradiction between the packs of the configuration and what the adapters offer.
#pragma once

#include <string>
#include <vector>

#include "gateway/model/site.hpp"

namespace b2m {

class SiteBuilder {
 public:
  SiteBuilder(Site& site, const SitePlan& plan) : site_(site), plan_(plan) {}
  /// Throws std::runtime_error with one line per contradiction.
  void build();

 private:
  /// One point of a device before it has slots: who offers it, best source first.
  struct Wanted {
    RowId row;
    int count = 1;
    bool computed = false;
    struct Source {
      const Offer* offer;
      AdapterIndex adapter;
      std::uint8_t rank;
    };
    std::vector<Source> sources;
  };
  using WantedList = std::vector<Wanted>;

  void add_bridge();
  void add_pack(const PackPlan& pack);
  void add_devices(AdapterIndex adapter);
  void add_plug(AdapterIndex adapter, const DeviceOffer& offer);
  void add_charger_points(const ChargerPlan& charger, WantedList& list) const;
  void check_chargers();
  DeviceId add_device(Device device);
  WantedList offered(const PackPlan& pack, int module) const;
  void add_computed(const PackPlan& pack, const Device& device, bool has_modules,
                    WantedList& list) const;
  void add_pack_figures(const PackPlan& pack, bool cells, bool temperatures,
                        WantedList& list) const;
  void add_entities(DeviceId id, WantedList list, const PackPlan& pack);
  void add_entity(DeviceId id, const Wanted& wanted, int number, const std::string& label);
  void narrow(Entity& entity, const PackPlan& pack) const;
  void add_alternatives(const Wanted& wanted, Slot slot, int index);
  void check_modules(const PackPlan& pack, const std::vector<int>& modules, const WantedList& own);
  [[nodiscard]] bool can_bleed(const PackPlan& pack) const;
  void check_cells(const PackPlan& pack, DeviceId id, int offered_cells);
  [[nodiscard]] std::vector<int> modules_of(const PackPlan& pack) const;
  [[nodiscard]] bool allows(Control control) const;
  [[nodiscard]] const ChargerPlan* charger_of(std::string_view slug) const;
  [[nodiscard]] const Offer* first_offer(AdapterIndex adapter, const std::string& part) const;
  void complain(std::string text) { complaints_.push_back(std::move(text)); }

  Site& site_;
  const SitePlan& plan_;
  std::vector<std::string> complaints_;
};

}  // namespace b2m

// SPDX-License-Identifier: MIT
// The site: every device and every point it has, fixed at start. Each point is an Entity with a
// slot in one flat array of readings.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/model/point.hpp"

namespace b2m {

struct DeviceId {
  std::uint16_t index = 0;
  auto operator<=>(const DeviceId&) const = default;
};
inline constexpr DeviceId kBridge{0};

using Slot = std::uint32_t;
inline constexpr Slot kNoSlot = 0xFFFFFFFF;
using AdapterIndex = std::uint16_t;
inline constexpr AdapterIndex kNoAdapter = 0xFFFF;

enum class DeviceKind { bridge, pack, module, plug, strip };
inline constexpr std::string_view kDeviceKinds[] = {"bridge", "pack", "module", "plug", "strip"};

struct Entity {
  const PointRow* row = nullptr;
  RowId row_id = kNoRow;
  int number = 0;    // of a cell, sensor (from 1) or adapter (from 1); 0: not numbered
  std::string key;   // "cell_03_voltage"
  std::string name;  // "Cell 3 voltage"
  DeviceId device;
  Slot slot = kNoSlot;
  double low = 0, high = 0;  // plausible
  double max_age_s = 0;      // 0: never stale
  double dead_band = 0;
  double min_interval_s = 1, max_interval_s = 300;
  int decimals = 0;
  bool writable = false;              // takes commands: hardware can, and control.allow lets us
  bool optimistic = false;            // nothing reads the state back
  bool computed = false;              // by a rule, since no adapter offers it
  double refresh_s = 0;               // an output that must be repeated while it is on; 0: once
  bool confirms = false;              // its orders succeed only once the device was read back
  Control control = Control::none;    // what control.allow must list for it to be writable
  AdapterIndex adapter = kNoAdapter;  // who measures it and executes its orders, there named:
  std::string part;
  int module = 0;
};

struct Device {
  DeviceId id;
  std::string slug;  // "pack1"; "bridge" for the gateway
  std::string name;  // "Pack 1"
  DeviceKind kind = DeviceKind::pack;
  DeviceId parent;  // of a module: its pack; of a socket: its strip; of all others: the bridge
  int cells = 0;
  int first_cell = 0;  // position of its cell 1 among all cells of its pack, from 0
  std::string model;
  std::string chemistry;
  Slot first = 0, count = 0;  // its entities
};

/// What an adapter can say about one part of what it talks to.
struct Offer {
  std::string part;  // as in `source = "bench/1"`; empty for rows of scope adapter
  int module = 0;    // 0: the pack itself; from 1: a module of it
  RowId row = kNoRow;
  int count = 1;          // numbered points: how many
  int decimals = -1;      // -1: the kind's
  double max_age_s = -1;  // -1: the kind's
  bool commandable = false;
  bool optimistic = false;
  double refresh_s = 0;
  bool confirms = false;
  double dead_band = -1;  // -1: the row's
};

/// A device that an adapter has by itself, without any [[pack]]: a plug, a strip.
struct DeviceOffer {
  std::string part;  // of the adapter; its offers and reports belong to this device
  std::string slug;  // "garage"
  std::string name;  // "Garage"; empty: made from the slug
  DeviceKind kind = DeviceKind::plug;
  std::string parent;  // slug of the strip; empty: the gateway
  std::string model;
};

/// A charger stands on the device of its plug; it has none of its own.
struct ChargerPlan {
  std::string plug;   // slug
  std::string place;  // "FILE:LINE:COLUMN" for complaints
  bool has_price = false;
  bool has_ambient = false;
};

/// What the configuration says of a pack, in the form the site needs.
struct PackPlan {
  std::string slug, name, model, chemistry;
  int cells_in_series = 0;  // 0: as many as the first source offers
  struct Source {
    AdapterIndex adapter = kNoAdapter;
    std::string part;
  };
  std::vector<Source> sources;         // best first
  double cell_low = 0, cell_high = 0;  // plausible cell voltage; 0, 0: the kind's
  std::vector<std::string> alarms;     // keys of the alarms that its limits can raise
};

struct AdapterPlan {
  std::string id;
  std::string kind;
  std::vector<Offer> offers;
  std::vector<DeviceOffer> devices{};
};

struct Publishing {
  double min_interval_s = -1;  // -1: each kind's own
  double max_interval_s = 300;
};

struct SitePlan {
  std::string gateway_name = "battery2mqtt";
  std::vector<AdapterPlan> adapters;
  std::vector<PackPlan> packs;
  std::vector<ChargerPlan> chargers;
  std::vector<Control> allowed;
  Publishing publishing;
};

/// Where the samples of one adapter's part go.
struct Target {
  DeviceId device;
  std::uint8_t rank = 0;  // 0: this source is the pack's first choice
};

/// "pack1" -> "Pack 1", "van_house" -> "Van house"
std::string name_from_slug(std::string_view slug);

class Site {
 public:
  /// Throws std::runtime_error, listing every contradiction between the packs and the offers.
  Site(const PointTable& points, const SitePlan& plan);

  [[nodiscard]] const PointTable& points() const { return *points_; }
  [[nodiscard]] std::span<const Device> devices() const { return devices_; }
  [[nodiscard]] const Device& device(DeviceId id) const { return devices_[id.index]; }
  [[nodiscard]] const Device* find(std::string_view slug) const;
  [[nodiscard]] std::span<const Entity> entities() const { return entities_; }
  [[nodiscard]] std::span<const Entity> entities(DeviceId id) const;
  [[nodiscard]] const Entity& entity(Slot slot) const { return entities_[slot]; }
  [[nodiscard]] const Entity* find(std::string_view slug, std::string_view key) const;
  /// kNoSlot when the device has no such point. `index` counts from 0.
  [[nodiscard]] Slot slot(DeviceId device, RowId row, int index = 0) const;
  template <class Unit>
  [[nodiscard]] Slot slot(DeviceId device, Handle<Unit> h, int index = 0) const {
    return slot(device, h.row, index);
  }
  [[nodiscard]] std::span<const std::string> adapters() const { return adapter_ids_; }
  [[nodiscard]] std::span<const DeviceId> modules(DeviceId pack) const;
  /// Slots of a numbered point over the whole pack, its modules included, in order of the cells.
  [[nodiscard]] std::vector<Slot> all_of(DeviceId pack, RowId row) const;
  /// Empty when no pack uses this part of the adapter.
  [[nodiscard]] std::optional<Target> target(AdapterIndex adapter, std::string_view part,
                                             int module = 0) const;

  /// Readings beyond the entities: what lower-ranked sources say of a point that a better one has.
  [[nodiscard]] std::size_t readings() const { return readings_; }
  [[nodiscard]] Slot alternative(Slot slot, std::uint8_t rank) const;  // kNoSlot if there is none
  struct Alternatives {
    Slot slot;
    std::vector<Slot> ranked;  // hidden readings, best first; the first is the top source's
  };
  [[nodiscard]] std::span<const Alternatives> alternatives() const { return alternatives_; }

 private:
  friend class SiteBuilder;
  const PointTable* points_;
  std::vector<Device> devices_;
  std::vector<Entity> entities_;
  std::vector<std::string> adapter_ids_;
  std::vector<std::vector<Slot>> first_slots_;                                   // [device][row]
  std::vector<std::vector<DeviceId>> modules_;                                   // [device]
  std::map<std::pair<AdapterIndex, std::string>, std::vector<Target>> targets_;  // [module]
  std::vector<Alternatives> alternatives_;
  std::size_t readings_ = 0;
};

}  // namespace b2m

// SPDX-License-Identifier: MIT
#include "gateway/rules/presence.hpp"

#include <algorithm>

namespace b2m::rules {
namespace {

bool is_cells(DeviceKind kind) { return kind == DeviceKind::pack || kind == DeviceKind::module; }

/// Flags and counts of cells are read more seldom: they would show a pack long after its last cell
/// voltage.
bool is_seldom(const Device& device, const Entity& e) {
  return is_cells(device.kind) && e.row->category == Category::diagnostic;
}

/// Values that age, of the device and its modules.
std::vector<Slot> measured_of(const Site& site, DeviceId id) {
  std::vector<Slot> slots;
  const auto add = [&](DeviceId each) {
    for (const Entity& e : site.entities(each))
      if (!e.computed && e.max_age_s > 0 && !is_seldom(site.device(each), e))
        slots.push_back(e.slot);
  };
  add(id);
  std::ranges::for_each(site.modules(id), add);
  return slots;
}

}  // namespace

Presence::Presence(const Site& site) {
  for (const Device& device : site.devices()) {
    if (device.kind == DeviceKind::bridge) continue;
    Watched& w = devices_.emplace_back();
    w.id = device.id;
    w.connected = site.slot(device.id, point::connected);
    w.measured = measured_of(site, device.id);
  }
}

void Presence::step(const Input& in, Decision& out) {
  for (Watched& w : devices_) {
    const bool present =
        std::ranges::any_of(w.measured, [&](Slot s) { return in.now[s].is_good(); });
    if (w.connected != kNoSlot) out.computed.push_back({w.connected, present ? 1.0 : 0.0});
    if (present == w.is_present) continue;
    w.is_present = present;
    if (present) {
      Note found{"device_found", Severity::info, "connected",
                 w.was_present ? "Data is back" : "First data"};
      out.notes.emplace_back(w.id, std::move(found));
    } else {
      Note lost{"device_lost", Severity::error, "connected", "No fresh data"};
      out.notes.emplace_back(w.id, std::move(lost));
    }
    w.was_present |= present;
  }
}

}  // namespace b2m::rules

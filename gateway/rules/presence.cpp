// SPDX-License-Identifier: MIT
#include "gateway/rules/presence.hpp"

#include <algorithm>

namespace b2m::rules {

Presence::Presence(const Site& site) {
  for (const Device& device : site.devices()) {
    if (device.kind == DeviceKind::bridge) continue;
    Watched& w = devices_.emplace_back();
    w.id = device.id;
    w.connected = site.slot(device.id, point::connected);
    // A module's flags are read more seldom and would show it long after its last cell voltage.
    const auto counts = [&](const Entity& e) {
      const bool is_seldom = site.device(e.device).kind == DeviceKind::module &&
                             e.row->category == Category::diagnostic;
      return !e.computed && e.max_age_s > 0 && !is_seldom;
    };
    const auto add = [&](DeviceId id) {
      for (const Entity& e : site.entities(id))
        if (counts(e)) w.measured.push_back(e.slot);
    };
    add(device.id);
    std::ranges::for_each(site.modules(device.id), add);
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

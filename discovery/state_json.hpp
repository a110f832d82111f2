// SPDX-License-Identifier: MIT
// JSON with values in it: the summary of a device on BASE/DEVICE, and events.
#pragma once

#include <string>
#include <string_view>

#include "gateway/model/report.hpp"
#include "gateway/model/snapshot.hpp"

namespace b2m::discovery {

/// Flat: numbers, true/false, options and texts as strings, unknown = null, plus `sampled_at`, the
/// time of the newest value. `now` is the wall time of the snapshot's `now()`.
std::string summary_json(const Snapshot& snapshot, const Device& device, WallTime now);

struct Event {
  std::string_view type;    // one of kEventTypes
  std::string_view device;  // slug
  std::string_view key;     // of the entity; may be empty
  Severity severity = Severity::info;
  std::string_view message;
  WallTime time{};
};
/// Payload of bridge/event and of a pack's last_event.
std::string event_json(const Event& event);

}  // namespace b2m::discovery

// SPDX-License-Identifier: MIT
// A profile: a DBC file, and profile.toml that says which of its signals is which point of which
// part. Read at start, every mistake of both files in one go, and turned into tables.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/can/dbc.hpp"
#include "adapters/can/dbc_unit.hpp"
#include "adapters/can/settings.hpp"
#include "gateway/io/can_frame.hpp"
#include "gateway/model/site.hpp"

namespace b2m::can {

struct CanId {
  std::uint32_t id = 0;
  bool extended = false;
  auto operator<=>(const CanId&) const = default;
  [[nodiscard]] bool matches(const CanFrame& f) const {
    return !f.error && !f.remote && f.id == id && f.extended == extended;
  }
};

using Payload = std::vector<std::uint8_t>;

struct Part {
  std::string id;
  std::optional<CanId> error, command, ack;
  Payload on, off, ack_on, ack_off;
  double repeat_s = 0;
  double ack_max_age_s = 0;
};

/// Where reports can go: a part, or one module of it.
struct Destination {
  std::string part;
  int module = 0;
  auto operator<=>(const Destination&) const = default;
};

/// What is made of one signal.
struct Take {
  std::uint16_t destination = 0;  // position in Profile::destinations
  RowId row = kNoRow;
  std::uint16_t index = 0;  // of the cell or sensor, from 0
  ValueType type = ValueType::number;
  Conversion conversion;
  std::uint64_t mask = 0;  // the signal's width
  std::optional<std::uint64_t> unavailable;
  std::vector<DbcValue> names;                          // of a text
  std::vector<std::pair<std::int64_t, int>> positions;  // of an option: raw -> position
};

struct Profile {
  Dbc dbc;
  bool exact_length = false;
  std::vector<Part> parts;
  std::vector<Destination> destinations;
  std::vector<Take> takes;
  std::vector<std::int32_t> take_of_signal;  // by SignalIndex; -1: nobody wants it
  std::vector<Offer> offers;                 // of the signals
};

/// Reads `folder`/profile.toml and its DBC file, applies the overrides of `settings` and adds
/// vendor rows to `points`. The error's detail lists every mistake, one a line.
Result<Profile> load_profile(const std::string& folder, const CanSettings& settings,
                             PointTable& points);

}  // namespace b2m::can

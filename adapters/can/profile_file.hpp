// SPDX-License-Identifier: MIT
// profile.toml as it is written, before it is held against its DBC file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/can/settings.hpp"

namespace b2m::can {

/// [[signal]]: in `message`, `signal` and `point`, {n} is the number of a cell or sensor and {m}
/// that of a module; {nn} and {mm} have two digits.
struct SignalRow {
  std::string message, signal, part, point;
  std::string unit;  // empty: what the DBC file says
  int module = 0;    // 0: the part itself
  int first_module = 0, last_module = 0;
  int first = 0, last = 0;
  std::vector<int> cells;  // instead of first and last
  int point_first = 0;     // number of the point for the first n; 0: the same
  std::optional<std::uint32_t> unavailable_raw;
  bool invert = false;
  std::optional<double> interval_s;  // empty: the profile's
  config::Place place;
};

/// [[point]]: a value that the gateway has no point for.
struct PointText {
  std::string key, name, unit, device_class, state_class;
  std::string type = "number";
  int decimals = 0;
  double dead_band = 0;
  std::vector<std::string> options;  // of type option; empty: the names of the DBC file's VAL_
  bool enabled = true;
  config::Place place;
};

struct ProfileFile {
  std::string dbc;  // file name in the same folder
  bool exact_length = false;
  double interval_s = 1;  // within which each value is expected again
  std::vector<PartSettings> parts;
  std::vector<SignalRow> signals;
  std::vector<PointText> points;
  config::Place place;
};

const config::Schema<ProfileFile>& profile_schema();

}  // namespace b2m::can

// SPDX-License-Identifier: MIT
// The INI file of the EBike Battery Plug Manager, as Python's configparser takes it: keys without
// value are allowed, names of keys have no letter case.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace b2m::app {

struct IniEntry {
  std::string key;    // as it is written
  std::string value;  // empty: none
  int line = 0;
};

struct IniSection {
  std::string name;
  int line = 0;
  std::vector<IniEntry> entries;

  [[nodiscard]] const IniEntry* find(std::string_view key) const;  // whatever its letter case
};

struct IniMistake {
  int line = 0;
  std::string what;
  bool is_error = false;  // the file cannot be read
};

struct IniFile {
  std::vector<IniSection> sections;
  std::vector<IniMistake> mistakes;

  [[nodiscard]] const IniSection* find(std::string_view name) const;  // exactly
};

IniFile read_ini(std::string_view text);
std::string lower(std::string_view text);

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
#include "config/suggest.hpp"

#include <algorithm>
#include <numeric>

namespace b2m::config {

namespace {

// clang-format off
constexpr UnitSuffix kUnits[] = {
  {"s",    "s",     "s",     1},    {"ms",   "ms",     "s",     1e-3}, {"us",  "µs",  "s",  1e-6},
  {"min",  "min",   "s",     60},   {"h",    "h",      "s",     3600},
  {"v",    "V",     "V",     1},    {"mv",   "mV",     "V",     1e-3},
  {"a",    "A",     "A",     1},    {"ma",   "mA",     "A",     1e-3},
  {"w",    "W",     "W",     1},    {"kw",   "kW",     "W",     1e3},
  {"wh",   "Wh",    "Wh",    1},    {"kwh",  "kWh",    "Wh",    1e3},
  {"ah",   "Ah",    "Ah",    1},    {"mah",  "mAh",    "Ah",    1e-3},
  {"ohm",  "Ω",     "Ω",     1},    {"mohm", "mΩ",     "Ω",     1e-3},
  {"bps",  "bit/s", "bit/s", 1},    {"kbps", "kbit/s", "bit/s", 1e3},
  {"hz",   "Hz",    "Hz",    1},    {"khz",  "kHz",    "Hz",    1e3},
  {"baud", "baud",  "baud",  1},    {"c",    "°C",     "°C",    1},
  {"percent", "%",  "%",     1},    {"mib",  "MiB",    "MiB",   1},
};
// clang-format on

/// Edits (insert, remove, replace, swap neighbours) that turn one into the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = std::min(now[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(now);
  }
  return last[b.size()];
}

constexpr std::size_t kLongestName = 64;  // beyond that it is no slip of the pen

}  // namespace

std::string nearest(std::string_view wrong, const std::vector<std::string>& known) {
  if (wrong.size() > kLongestName) return {};
  std::string best;
  std::size_t least = 1 + std::max<std::size_t>(1, wrong.size() / 3);
  for (const std::string& name : known) {
    const std::size_t edits = distance(wrong, name);
    if (edits >= least || edits >= name.size()) continue;
    least = edits;
    best = name;
  }
  return best;
}

std::string join(const std::vector<std::string>& names, std::string_view last) {
  std::string all;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) all += i + 1 == names.size() ? " " + std::string(last) + " " : ", ";
    all += names[i];
  }
  return all;
}

const UnitSuffix* unit_suffix(std::string_view key) {
  const std::size_t mark = key.rfind('_');
  if (mark == std::string_view::npos) return nullptr;
  const std::string_view suffix = key.substr(mark + 1);
  const auto* const found =
      std::find_if(std::begin(kUnits), std::end(kUnits),
                   [suffix](const UnitSuffix& unit) { return unit.suffix == suffix; });
  return found == std::end(kUnits) ? nullptr : found;
}

std::string_view stem(std::string_view key) {
  return unit_suffix(key) ? key.substr(0, key.rfind('_')) : key;
}

std::string_view unit_of(std::string_view key) {
  const UnitSuffix* unit = unit_suffix(key);
  return unit ? unit->symbol : std::string_view();
}

std::optional<double> convert(double value, std::string_view from_key, std::string_view to_key) {
  const UnitSuffix* from = unit_suffix(from_key);
  const UnitSuffix* to = unit_suffix(to_key);
  if (!from || !to || from->base != to->base) return std::nullopt;
  return value * from->factor / to->factor;
}

}  // namespace b2m::config

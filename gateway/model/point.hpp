// SPDX-License-Identifier: MIT
// The point table: one row for everything a device can say or be told. Topics, discovery, command
// parsing, web page and documentation are all derived from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "gateway/log.hpp"
#include "gateway/model/kind.hpp"
#include "gateway/units.hpp"

namespace b2m {

enum class Scope {
  bridge,       // the gateway itself, once
  adapter,      // on the bridge's device, once per adapter; {} = adapter id
  pack,         // once per pack or module
  cell,         // per cell of a pack or module; {} = two-digit number from 01
  temperature,  // per sensor of a pack or module; {} = two-digit number from 01
  alarm,        // an alert of a pack
};
enum class Origin { measured, computed, setting };
enum class Platform { sensor, binary_sensor, switch_, number, select, text, button, event };
enum class Category { none, diagnostic, config };
/// What `control.allow` must list before a writable point is announced as such.
enum class Control { none, always, charging, plugs, balancing, contactors, limits };

struct PointRow {
  std::string_view key;  // "cell_{}_voltage"
  Scope scope;
  Origin origin;
  Platform platform;
  Kind kind;
  std::string_view name;  // entity name, sentence case, without the device's name
  double dead_band = 0;   // published when moved by more than this
  Category category = Category::none;
  bool enabled = true;  // enabled by default in Home Assistant
  Control control = Control::none;
  std::string_view help = {};  // for the documentation, where the name does not say it all
};

// clang-format off
inline constexpr PointRow kPoints[] = {
  // ---- the gateway
  {"connection",        Scope::bridge,  Origin::computed, Platform::binary_sensor, kind::kConnectivity, "Connection state", 0, Category::diagnostic},
  {"version",           Scope::bridge,  Origin::computed, Platform::sensor,        kind::kText,         "Version", 0, Category::diagnostic},
  {"started",           Scope::bridge,  Origin::computed, Platform::sensor,        kind::kStart,        "Started", 0, Category::diagnostic},
  {"log_level",         Scope::bridge,  Origin::setting,  Platform::select,        {.type = ValueType::option, .max_age_s = 0, .min_interval_s = 0, .options = log::kLevels}, "Log level", 0, Category::config, true, Control::always},
  {"restart",           Scope::bridge,  Origin::setting,  Platform::button,        kind::kButton,       "Restart", 0, Category::config, true, Control::always},
  {"rediscover",        Scope::bridge,  Origin::setting,  Platform::button,        kind::kPlainButton,  "Publish discovery again", 0, Category::config, true, Control::always},
  // ---- every adapter, on the gateway's device
  {"{}_connected",      Scope::adapter, Origin::computed, Platform::binary_sensor, kind::kConnectivity, "{} connected", 0, Category::diagnostic},
  {"{}_restarts",       Scope::adapter, Origin::computed, Platform::sensor,        kind::kCount,        "{} restarts", 0, Category::diagnostic, false},
  {"{}_last_error",     Scope::adapter, Origin::computed, Platform::sensor,        kind::kText,         "{} last error", 0, Category::diagnostic},
  // ---- packs and modules: measured where the device says it, otherwise computed
  {"voltage",           Scope::pack,    Origin::measured, Platform::sensor,        kind::kVoltage,      "Voltage", 0.01, Category::none, true, Control::none, "As measured by the device, else the sum of all cells."},
  {"current",           Scope::pack,    Origin::measured, Platform::sensor,        kind::kCurrent,      "Current", 0.02, Category::none, true, Control::none, "Positive while charging."},
  {"power",             Scope::pack,    Origin::measured, Platform::sensor,        kind::kPower,        "Power", 1, Category::none, true, Control::none, "Positive while charging; voltage times current where the device does not say it."},
  {"soc",               Scope::pack,    Origin::measured, Platform::sensor,        kind::kSoc,          "State of charge", 0.1},
  {"soh",               Scope::pack,    Origin::measured, Platform::sensor,        kind::kSoh,          "State of health", 0.5, Category::diagnostic},
  {"energy_in",         Scope::pack,    Origin::measured, Platform::sensor,        kind::kEnergy,       "Energy charged", 0.001},
  {"energy_out",        Scope::pack,    Origin::measured, Platform::sensor,        kind::kEnergy,       "Energy discharged", 0.001},
  {"cell_{}_voltage",   Scope::cell,    Origin::measured, Platform::sensor,        kind::kCellVoltage,  "Cell {} voltage", 0.002},
  {"cell_{}_temperature",Scope::cell,   Origin::measured, Platform::sensor,        kind::kTemperature,  "Cell {} temperature", 0.1},
  {"cell_{}_bleed",     Scope::cell,    Origin::measured, Platform::binary_sensor, kind::kClosed,       "Cell {} bleed", 0, Category::none, false},
  {"temperature_{}",    Scope::temperature, Origin::measured, Platform::sensor,    kind::kTemperature,  "Temperature {}", 0.1},
  {"cell_voltage_min",  Scope::pack,    Origin::computed, Platform::sensor,        kind::kCellVoltage,  "Lowest cell voltage", 0.002},
  {"cell_voltage_max",  Scope::pack,    Origin::computed, Platform::sensor,        kind::kCellVoltage,  "Highest cell voltage", 0.002},
  {"cell_voltage_mean", Scope::pack,    Origin::computed, Platform::sensor,        kind::kCellVoltage,  "Mean cell voltage", 0.002},
  {"cell_voltage_spread",Scope::pack,   Origin::computed, Platform::sensor,        kind::kVoltageSpread,"Cell voltage spread", 0.002, Category::none, true, Control::none, "Highest minus lowest cell voltage."},
  {"worst_cell",        Scope::pack,    Origin::computed, Platform::sensor,        kind::kOrdinal,      "Worst cell", 0, Category::none, true, Control::none, "The cell farthest from the mean, counted through all modules from 1."},
  {"temperature_min",   Scope::pack,    Origin::computed, Platform::sensor,        kind::kTemperature,  "Lowest temperature", 0.1},
  {"temperature_max",   Scope::pack,    Origin::computed, Platform::sensor,        kind::kTemperature,  "Highest temperature", 0.1},
  {"temperature_mean",  Scope::pack,    Origin::computed, Platform::sensor,        kind::kTemperature,  "Mean temperature", 0.1},
  {"voltage_rate",      Scope::pack,    Origin::computed, Platform::sensor,        kind::kVoltageRate,  "Mean cell voltage rate", 0.2, Category::diagnostic, true, Control::none, "Change of the mean cell voltage over the last minute."},
  {"temperature_rate",  Scope::pack,    Origin::computed, Platform::sensor,        kind::kTemperatureRate, "Highest temperature rate", 0.05, Category::diagnostic, true, Control::none, "Change of the highest temperature over the last minute."},
  {"cvl",               Scope::pack,    Origin::measured, Platform::sensor,        kind::kVoltage,      "Charge voltage limit", 0.05, Category::diagnostic},
  {"dvl",               Scope::pack,    Origin::measured, Platform::sensor,        kind::kVoltage,      "Discharge voltage limit", 0.05, Category::diagnostic},
  {"ccl",               Scope::pack,    Origin::measured, Platform::sensor,        kind::kCurrent,      "Charge current limit", 0.5, Category::diagnostic},
  {"dcl",               Scope::pack,    Origin::measured, Platform::sensor,        kind::kCurrent,      "Discharge current limit", 0.5, Category::diagnostic},
  {"contactor",         Scope::pack,    Origin::measured, Platform::binary_sensor, kind::kClosed,       "Contactor"},
  {"charging",          Scope::pack,    Origin::measured, Platform::switch_,       kind::kSwitch,       "Charging", 0, Category::none, true, Control::charging},
  {"bms_error",         Scope::pack,    Origin::measured, Platform::sensor,        kind::kText,         "Last BMS error", 0, Category::diagnostic, true, Control::none, "Payload of the last error frame as hex digits."},
  {"connected",         Scope::pack,    Origin::computed, Platform::binary_sensor, kind::kConnectivity, "Connected", 0, Category::diagnostic},
  {"problem",           Scope::pack,    Origin::computed, Platform::binary_sensor, kind::kProblem,      "Problem", 0, Category::none, true, Control::none, "On while any alarm of the pack is."},
  {"alarm_cell_voltage_high", Scope::alarm, Origin::computed, Platform::binary_sensor, kind::kProblem,  "Cell voltage high"},
  {"alarm_cell_voltage_low",  Scope::alarm, Origin::computed, Platform::binary_sensor, kind::kProblem,  "Cell voltage low"},
  {"alarm_cell_spread",       Scope::alarm, Origin::computed, Platform::binary_sensor, kind::kProblem,  "Cell voltage spread high"},
  {"alarm_temperature_high",  Scope::alarm, Origin::computed, Platform::binary_sensor, kind::kProblem,  "Temperature high"},
  {"alarm_temperature_low",   Scope::alarm, Origin::computed, Platform::binary_sensor, kind::kProblem,  "Temperature low"},
  {"alarm_data_missing",      Scope::alarm, Origin::computed, Platform::binary_sensor, kind::kProblem,  "Data missing"},
  {"alarm_bms_error",         Scope::alarm, Origin::computed, Platform::binary_sensor, kind::kProblem,  "BMS error"},
  {"last_event",        Scope::pack,    Origin::computed, Platform::event,         kind::kEvent,        "Last event"},
};
// clang-format on

/// Position of a row in the table.
using RowId = std::uint16_t;
inline constexpr RowId kNoRow = 0xFFFF;

constexpr RowId core_row(std::string_view key) {
  for (RowId i = 0; i < std::size(kPoints); ++i)
    if (kPoints[i].key == key) return i;
  return kNoRow;
}

/// A row together with the unit that its values have.
template <class Unit>
struct Handle {
  RowId row;
};
struct OnOff {
  static constexpr std::string_view kSymbol{};
};
/// A count, an ordinal: a number without unit.
struct Plain {
  static constexpr std::string_view kSymbol{};
};

template <class Unit>
consteval Handle<Unit> handle(std::string_view key) {
  const RowId row = core_row(key);
  if (row == kNoRow) throw "no such point";
  const Kind& k = kPoints[row].kind;
  const bool on_off = std::is_same_v<Unit, OnOff>;
  if ((k.type == ValueType::on_off) != on_off) throw "not the type of the point";
  if (k.unit != Unit::kSymbol) throw "the point has another unit";
  return {row};
}

namespace point {

// clang-format off
inline constexpr auto voltage             = handle<Volts>("voltage");
inline constexpr auto current             = handle<Amperes>("current");
inline constexpr auto power               = handle<Watts>("power");
inline constexpr auto soc                 = handle<Percent>("soc");
inline constexpr auto cell_voltage        = handle<Volts>("cell_{}_voltage");
inline constexpr auto cell_temperature    = handle<Celsius>("cell_{}_temperature");
inline constexpr auto temperature         = handle<Celsius>("temperature_{}");
inline constexpr auto cell_voltage_min    = handle<Volts>("cell_voltage_min");
inline constexpr auto cell_voltage_max    = handle<Volts>("cell_voltage_max");
inline constexpr auto cell_voltage_mean   = handle<Volts>("cell_voltage_mean");
inline constexpr auto cell_voltage_spread = handle<Volts>("cell_voltage_spread");
inline constexpr auto worst_cell          = handle<Plain>("worst_cell");
inline constexpr auto temperature_min     = handle<Celsius>("temperature_min");
inline constexpr auto temperature_max     = handle<Celsius>("temperature_max");
inline constexpr auto temperature_mean    = handle<Celsius>("temperature_mean");
inline constexpr RowId voltage_rate       = core_row("voltage_rate");
inline constexpr RowId temperature_rate   = core_row("temperature_rate");
inline constexpr auto charging            = handle<OnOff>("charging");
inline constexpr RowId bms_error          = core_row("bms_error");
inline constexpr auto connected           = handle<OnOff>("connected");
inline constexpr auto problem             = handle<OnOff>("problem");
inline constexpr auto adapter_connected   = handle<OnOff>("{}_connected");
inline constexpr auto adapter_restarts    = handle<Plain>("{}_restarts");
inline constexpr RowId adapter_last_error = core_row("{}_last_error");
inline constexpr RowId last_event         = core_row("last_event");
// clang-format on

}  // namespace point

namespace detail {

constexpr bool is_writable(Platform p) {
  return p == Platform::switch_ || p == Platform::number || p == Platform::select ||
         p == Platform::text || p == Platform::button;
}

/// Things that Home Assistant would refuse or jam on, and mistakes in the table itself.
constexpr bool is_sound(const PointRow& row) {
  const bool numbered = row.key.find("{}") != std::string_view::npos;
  const bool wants_number =
      row.scope == Scope::cell || row.scope == Scope::temperature || row.scope == Scope::adapter;
  const bool read_only =
      row.platform == Platform::sensor || row.platform == Platform::binary_sensor;
  return numbered == wants_number && !row.name.empty() &&
         !(read_only && row.category == Category::config) &&
         is_writable(row.platform) == (row.control != Control::none) &&
         (row.origin != Origin::setting || is_writable(row.platform)) &&
         (row.platform == Platform::binary_sensor) <= (row.kind.type == ValueType::on_off) &&
         row.kind.low <= row.kind.high;
}

constexpr bool is_sound() {
  for (const PointRow& row : kPoints) {
    if (!is_sound(row) || core_row(row.key) != &row - kPoints) return false;
  }
  return true;
}
static_assert(is_sound(), "a row of the point table is wrong, or a key stands there twice");

}  // namespace detail

/// A row whose text belongs to it: read from a profile instead of compiled in.
struct VendorRow {
  std::string key, name, unit, device_class, state_class;
  int decimals = 0;
  double max_age_s = 5;
  double dead_band = 0;
  ValueType type = ValueType::number;
  std::vector<std::string> options;
  Scope scope = Scope::pack;
  bool enabled = true;
};

/// All rows of a running gateway: kPoints first, then the adapters' own. Rows stay where they are.
class PointTable {
 public:
  PointTable();
  RowId add(const PointRow& row);  // a row compiled into an adapter
  RowId add(VendorRow row);
  [[nodiscard]] const PointRow& row(RowId id) const { return *rows_[id]; }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] RowId find(std::string_view key) const;  // kNoRow if there is none

 private:
  struct Owned {
    VendorRow text;
    std::vector<std::string_view> options;
    PointRow row{};
  };
  std::vector<const PointRow*> rows_;
  std::deque<Owned> owned_;
};

}  // namespace b2m

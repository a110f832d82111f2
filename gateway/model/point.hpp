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
  alarm,        // an alert of a pack or charger
  plug,         // once per plug or strip
  charger,      // once per plug that has a charger behind it
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
  {"charge_summary",    Scope::bridge,  Origin::computed, Platform::sensor,        kind::kText,         "Charges of yesterday", 0, Category::diagnostic},
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
  {"cell_{}_bleed",     Scope::cell,    Origin::measured, Platform::switch_,       kind::kClosed,       "Cell {} bleed", 0, Category::none, true, Control::balancing, "On: bleeds for the bleed time, then ends by itself."},
  {"temperature_{}",    Scope::temperature, Origin::measured, Platform::sensor,    kind::kTemperature,  "Temperature {}", 0.1},
  {"cell_voltage_min",  Scope::pack,    Origin::computed, Platform::sensor,        kind::kCellVoltage,  "Lowest cell voltage", 0.002},
  {"cell_voltage_max",  Scope::pack,    Origin::computed, Platform::sensor,        kind::kCellVoltage,  "Highest cell voltage", 0.002},
  {"cell_voltage_mean", Scope::pack,    Origin::computed, Platform::sensor,        kind::kCellVoltage,  "Mean cell voltage", 0.002},
  {"cell_voltage_spread",Scope::pack,   Origin::computed, Platform::sensor,        kind::kVoltageSpread,"Cell voltage spread", 0.002, Category::none, true, Control::none, "Highest minus lowest cell voltage."},
  {"module_voltage_spread",Scope::pack, Origin::computed, Platform::sensor,        kind::kVoltageSpread,"Spread between modules", 0.002, Category::none, true, Control::none, "Highest minus lowest mean cell voltage of the modules; unknown while any cell is."},
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
  {"balancing",         Scope::pack,    Origin::setting,  Platform::switch_,       kind::kSwitch,       "Balancing", 0, Category::none, true, Control::balancing, "On: one balancing run now, which ends by itself. A restart of the gateway ends it too."},
  {"balancing_reason",  Scope::pack,    Origin::computed, Platform::sensor,        kind::kText,         "Balancing reason", 0, Category::diagnostic, true, Control::none, "What a balancing run is doing, or why the last run or bleed ended or was refused."},
  {"bleed_time",        Scope::pack,    Origin::setting,  Platform::number,        kind::setting("s", 0, 1, 3780), "Bleed time", 0, Category::config, true, Control::balancing, "How long a bleed that is switched on by hand goes on."},
  {"balance_difference",Scope::pack,    Origin::setting,  Platform::number,        kind::setting("V", 3, 0.001, 1), "Balance difference", 0, Category::config, true, Control::balancing, "Cells this far above the lowest one are bled in a balancing run."},
  {"balance_voltage",   Scope::pack,    Origin::setting,  Platform::number,        kind::setting("V", 3, 0.5, 60), "Balance voltage", 0, Category::config, true, Control::balancing, "No cell is bled at or below it."},
  {"bms_error",         Scope::pack,    Origin::measured, Platform::sensor,        kind::kText,         "Last BMS error", 0, Category::diagnostic, true, Control::none, "Payload of the last error frame as hex digits."},
  {"connected",         Scope::pack,    Origin::computed, Platform::binary_sensor, kind::kConnectivity, "Connected", 0, Category::diagnostic},
  {"problem",           Scope::pack,    Origin::computed, Platform::binary_sensor, kind::kProblem,      "Problem", 0, Category::none, true, Control::none, "On while any alarm of the pack is."},
  {"alarm_cell_voltage_high", Scope::alarm, Origin::computed, Platform::binary_sensor, kind::kProblem,  "Cell voltage high"},
  {"alarm_cell_voltage_low",  Scope::alarm, Origin::computed, Platform::binary_sensor, kind::kProblem,  "Cell voltage low"},
  {"alarm_cell_spread",       Scope::alarm, Origin::computed, Platform::binary_sensor, kind::kProblem,  "Cell voltage spread high"},
  {"alarm_temperature_high",  Scope::alarm, Origin::computed, Platform::binary_sensor, kind::kProblem,  "Temperature high"},
  {"alarm_temperature_low",   Scope::alarm, Origin::computed, Platform::binary_sensor, kind::kProblem,  "Temperature low"},
  {"alarm_data_missing",      Scope::alarm, Origin::computed, Platform::binary_sensor, kind::kProblem,  "Data missing"},
  {"alarm_charger_fault",     Scope::alarm, Origin::computed, Platform::binary_sensor, kind::kProblem,  "Charger fault"},
  {"alarm_guard_missing",     Scope::alarm, Origin::computed, Platform::binary_sensor, kind::kProblem,  "Charging without guard"},
  {"alarm_bms_error",         Scope::alarm, Origin::computed, Platform::binary_sensor, kind::kProblem,  "BMS error"},
  // ---- the chip of a module (bq76PL536A)
  {"module_address",    Scope::pack,    Origin::measured, Platform::sensor,        kind::kOrdinal,      "Module address", 0, Category::diagnostic, false, Control::none, "On its ring, in wiring order."},
  {"chip_alert",        Scope::pack,    Origin::measured, Platform::binary_sensor, kind::kChipFlag,     "Chip alert", 0, Category::diagnostic, true, Control::none, "Any of the chip's alerts."},
  {"chip_fault",        Scope::pack,    Origin::measured, Platform::binary_sensor, kind::kChipFlag,     "Chip fault", 0, Category::diagnostic, true, Control::none, "Any of the chip's faults."},
  {"chip_alert_temperature_1_high", Scope::pack, Origin::measured, Platform::binary_sensor, kind::kChipFlag, "Chip alert: temperature 1 high", 0, Category::diagnostic, false},
  {"chip_alert_temperature_2_high", Scope::pack, Origin::measured, Platform::binary_sensor, kind::kChipFlag, "Chip alert: temperature 2 high", 0, Category::diagnostic, false},
  {"chip_alert_sleep",  Scope::pack,    Origin::measured, Platform::binary_sensor, kind::kChipFlag,     "Chip alert: asleep", 0, Category::diagnostic, false, Control::none, "Is or was asleep."},
  {"chip_alert_overheated", Scope::pack, Origin::measured, Platform::binary_sensor, kind::kChipFlag,    "Chip alert: thermal shutdown", 0, Category::diagnostic, false},
  {"chip_alert_forced", Scope::pack,    Origin::measured, Platform::binary_sensor, kind::kChipFlag,     "Chip alert: forced", 0, Category::diagnostic, false},
  {"chip_alert_memory", Scope::pack,    Origin::measured, Platform::binary_sensor, kind::kChipFlag,     "Chip alert: memory error", 0, Category::diagnostic, false, Control::none, "Of the chip's EPROM, uncorrectable."},
  {"chip_alert_settings", Scope::pack,  Origin::measured, Platform::binary_sensor, kind::kChipFlag,     "Chip alert: settings invalid", 0, Category::diagnostic, false, Control::none, "Its protected registers fail their parity."},
  {"chip_alert_address",Scope::pack,    Origin::measured, Platform::binary_sensor, kind::kChipFlag,     "Chip alert: address lost", 0, Category::diagnostic, false},
  {"chip_fault_cell_voltage_high", Scope::pack, Origin::measured, Platform::binary_sensor, kind::kChipFlag, "Chip fault: cell voltage high", 0, Category::diagnostic, false},
  {"chip_fault_cell_voltage_low",  Scope::pack, Origin::measured, Platform::binary_sensor, kind::kChipFlag, "Chip fault: cell voltage low", 0, Category::diagnostic, false},
  {"chip_fault_checksum", Scope::pack,  Origin::measured, Platform::binary_sensor, kind::kChipFlag,     "Chip fault: checksum", 0, Category::diagnostic, false},
  {"chip_fault_restart",Scope::pack,    Origin::measured, Platform::binary_sensor, kind::kChipFlag,     "Chip fault: power-on reset", 0, Category::diagnostic, false},
  {"chip_fault_forced", Scope::pack,    Origin::measured, Platform::binary_sensor, kind::kChipFlag,     "Chip fault: forced", 0, Category::diagnostic, false},
  {"chip_fault_internal", Scope::pack,  Origin::measured, Platform::binary_sensor, kind::kChipFlag,     "Chip fault: internal", 0, Category::diagnostic, false},
  {"chip_cells_high",   Scope::pack,    Origin::measured, Platform::sensor,        kind::kText,         "Chip: cells too high", 0, Category::diagnostic, false, Control::none, "Numbers of the cells that the chip itself calls too high."},
  {"chip_cells_low",    Scope::pack,    Origin::measured, Platform::sensor,        kind::kText,         "Chip: cells too low", 0, Category::diagnostic, false, Control::none, "Numbers of the cells that the chip itself calls too low."},
  {"chip_cell_voltage_high", Scope::pack, Origin::measured, Platform::number,      kind::setting("V", 2, 2.0, 5.15, 0.05), "Chip limit: cell voltage high", 0, Category::config, false, Control::limits, "The chip's own threshold, in steps of 0.05 V."},
  {"chip_cell_voltage_high_delay", Scope::pack, Origin::measured, Platform::number, kind::setting("ms", 0, 0, 3100, 100), "Chip limit: cell voltage high delay", 0, Category::config, false, Control::limits, "In steps of 100 ms."},
  {"chip_cell_voltage_low", Scope::pack, Origin::measured, Platform::number,       kind::setting("V", 1, 0.7, 3.3), "Chip limit: cell voltage low", 0, Category::config, false, Control::limits, "The chip's own threshold, in steps of 0.1 V."},
  {"chip_cell_voltage_low_delay", Scope::pack, Origin::measured, Platform::number, kind::setting("ms", 0, 0, 3100, 100), "Chip limit: cell voltage low delay", 0, Category::config, false, Control::limits, "In steps of 100 ms."},
  {"chip_temperature_high", Scope::pack, Origin::measured, Platform::number,       kind::setting("°C", 0, 40, 90, 5), "Chip limit: temperature high", 0, Category::config, false, Control::limits, "Of both sensors, in steps of 5 °C."},
  {"chip_temperature_high_delay", Scope::pack, Origin::measured, Platform::number, kind::setting("ms", 0, 0, 2550, 10), "Chip limit: temperature high delay", 0, Category::config, false, Control::limits, "In steps of 10 ms."},
  {"clear_chip_faults", Scope::pack,    Origin::setting,  Platform::button,        kind::kPlainButton,  "Clear chip faults", 0, Category::config, true, Control::limits, "Flags come back at once while their cause lasts."},
  {"module_reads",      Scope::pack,    Origin::measured, Platform::sensor,        kind::kCount,        "Good reads", 0, Category::diagnostic, false},
  {"module_read_errors",Scope::pack,    Origin::measured, Platform::sensor,        kind::kCount,        "Failed reads", 0, Category::diagnostic, false},
  {"cell_voltage_lowest_seen", Scope::pack, Origin::measured, Platform::sensor,    kind::kCellVoltage,  "Lowest cell voltage seen", 0.002, Category::diagnostic, false, Control::none, "Since the gateway's start."},
  {"cell_voltage_highest_seen", Scope::pack, Origin::measured, Platform::sensor,   kind::kCellVoltage,  "Highest cell voltage seen", 0.002, Category::diagnostic, false, Control::none, "Since the gateway's start."},
  // ---- one node per cell
  {"cell_{}_node",      Scope::cell,    Origin::measured, Platform::sensor,        kind::kText,         "Cell {} node", 0, Category::diagnostic, true, Control::none, "Protocol, firmware and serial number."},
  {"cell_{}_node_state",Scope::cell,    Origin::measured, Platform::sensor,        kind::kText,         "Cell {} node state", 0, Category::diagnostic, true, Control::none, "ok, or what is wrong with the node or its wires."},
  {"cell_{}_read_errors", Scope::cell,  Origin::measured, Platform::sensor,        kind::kCount,        "Cell {} failed reads", 0, Category::diagnostic, false},
  {"cell_{}_voltage_error", Scope::cell, Origin::measured, Platform::sensor,       kind::kVoltageSpread,"Cell {} voltage error", 0.001, Category::diagnostic, false, Control::none, "Widest deviation to expect from resolution, tolerance and calibration."},
  {"cell_{}_voltage_lowest_seen", Scope::cell, Origin::measured, Platform::sensor, kind::kCellVoltage,  "Cell {} lowest voltage seen", 0.002, Category::diagnostic, false, Control::none, "By the node itself."},
  {"cell_{}_voltage_highest_seen", Scope::cell, Origin::measured, Platform::sensor, kind::kCellVoltage, "Cell {} highest voltage seen", 0.002, Category::diagnostic, false, Control::none, "By the node itself."},
  {"cell_{}_bleed_duty",Scope::cell,    Origin::measured, Platform::sensor,        kind::kPercent,      "Cell {} bleed duty", 1, Category::diagnostic, false},
  {"cell_{}_calibrate", Scope::cell,    Origin::setting,  Platform::number,        kind::setting("V", 3, 0.5, 60), "Cell {} true voltage", 0, Category::config, false, Control::limits, "Set to what a good meter shows: one point of the calibration; a second one far enough away completes it."},
  {"cell_{}_calibration", Scope::cell,  Origin::measured, Platform::sensor,        kind::kText,         "Cell {} calibration", 0, Category::diagnostic, false},
  {"cell_{}_calibration_reset", Scope::cell, Origin::setting, Platform::button,    kind::kPlainButton,  "Cell {} forget calibration", 0, Category::config, false, Control::limits},
  {"cell_{}_locate",    Scope::cell,    Origin::setting,  Platform::button,        kind::kPlainButton,  "Cell {} locate", 0, Category::config, false, Control::limits, "The node blinks."},
  // ---- plugs
  {"relay",             Scope::plug,    Origin::measured, Platform::switch_,       kind::kSwitch,       "Relay", 0, Category::none, true, Control::plugs, "Of a plug with a charger: starts and ends a charge, and belongs to the class charging."},
  {"energy_today",      Scope::plug,    Origin::computed, Platform::sensor,        kind::kEnergy,       "Energy today", 0.001},
  {"energy_total",      Scope::plug,    Origin::computed, Platform::sensor,        kind::kEnergy,       "Energy total", 0.001, Category::none, true, Control::none, "Counted by the gateway, so that it survives resets of the plug."},
  {"energy_counter",    Scope::plug,    Origin::measured, Platform::sensor,        kind::kEnergyCounter,"Energy counter of the plug", 0.001, Category::diagnostic, false, Control::none, "The plug's own; starts anew when the plug does."},
  {"on_since",          Scope::plug,    Origin::measured, Platform::sensor,        kind::kMoment,       "On since", 2, Category::diagnostic},
  {"guard_remaining",   Scope::plug,    Origin::measured, Platform::sensor,        kind::kSeconds,      "Guard time left", 5, Category::diagnostic, true, Control::none, "Seconds until the plug switches itself off; unknown while no timer runs in the plug."},
  {"signal_strength",   Scope::plug,    Origin::measured, Platform::sensor,        kind::kSignal,       "Signal strength", 1, Category::diagnostic, false},
  {"overheated",        Scope::plug,    Origin::measured, Platform::binary_sensor, kind::kProblem,      "Overheated", 0, Category::diagnostic},
  {"overloaded",        Scope::plug,    Origin::measured, Platform::binary_sensor, kind::kProblem,      "Overloaded", 0, Category::diagnostic},
  {"model",             Scope::plug,    Origin::measured, Platform::sensor,        kind::kText,         "Model", 0, Category::diagnostic},
  {"firmware",          Scope::plug,    Origin::measured, Platform::sensor,        kind::kText,         "Firmware", 0, Category::diagnostic},
  {"address",           Scope::plug,    Origin::measured, Platform::sensor,        kind::kText,         "Address", 0, Category::diagnostic, false},
  {"alias",             Scope::plug,    Origin::measured, Platform::text,          kind::kText,         "Alias", 0, Category::config, true, Control::plugs, "The name in the plug itself."},
  {"led",               Scope::plug,    Origin::measured, Platform::switch_,       kind::kSwitch,       "LED", 0, Category::config, true, Control::plugs},
  {"reboot",            Scope::plug,    Origin::setting,  Platform::button,        kind::kButton,       "Reboot", 0, Category::config, true, Control::plugs},
  // ---- a charger behind a plug
  {"charge_mode",       Scope::charger, Origin::setting,  Platform::select,        kind::kChargeMode,   "Charge mode", 0, Category::none, true, Control::charging},
  {"charge_target",     Scope::charger, Origin::setting,  Platform::select,        kind::kChargeTarget, "Charge target", 0, Category::none, true, Control::charging, "What ends a charge in mode nominal."},
  {"charge_start",      Scope::charger, Origin::setting,  Platform::button,        kind::kPlainButton,  "Start charging", 0, Category::none, true, Control::charging},
  {"charge_pause",      Scope::charger, Origin::setting,  Platform::button,        kind::kPlainButton,  "Pause charging", 0, Category::none, true, Control::charging},
  {"charge_stop",       Scope::charger, Origin::setting,  Platform::button,        kind::kPlainButton,  "Stop charging", 0, Category::none, true, Control::charging},
  {"charge_skip",       Scope::charger, Origin::setting,  Platform::button,        kind::kPlainButton,  "Skip the next charge", 0, Category::none, true, Control::charging},
  {"clear_fault",       Scope::charger, Origin::setting,  Platform::button,        kind::kPlainButton,  "Clear fault", 0, Category::none, true, Control::limits},
  {"charge_state",      Scope::charger, Origin::computed, Platform::sensor,        kind::kChargeState,  "Charge state"},
  {"charge_reason",     Scope::charger, Origin::computed, Platform::sensor,        kind::kText,         "Charge reason", 0, Category::none, true, Control::none, "Why the charge state is what it is."},
  {"session_energy",    Scope::charger, Origin::computed, Platform::sensor,        kind::kEnergy,       "Session energy", 0.001},
  {"session_charge",    Scope::charger, Origin::computed, Platform::sensor,        kind::kSessionCharge,"Session charge", 0.01, Category::none, true, Control::none, "Estimated into the battery: energy times efficiency by the battery's voltage."},
  {"session_cost",      Scope::charger, Origin::computed, Platform::sensor,        kind::kMoney,        "Session cost", 0.005},
  {"session_duration",  Scope::charger, Origin::computed, Platform::sensor,        kind::kMinutes,      "Session duration", 0.5},
  {"session_peak",      Scope::charger, Origin::computed, Platform::sensor,        kind::kPower,        "Session peak power", 0.5, Category::diagnostic},
  {"charge_level",      Scope::charger, Origin::computed, Platform::sensor,        kind::kLevel,        "Estimated charge level", 0.5, Category::none, true, Control::none, "The pack's own state of charge where one is bound, else an estimate."},
  {"time_left",         Scope::charger, Origin::computed, Platform::sensor,        kind::kMinutes,      "Time left", 0.5},
  {"next_start",        Scope::charger, Origin::computed, Platform::sensor,        kind::kMoment,       "Next start"},
  {"last_full",         Scope::charger, Origin::computed, Platform::sensor,        kind::kMoment,       "Last full charge", 0, Category::diagnostic},
  {"last_result",       Scope::charger, Origin::computed, Platform::sensor,        kind::kText,         "Last result", 0, Category::diagnostic},
  {"learned_peak",      Scope::charger, Origin::computed, Platform::sensor,        kind::kPower,        "Learned peak power", 0.1, Category::diagnostic},
  {"price",             Scope::charger, Origin::measured, Platform::sensor,        kind::kPrice,        "Price", 0, Category::diagnostic},
  {"ambient_temperature",Scope::charger,Origin::measured, Platform::sensor,        kind::kAmbient,      "Ambient temperature", 0.1, Category::diagnostic},
  {"schedule",          Scope::charger, Origin::setting,  Platform::switch_,       kind::kSwitch,       "Schedule", 0, Category::config, true, Control::charging},
  {"schedule_windows",  Scope::charger, Origin::setting,  Platform::text,          kind::kText,         "Charge windows", 0, Category::config, true, Control::charging, "For example: mon-fri 22:00-06:00; sat,sun 00:00-24:00. Or: any time."},
  {"ready_by",          Scope::charger, Origin::setting,  Platform::text,          kind::kText,         "Ready by", 0, Category::config, true, Control::charging, "For example: mon-fri 07:00; sun 10:30. Or: never."},
  {"ready_by_outside",  Scope::charger, Origin::setting,  Platform::switch_,       kind::kSwitch,       "Charge outside windows to be ready", 0, Category::config, true, Control::charging},
  {"full_every",        Scope::charger, Origin::setting,  Platform::select,        kind::kFullEvery,    "Full charge every", 0, Category::config, true, Control::charging},
  {"full_weekday",      Scope::charger, Origin::setting,  Platform::select,        kind::kWeekday,      "Full charge on", 0, Category::config, true, Control::charging},
  {"price_limit",       Scope::charger, Origin::setting,  Platform::number,        kind::setting("", 4, -1000, 1000), "Price limit", 0, Category::config, true, Control::charging, "Charges only while the price is not above it."},
  {"price_limited",     Scope::charger, Origin::setting,  Platform::switch_,       kind::kSwitch,       "Obey the price limit", 0, Category::config, true, Control::charging},
  {"start_delay",       Scope::charger, Origin::setting,  Platform::number,        kind::setting("min", 0, 0, 1440), "Start delay", 0, Category::config, true, Control::charging, "Wait after a window opens or start is pressed, for example for a warm battery to cool."},
  {"min_on_time",       Scope::charger, Origin::setting,  Platform::number,        kind::setting("min", 0, 0, 240), "Minimum on-time", 0, Category::config, true, Control::charging, "A tariff or window does not end a charge before it; targets, limits and the user do."},
  {"cool_down",         Scope::charger, Origin::setting,  Platform::number,        kind::setting("h", 1, 0, 168), "Cool-down", 0, Category::config, true, Control::charging, "Least time between a finished charge and the next one of the schedule."},
  {"start_level",       Scope::charger, Origin::setting,  Platform::number,        kind::setting("%", 0, 0, 100), "Charge level now", 0, Category::config, true, Control::charging, "What the battery stands at, if you know it: used by the targets energy and storage."},
  {"target_level",      Scope::charger, Origin::setting,  Platform::number,        kind::setting("%", 0, 1, 100), "Target level", 0, Category::config, true, Control::charging, "Of the targets energy and soc."},
  {"storage_level",     Scope::charger, Origin::setting,  Platform::number,        kind::setting("%", 0, 1, 100), "Storage level", 0, Category::config, true, Control::charging},
  {"target_fraction",   Scope::charger, Origin::setting,  Platform::number,        kind::setting("%", 0, 1, 100), "Target fraction of peak power", 0, Category::config, true, Control::charging},
  {"target_power",      Scope::charger, Origin::setting,  Platform::number,        kind::setting("W", 1, 0, 4000), "Target power", 0, Category::config, true, Control::charging},
  {"target_cell_voltage",Scope::charger,Origin::setting,  Platform::number,        kind::setting("V", 3, 0.5, 60), "Target cell voltage", 0, Category::config, true, Control::charging, "Of the highest cell of the bound pack."},
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
struct KilowattHours {
  static constexpr std::string_view kSymbol = "kWh";
  double value = 0;
};
struct SecondsLeft {
  static constexpr std::string_view kSymbol = "s";
  double value = 0;
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
inline constexpr auto cell_bleed          = handle<OnOff>("cell_{}_bleed");
inline constexpr auto temperature         = handle<Celsius>("temperature_{}");
inline constexpr auto cell_voltage_min    = handle<Volts>("cell_voltage_min");
inline constexpr auto cell_voltage_max    = handle<Volts>("cell_voltage_max");
inline constexpr auto cell_voltage_mean   = handle<Volts>("cell_voltage_mean");
inline constexpr auto cell_voltage_spread = handle<Volts>("cell_voltage_spread");
inline constexpr auto module_voltage_spread = handle<Volts>("module_voltage_spread");
inline constexpr auto worst_cell          = handle<Plain>("worst_cell");
inline constexpr auto temperature_min     = handle<Celsius>("temperature_min");
inline constexpr auto temperature_max     = handle<Celsius>("temperature_max");
inline constexpr auto temperature_mean    = handle<Celsius>("temperature_mean");
inline constexpr RowId voltage_rate       = core_row("voltage_rate");
inline constexpr RowId temperature_rate   = core_row("temperature_rate");
inline constexpr auto charging            = handle<OnOff>("charging");
inline constexpr auto balancing           = handle<OnOff>("balancing");
inline constexpr RowId balancing_reason   = core_row("balancing_reason");
inline constexpr RowId bleed_time         = core_row("bleed_time");
inline constexpr RowId balance_difference = core_row("balance_difference");
inline constexpr RowId balance_voltage    = core_row("balance_voltage");
inline constexpr RowId bms_error          = core_row("bms_error");
inline constexpr auto relay               = handle<OnOff>("relay");
inline constexpr auto energy_today        = handle<KilowattHours>("energy_today");
inline constexpr auto energy_total        = handle<KilowattHours>("energy_total");
inline constexpr auto energy_counter      = handle<KilowattHours>("energy_counter");
inline constexpr auto guard_remaining     = handle<SecondsLeft>("guard_remaining");
inline constexpr RowId on_since           = core_row("on_since");
inline constexpr RowId signal_strength    = core_row("signal_strength");
inline constexpr auto overheated          = handle<OnOff>("overheated");
inline constexpr auto overloaded          = handle<OnOff>("overloaded");
inline constexpr auto led                 = handle<OnOff>("led");
inline constexpr RowId plug_model         = core_row("model");
inline constexpr RowId firmware           = core_row("firmware");
inline constexpr RowId address            = core_row("address");
inline constexpr RowId alias              = core_row("alias");
inline constexpr RowId reboot             = core_row("reboot");
inline constexpr auto price               = handle<Plain>("price");
inline constexpr auto ambient_temperature = handle<Celsius>("ambient_temperature");
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

// SPDX-License-Identifier: MIT
// The registers of the monitor chip (bq76PL536A) behind each board; docs/protocols/tesla-uart.md 4.
#pragma once

#include <cstdint>
#include <string_view>

namespace b2m::tesla_uart {

inline constexpr int kCells = 6;
inline constexpr int kSensors = 2;
inline constexpr int kMaxModules = 62;
inline constexpr std::uint8_t kUnaddressed = 0x00;
inline constexpr std::uint8_t kEverybody = 0x3F;

namespace reg {
inline constexpr std::uint8_t kStatus = 0x00;
inline constexpr std::uint8_t kAlerts = 0x20;  // then faults, cells too high, cells too low
inline constexpr std::uint8_t kFaults = 0x21;
inline constexpr std::uint8_t kAdcControl = 0x30;
inline constexpr std::uint8_t kIoControl = 0x31;
inline constexpr std::uint8_t kBleedMask = 0x32;
inline constexpr std::uint8_t kBleedTime = 0x33;
inline constexpr std::uint8_t kConvert = 0x34;
inline constexpr std::uint8_t kUnlock = 0x3A;
inline constexpr std::uint8_t kAddress = 0x3B;
inline constexpr std::uint8_t kReset = 0x3C;
inline constexpr std::uint8_t kLimits = 0x42;  // six of them, see chip_limits.hpp
}  // namespace reg

inline constexpr std::uint8_t kMeasureAll = 0x3D;  // six cells, module, both sensors
inline constexpr std::uint8_t kSensorsOn = 0x03;
inline constexpr std::uint8_t kSleep = 0x04;
inline constexpr std::uint8_t kStartConversion = 0x01;
inline constexpr std::uint8_t kUnlockWord = 0x35;
inline constexpr std::uint8_t kResetWord = 0xA5;
inline constexpr std::uint8_t kAddressValid = 0x80;

namespace status {
inline constexpr std::uint8_t kDataReady = 0x01;
inline constexpr std::uint8_t kAlert = 0x20;
inline constexpr std::uint8_t kFault = 0x40;
}  // namespace status

/// One bit of an alert or fault register and the point that shows it.
struct Flag {
  std::uint8_t mask;
  std::string_view point;
  std::string_view name;  // for people
};

// clang-format off
inline constexpr Flag kAlertFlags[] = {
  {0x01, "chip_alert_temperature_1_high", "temperature 1 high"},
  {0x02, "chip_alert_temperature_2_high", "temperature 2 high"},
  {0x04, "chip_alert_sleep",              "asleep"},
  {0x08, "chip_alert_overheated",         "thermal shutdown"},
  {0x10, "chip_alert_forced",             "forced"},
  {0x20, "chip_alert_memory",             "memory error"},
  {0x40, "chip_alert_settings",           "settings invalid"},
  {0x80, "chip_alert_address",            "address lost"},
};
inline constexpr Flag kFaultFlags[] = {
  {0x01, "chip_fault_cell_voltage_high",  "cell voltage high"},
  {0x02, "chip_fault_cell_voltage_low",   "cell voltage low"},
  {0x04, "chip_fault_checksum",           "checksum"},
  {0x08, "chip_fault_restart",            "power-on reset"},
  {0x10, "chip_fault_forced",             "forced"},
  {0x20, "chip_fault_internal",           "internal"},
};
// clang-format on

inline constexpr std::uint8_t kAlertSleep = 0x04;
inline constexpr std::uint8_t kAlertAddress = 0x80;
inline constexpr std::uint8_t kFaultRestart = 0x08;

}  // namespace b2m::tesla_uart

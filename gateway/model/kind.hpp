// SPDX-License-Identifier: MIT
// One Kind per physical quantity: everything Home Assistant, the topics and the plausibility check
// need to know about it. Rows of the point table pick a kind and never repeat what it says.
#pragma once

#include <span>
#include <string_view>

#include "gateway/model/charge_words.hpp"

namespace b2m {

enum class ValueType { number, on_off, option, text, timestamp, event };

struct Kind {
  ValueType type = ValueType::number;
  std::string_view unit{};          // as Home Assistant writes it; empty: none
  std::string_view device_class{};  // empty: none
  std::string_view state_class{};   // empty: none
  int decimals = 0;                 // of the published text and the suggested display
  double low = -1e12;               // plausible range; outside: Quality::suspect
  double high = 1e12;
  double max_age_s = 5;       // older: Quality::stale; 0: never
  double min_interval_s = 1;  // published at most this often
  std::span<const std::string_view> options{};
  double step = 0;  // of a number that the user sets; 0: as its decimals say
};

namespace kind {

// clang-format off
inline constexpr Kind kCellVoltage   {.unit = "V",  .device_class = "voltage",     .state_class = "measurement", .decimals = 3, .low = 0.05, .high = 60};
inline constexpr Kind kVoltage       {.unit = "V",  .device_class = "voltage",     .state_class = "measurement", .decimals = 2, .low = 0, .high = 2000};
inline constexpr Kind kVoltageSpread {.unit = "V",  .device_class = "voltage",     .state_class = "measurement", .decimals = 3, .low = 0, .high = 60};
inline constexpr Kind kVoltageRate   {.unit = "mV/min",                            .state_class = "measurement", .decimals = 1};
inline constexpr Kind kCurrent       {.unit = "A",  .device_class = "current",     .state_class = "measurement", .decimals = 2, .low = -5000, .high = 5000};
inline constexpr Kind kPower         {.unit = "W",  .device_class = "power",       .state_class = "measurement", .decimals = 0, .low = -1e6, .high = 1e6};
inline constexpr Kind kEnergy        {.unit = "kWh",.device_class = "energy",      .state_class = "total_increasing", .decimals = 3, .low = 0, .high = 1e9};
inline constexpr Kind kEnergyCounter {.unit = "kWh",.device_class = "energy",      .state_class = "total_increasing", .decimals = 3, .low = 0, .high = 1e9, .max_age_s = 60};
inline constexpr Kind kAmbient       {.unit = "°C", .device_class = "temperature", .state_class = "measurement", .decimals = 1, .low = -60, .high = 150, .max_age_s = 3600};
inline constexpr Kind kCharge        {.unit = "Ah",                                .state_class = "measurement", .decimals = 1, .low = 0, .high = 1e6};
inline constexpr Kind kSoc           {.unit = "%",  .device_class = "battery",     .state_class = "measurement", .decimals = 1, .low = 0, .high = 100};
inline constexpr Kind kSoh           {.unit = "%",                                 .state_class = "measurement", .decimals = 0, .low = 0, .high = 110};
inline constexpr Kind kTemperature   {.unit = "°C", .device_class = "temperature", .state_class = "measurement", .decimals = 1, .low = -45, .high = 150};
inline constexpr Kind kTemperatureRate{.unit = "°C/min",                           .state_class = "measurement", .decimals = 2};
inline constexpr Kind kPercent       {.unit = "%",                                 .state_class = "measurement", .decimals = 1, .low = 0, .high = 100};
inline constexpr Kind kRate          {.unit = "1/s",                               .state_class = "measurement", .decimals = 1, .low = 0};
inline constexpr Kind kNumber        {                                             .state_class = "measurement", .decimals = 0, .low = 0};
inline constexpr Kind kOrdinal       {                                                                           .decimals = 0, .low = 1, .high = 10000, .max_age_s = 5};
inline constexpr Kind kCount         {                                             .state_class = "total_increasing", .decimals = 0, .low = 0, .max_age_s = 0};
inline constexpr Kind kSwitch        {.type = ValueType::on_off, .max_age_s = 0, .min_interval_s = 0};
inline constexpr Kind kProblem       {.type = ValueType::on_off, .device_class = "problem", .max_age_s = 0, .min_interval_s = 0};
inline constexpr Kind kChipFlag      {.type = ValueType::on_off, .device_class = "problem", .max_age_s = 60, .min_interval_s = 0};
inline constexpr Kind kConnectivity  {.type = ValueType::on_off, .device_class = "connectivity", .max_age_s = 0, .min_interval_s = 0};
inline constexpr Kind kClosed        {.type = ValueType::on_off, .min_interval_s = 0};
inline constexpr Kind kText          {.type = ValueType::text, .max_age_s = 0};
inline constexpr Kind kStart         {.type = ValueType::timestamp, .device_class = "timestamp", .max_age_s = 0};
inline constexpr Kind kEvent         {.type = ValueType::event, .max_age_s = 0, .min_interval_s = 0};
inline constexpr Kind kMoment        {.type = ValueType::timestamp, .device_class = "timestamp", .max_age_s = 0, .min_interval_s = 0};
inline constexpr Kind kSignal        {.unit = "dBm",.device_class = "signal_strength", .state_class = "measurement", .decimals = 0, .low = -120, .high = 20, .max_age_s = 60};
inline constexpr Kind kSeconds       {.unit = "s",  .device_class = "duration",    .state_class = "measurement", .decimals = 0, .low = 0, .high = 1e9, .max_age_s = 60};
inline constexpr Kind kMinutes       {.unit = "min",.device_class = "duration",    .state_class = "measurement", .decimals = 0, .low = 0, .high = 1e7, .max_age_s = 60};
inline constexpr Kind kLevel         {.unit = "%",                                 .state_class = "measurement", .decimals = 0, .low = 0, .high = 100, .max_age_s = 60};
inline constexpr Kind kSessionCharge {.unit = "Ah",                                .state_class = "measurement", .decimals = 2, .low = 0, .high = 1e6, .max_age_s = 60};
inline constexpr Kind kMoney         {                                             .state_class = "measurement", .decimals = 2, .low = -1e9, .high = 1e9, .max_age_s = 60};
inline constexpr Kind kPrice         {                                             .state_class = "measurement", .decimals = 4, .low = -1e6, .high = 1e6, .max_age_s = 7200};
inline constexpr Kind kChargeMode    {.type = ValueType::option, .max_age_s = 0, .min_interval_s = 0, .options = kChargeModes};
inline constexpr Kind kChargeState   {.type = ValueType::option, .max_age_s = 0, .min_interval_s = 0, .options = kChargeStates};
inline constexpr Kind kChargeTarget  {.type = ValueType::option, .max_age_s = 0, .min_interval_s = 0, .options = kChargeTargets};
inline constexpr Kind kFullEvery     {.type = ValueType::option, .max_age_s = 0, .min_interval_s = 0, .options = kFullEveryWords};
inline constexpr Kind kWeekday       {.type = ValueType::option, .max_age_s = 0, .min_interval_s = 0, .options = kWeekdayWords};
inline constexpr Kind kButton        {.type = ValueType::event, .device_class = "restart", .max_age_s = 0};
inline constexpr Kind kPlainButton   {.type = ValueType::event, .max_age_s = 0};
// clang-format on

/// A number that the user sets.
constexpr Kind setting(std::string_view unit, int decimals, double low, double high,
                       double step = 0) {
  return {.unit = unit,
          .decimals = decimals,
          .low = low,
          .high = high,
          .max_age_s = 0,
          .min_interval_s = 0,
          .step = step};
}

}  // namespace kind
}  // namespace b2m

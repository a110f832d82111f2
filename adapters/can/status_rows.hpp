// SPDX-License-Identifier: MIT
// The points that every CAN bus has on the gateway's own device.
#pragma once

#include "gateway/io/can_bus.hpp"
#include "gateway/model/point.hpp"

namespace b2m::can {

enum class StatusRow {
  bus_state,
  frame_rate,
  bus_load,
  tx_errors,
  rx_errors,
  bus_off_count,
  unknown_ids,
  overruns
};

// Ageless where silence is no change: the read loop alone posts them, so a silent bus posts
// nothing.
inline constexpr Kind kBusState{
    .type = ValueType::option, .max_age_s = 0, .min_interval_s = 0, .options = kCanStates};
inline constexpr Kind kErrorCount{.state_class = "measurement", .low = 0, .max_age_s = 0};

// clang-format off
inline constexpr PointRow kStatusRows[] = {
  {"{}_bus_state",     Scope::adapter, Origin::measured, Platform::sensor, kBusState,      "{} bus state",       0,   Category::diagnostic},
  {"{}_frame_rate",    Scope::adapter, Origin::measured, Platform::sensor, kind::kRate,    "{} frame rate",      1,   Category::diagnostic, false},
  {"{}_bus_load",      Scope::adapter, Origin::measured, Platform::sensor, kind::kPercent, "{} bus load",        0.5, Category::diagnostic, false, Control::none, "Of the bit rate, without stuff bits."},
  {"{}_tx_errors",     Scope::adapter, Origin::measured, Platform::sensor, kErrorCount,    "{} transmit errors", 0,   Category::diagnostic, false, Control::none, "The controller's counter: 96 is a warning, 128 passive, 256 bus-off."},
  {"{}_rx_errors",     Scope::adapter, Origin::measured, Platform::sensor, kErrorCount,    "{} receive errors",  0,   Category::diagnostic, false, Control::none, "The controller's counter: 96 is a warning, 128 passive."},
  {"{}_bus_off_count", Scope::adapter, Origin::measured, Platform::sensor, kind::kCount,   "{} bus-off count",   0,   Category::diagnostic},
  {"{}_unknown_ids",   Scope::adapter, Origin::measured, Platform::sensor, kErrorCount,    "{} unknown ids",     0,   Category::diagnostic, false, Control::none, "Different ids that the profile does not know; the dump lists them."},
  {"{}_overruns",      Scope::adapter, Origin::measured, Platform::sensor, kind::kCount,   "{} lost frames",     0,   Category::diagnostic, false},
};
// clang-format on

}  // namespace b2m::can

// SPDX-License-Identifier: MIT
#include "adapters/can/dbc_unit.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/core.h>

namespace b2m::can {
namespace {

struct Unit {
  std::string_view written;
  std::string_view point;  // the point's unit it can become
  Conversion conversion;
};

// clang-format off
constexpr Unit kUnits[] = {
  {"V", "V", {}},           {"Volt", "V", {}},        {"Volts", "V", {}},       {"volt", "V", {}},
  {"mV", "V", {1e-3}},      {"µV", "V", {1e-6}},      {"uV", "V", {1e-6}},      {"kV", "V", {1e3}},
  {"A", "A", {}},           {"Amp", "A", {}},         {"Amps", "A", {}},        {"Ampere", "A", {}},
  {"mA", "A", {1e-3}},      {"µA", "A", {1e-6}},      {"uA", "A", {1e-6}},      {"kA", "A", {1e3}},
  {"W", "W", {}},           {"Watt", "W", {}},        {"mW", "W", {1e-3}},      {"kW", "W", {1e3}},
  {"kWh", "kWh", {}},       {"Wh", "kWh", {1e-3}},    {"MWh", "kWh", {1e3}},
  {"Wh", "Wh", {}},         {"kWh", "Wh", {1e3}},
  {"Ah", "Ah", {}},         {"mAh", "Ah", {1e-3}},
  {"°C", "°C", {}},         {"degC", "°C", {}},       {"deg C", "°C", {}},      {"C", "°C", {}},
  {"Celsius", "°C", {}},    {"degree C", "°C", {}},   {"℃", "°C", {}},          {"K", "°C", {1, -273.15}},
  {"%", "%", {}},           {"percent", "%", {}},     {"pct", "%", {}},         {"‰", "%", {0.1}},
  {"Ohm", "Ω", {}},         {"ohm", "Ω", {}},         {"mOhm", "Ω", {1e-3}},    {"mohm", "Ω", {1e-3}},
  {"mΩ", "Ω", {1e-3}},      {"Ohm", "mΩ", {1e3}},     {"Ω", "mΩ", {1e3}},       {"mOhm", "mΩ", {}},
};
constexpr std::string_view kFahrenheit[] = {"F", "°F", "degF", "deg F", "Fahrenheit"};
// clang-format on

constexpr int kMostDecimals = 6;

}  // namespace

Result<Conversion> convert_unit(std::string_view from, std::string_view to) {
  if (to.empty() || from == to) return Conversion{};
  const auto at = std::find_if(std::begin(kUnits), std::end(kUnits),
                               [&](const Unit& u) { return u.written == from && u.point == to; });
  if (at != std::end(kUnits)) return at->conversion;
  if (from.empty())
    return Error(
        Errc::malformed,
        fmt::format("write the unit into the SG_ line, or unit = \"{}\" into [[signal]]", to));
  if (std::find(std::begin(kFahrenheit), std::end(kFahrenheit), from) != std::end(kFahrenheit))
    return Error(Errc::malformed,
                 "change the SG_ line to °C: factor times 5/9, offset minus 32 and then times 5/9");
  return Error(Errc::malformed,
               fmt::format("change factor and unit in the SG_ line so that it says {}", to));
}

int decimals_of(double step) {
  double scaled = std::fabs(step);
  for (int digits = 0; digits <= kMostDecimals; ++digits, scaled *= 10) {
    const double off = std::fabs(scaled - std::round(scaled));
    if (std::round(scaled) >= 1 && off < 1e-6 * scaled) return digits;
  }
  return -1;
}

}  // namespace b2m::can

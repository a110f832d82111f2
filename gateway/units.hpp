// SPDX-License-Identifier: MIT
// Physical quantities as types: a double with a tag, so that volts and amperes cannot be mixed up.
// Current is positive when charging, everywhere.
#pragma once

#include <chrono>
#include <compare>
#include <string_view>

namespace b2m {

template <class Tag>
struct Quantity {
  static constexpr std::string_view kSymbol = Tag::symbol;
  double value = 0;

  constexpr Quantity() = default;
  constexpr explicit Quantity(double v) : value(v) {}
  constexpr auto operator<=>(const Quantity&) const = default;
  constexpr Quantity operator-() const { return Quantity(-value); }
  constexpr Quantity operator+(Quantity o) const { return Quantity(value + o.value); }
  constexpr Quantity operator-(Quantity o) const { return Quantity(value - o.value); }
  constexpr Quantity operator*(double f) const { return Quantity(value * f); }
  constexpr Quantity operator/(double f) const { return Quantity(value / f); }
  constexpr double operator/(Quantity o) const { return value / o.value; }
  constexpr Quantity& operator+=(Quantity o) {
    value += o.value;
    return *this;
  }
};

struct VoltTag {
  static constexpr std::string_view symbol = "V";
};
struct AmpereTag {
  static constexpr std::string_view symbol = "A";
};
struct WattTag {
  static constexpr std::string_view symbol = "W";
};
struct WattHourTag {
  static constexpr std::string_view symbol = "Wh";
};
struct AmpereHourTag {
  static constexpr std::string_view symbol = "Ah";
};
struct CelsiusTag {
  static constexpr std::string_view symbol = "°C";
};
struct PercentTag {
  static constexpr std::string_view symbol = "%";
};
struct OhmTag {
  static constexpr std::string_view symbol = "Ω";
};

using Volts = Quantity<VoltTag>;
using Amperes = Quantity<AmpereTag>;
using Watts = Quantity<WattTag>;
using WattHours = Quantity<WattHourTag>;
using AmpereHours = Quantity<AmpereHourTag>;
using Celsius = Quantity<CelsiusTag>;
using Percent = Quantity<PercentTag>;
using Ohms = Quantity<OhmTag>;

constexpr Watts operator*(Volts u, Amperes i) { return Watts(u.value * i.value); }
constexpr Watts operator*(Amperes i, Volts u) { return u * i; }
constexpr Volts operator*(Amperes i, Ohms r) { return Volts(i.value * r.value); }
constexpr Volts operator*(Ohms r, Amperes i) { return i * r; }
constexpr Amperes operator/(Volts u, Ohms r) { return Amperes(u.value / r.value); }
constexpr Amperes operator/(Watts p, Volts u) { return Amperes(p.value / u.value); }

inline namespace literals {
constexpr Volts operator""_V(long double v) { return Volts(static_cast<double>(v)); }
constexpr Volts operator""_V(unsigned long long v) { return Volts(static_cast<double>(v)); }
constexpr Amperes operator""_A(long double v) { return Amperes(static_cast<double>(v)); }
constexpr Amperes operator""_A(unsigned long long v) { return Amperes(static_cast<double>(v)); }
constexpr Celsius operator""_degC(long double v) { return Celsius(static_cast<double>(v)); }
constexpr Celsius operator""_degC(unsigned long long v) { return Celsius(static_cast<double>(v)); }
}  // namespace literals

/// Instants of the steady clock, which all ages, time-outs and rules use. It comes in as an
/// argument.
using SteadyTime = std::chrono::steady_clock::time_point;
using SteadyDuration = std::chrono::steady_clock::duration;
/// Wall time: only for schedules, log lines and payload stamps.
using WallTime = std::chrono::system_clock::time_point;

constexpr SteadyDuration from_seconds(double s) {
  return std::chrono::duration_cast<SteadyDuration>(std::chrono::duration<double>(s));
}
constexpr double to_seconds(SteadyDuration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace b2m

// SPDX-License-Identifier: MIT
#include "gateway/sim/ecm_cells.hpp"

#include <algorithm>
#include <cmath>

namespace b2m::sim {
namespace {

constexpr double kZeroCelsius_k = 273.15;
constexpr double kSlowPart = 1.0 / 3;
// Resistances double about every 22 K below 25 degrees.
constexpr double kActivation_k = 2500;

double resistance_at(double temperature_c) {
  return std::exp(kActivation_k *
                  (1 / (temperature_c + kZeroCelsius_k) - 1 / kReferenceTemperature_k));
}

}  // namespace

Volts open_circuit_voltage(const CellParameters& p, double soc) {
  if (soc <= p.ocv_soc.front())
    return Volts(std::max(0.0, p.ocv_v.front() * (1 + kSteepness * (soc - p.ocv_soc.front()))));
  if (soc >= p.ocv_soc.back())
    return Volts(p.ocv_v.back() * (1 + kSteepness * (soc - p.ocv_soc.back())));
  const auto above = std::upper_bound(p.ocv_soc.begin(), p.ocv_soc.end(), soc);
  const auto i = static_cast<std::size_t>(above - p.ocv_soc.begin());
  const double part = (soc - p.ocv_soc[i - 1]) / (p.ocv_soc[i] - p.ocv_soc[i - 1]);
  return Volts(p.ocv_v[i - 1] + part * (p.ocv_v[i] - p.ocv_v[i - 1]));
}

EcmCells::EcmCells(CellParameters parameters, std::span<const CellSpread> cells)
    : PackCells(parameters.capacity, cells), parameters_(std::move(parameters)) {
  const bool is_double = parameters_.rc_elements > 1;
  const double ohm = parameters_.polarisation.value;
  rcs_.push_back({is_double ? ohm * (1 - kSlowPart) : ohm, parameters_.time_constant_s, 1,
                  std::vector<double>(size())});
  if (is_double)
    rcs_.push_back(
        {ohm * kSlowPart, parameters_.slow_time_constant_s, 1, std::vector<double>(size())});
  for (std::size_t i = 0; i < size(); ++i) measure(i, {0, 0, resistance_[i]});
}

void EcmCells::use_step(double dt_s) {
  if (dt_s == dt_s_) return;
  dt_s_ = dt_s;
  for (Rc& rc : rcs_) rc.decay = std::exp(-dt_s / rc.time_s);
}

void EcmCells::step(double dt_s, std::span<const double> current_a,
                    std::span<const double> temperature_c) {
  use_step(dt_s);
  for (std::size_t i = 0; i < size(); ++i) {
    CellStep s{current_a[i], store(i, current_a[i], dt_s),
               resistance_[i] * resistance_at(temperature_c[i])};
    for (Rc& rc : rcs_) {
      const double settled = s.current_a * rc.ohm * s.resistance;
      rc.volts[i] = settled + (rc.volts[i] - settled) * rc.decay;
    }
    measure(i, s);
  }
}

void EcmCells::measure(std::size_t i, const CellStep& s) {
  const double series = parameters_.series.value * s.resistance;
  const double rest = open_circuit_voltage(parameters_, soc_[i]).value;
  double volts = rest + series * s.current_a;
  double heat = series * s.current_a * s.current_a + (s.current_a - s.stored_a) * rest;
  for (const Rc& rc : rcs_) {
    volts += rc.volts[i];
    if (rc.ohm > 0) heat += rc.volts[i] * rc.volts[i] / (rc.ohm * s.resistance);
  }
  const double full = parameters_.ocv_v.back();
  volts_[i] = std::clamp(volts, kFloor * full, kCeiling * full);
  slopes_[i] = series;
  heats_[i] = std::max(0.0, heat);
}

}  // namespace b2m::sim

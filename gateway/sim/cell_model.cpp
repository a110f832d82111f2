// SPDX-License-Identifier: MIT
#include "gateway/sim/cell_model.hpp"

#include <algorithm>
#include <cmath>

namespace b2m::sim {
namespace {

constexpr double kSecondsPerHour = 3600;
// Part of the voltage gained per part of the capacity beyond full (and lost below empty).
constexpr double kSteepness = 4;
constexpr double kMostOvercharge = 0.05;

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

CellModel::CellModel(CellParameters parameters, double soc, Celsius temperature)
    : parameters_(std::move(parameters)), soc_(soc), temperature_(temperature) {}

void CellModel::step(SteadyDuration dt, Amperes current, Celsius ambient) {
  const double seconds = to_seconds(dt);
  const CellParameters& p = parameters_;
  current_ = current;
  soc_ += current.value * seconds / (p.capacity.value * kSecondsPerHour);
  soc_ = std::clamp(soc_, -kMostOvercharge, 1 + kMostOvercharge);
  const double settled = 1 - std::exp(-seconds / p.time_constant_s);
  polarisation_ += (current * p.polarisation - polarisation_) * settled;
  const Watts heat =
      current * (current * p.series) + polarisation_ * (polarisation_ / p.polarisation);
  const double lost_w = (temperature_ - ambient).value * p.cooling_w_per_k;
  temperature_ += Celsius((heat.value - lost_w) * seconds / p.heat_capacity_j_per_k);
}

Volts CellModel::voltage() const {
  return open_circuit_voltage(parameters_, soc_) + polarisation_ + current_ * parameters_.series;
}

}  // namespace b2m::sim

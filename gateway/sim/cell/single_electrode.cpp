// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/single_electrode.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gateway/sim/cell/dfn_reaction.hpp"

namespace b2m::sim {
namespace {

constexpr double kLeast = 1e-6;  // below lies nothing that a cell can be
constexpr double kGuardedBelow = 0.01;
constexpr double kLeastStoichiometry = 1e-10;

// Mean of asinh(x * factor), x >= 0, with one logarithm for several nodes.
double mean_asinh(double x, std::span<const double> factors) {
  constexpr double kMuch = 1e200;
  double sum = 0, product = 1;
  for (const double factor : factors) {
    const double y = x * factor;
    product *= y + std::sqrt(1 + y * y);
    if (product > kMuch) {
      sum += std::log(product);
      product = 1;
    }
  }
  return (sum + std::log(product)) / static_cast<double>(factors.size());
}

}  // namespace

SingleElectrode::SingleElectrode(const ElectrodeSet& set, double sign, double area_m2, int shells)
    : particles(set, 1, shells),
      set_(set),
      has_entropic_(!set.entropic_change.is_constant() || set.entropic_change(0.5) != 0),
      density_per_ampere_(sign / (set.surface_per_volume() * set.thickness_m * area_m2)) {}

SingleElectrode::Range SingleElectrode::current_range(double alpha, double beta) const {
  const double by_current = beta * density_per_ampere_;
  constexpr double kAny = std::numeric_limits<double>::infinity();
  if (by_current == 0) return {-kAny, kAny};
  const double at_empty = -alpha / by_current;
  const double at_full = (set_.concentration_max - alpha) / by_current;
  return {std::min(at_empty, at_full), std::max(at_empty, at_full)};
}

SingleElectrode::Open SingleElectrode::open_circuit(double stoichiometry,
                                                    double temperature_k) const {
  const double inside = std::clamp(stoichiometry, kLeastStoichiometry, 1 - kLeastStoichiometry);
  Open open{0, 0, 0};
  set_.potential.evaluate({&inside, 1}, {&open.value, 1}, {&open.slope, 1});
  if (has_entropic_) {
    double slope = 0;
    set_.entropic_change.evaluate({&inside, 1}, {&open.entropic, 1}, {&slope, 1});
    open.value += (temperature_k - kReferenceTemperature_k) * open.entropic;
    open.slope += (temperature_k - kReferenceTemperature_k) * slope;
  }
  if (stoichiometry < kGuardedBelow || stoichiometry > 1 - kGuardedBelow) {
    open.value += ocp_guard(stoichiometry);
    open.slope += ocp_guard_slope(stoichiometry);
  }
  return open;
}

double SingleElectrode::ocp(double concentration, double temperature_k) const {
  return open_circuit(stoichiometry(concentration), temperature_k).value;
}

SingleElectrode::Potential SingleElectrode::potential(double surface, double current_a,
                                                      double temperature_k,
                                                      std::span<const double> salt) const {
  const double z = stoichiometry(surface);
  const Open open = open_circuit(z, temperature_k);
  const double scale = set_.exchange_current *
                       activation_factor(set_.exchange_current_activation, temperature_k) *
                       std::sqrt(kSaltScale) * set_.concentration_max;
  const double j = density(current_a);
  const double ratio = std::abs(j) / (2 * scale) * inverse_root(z) * inverse_root(1 - z);
  const double twice_thermal = 2 * kGasConstant * temperature_k / kFaraday;
  Potential result{open.value, std::copysign(twice_thermal * mean_asinh(ratio, salt), j),
                   open.entropic, 0};
  // asinh(x)' is 1/sqrt(1 + x^2); x falls with the root of z (1 - z).
  const double part = std::copysign(ratio / std::sqrt(1 + ratio * ratio), j);
  const double by_log = -0.5 / std::max(z, kLeast) + 0.5 / std::max(1 - z, kLeast);
  result.by_surface = (open.slope + twice_thermal * part * by_log) / set_.concentration_max;
  return result;
}

}  // namespace b2m::sim

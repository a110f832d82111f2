// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/dfn_reaction.hpp"

#include <algorithm>
#include <cmath>

#include "gateway/sim/cell/particles.hpp"

namespace b2m::sim {

namespace {

// The guards of PyBaMM 26.6.
constexpr double kGuardHeight = 205.0568621937484;
constexpr double kGuardSteepness = 6910.192179565431;
constexpr double kGuardShift = 7.7e-4;
constexpr double kRootWidth = 1e-6;  // sqrt(z) is z (z^2 + kRootWidth)^(-1/4)
constexpr double kGuardFrom = 0.01;

constexpr double kSaltScale = 1000;  // mol/m3
// Where a root's argument is held. Below lies nothing that a cell can be.
constexpr double kLeast = kLeastSalt / kSaltScale;
// Of salt this much is always there, in place of a bound: a kink would trap Newton's method. Ends
// of runs through a depleted electrode move by less than 0.01 s.
constexpr double kLeastSaltPart = 1e-16;
// Formulas of open-circuit potentials are good between these; the guard does the rest.
constexpr double kLeastStoichiometry = 1e-10;

double wall(double z) {
  const double x = -kGuardSteepness * (z + kGuardShift);
  return kGuardHeight * (x > 700 ? x : std::log1p(std::exp(x)));
}

double wall_slope(double z) {
  return -kGuardHeight * kGuardSteepness / (1 + std::exp(kGuardSteepness * (z + kGuardShift)));
}

/// Of a rounded root: d ln / dz.
double root_slope(double z, double square) {
  return z > 1.001 * kLeast ? 1 / z - z / (2 * square) : 0;
}

}  // namespace

double ocp_guard(double stoichiometry) { return wall(stoichiometry) - wall(1 - stoichiometry); }

double ocp_guard_slope(double stoichiometry) {
  return wall_slope(stoichiometry) + wall_slope(1 - stoichiometry);
}

DfnReaction::DfnReaction(const ElectrodeSet& set, std::size_t count)
    : set_(set),
      has_entropic_(!set.entropic_change.is_constant() || set.entropic_change(0.5) != 0) {
  for (auto* column : {&potential, &by_j, &by_salt, &by_surface, &ocp, &ocp_by_j, &entropic,
                       &stoichiometry, &clamped_, &slope_, &entropic_slope_, &ratio_})
    column->assign(count, 0);
}

void DfnReaction::guard_ocp() {
  for (std::size_t k = 0; k < ocp.size(); ++k) {
    const double z = stoichiometry[k];
    if (z > kGuardFrom && z < 1 - kGuardFrom) continue;
    ocp[k] += ocp_guard(z);
    slope_[k] += ocp_guard_slope(z);
  }
}

void DfnReaction::evaluate_ocp(std::span<const double> beta, double temperature_k) {
  const std::size_t count = ocp.size();
  for (std::size_t k = 0; k < count; ++k)
    clamped_[k] =
        std::min(std::max(stoichiometry[k], kLeastStoichiometry), 1 - kLeastStoichiometry);
  set_.potential.evaluate(clamped_, ocp, slope_);
  if (has_entropic_) {
    set_.entropic_change.evaluate(clamped_, entropic, entropic_slope_);
    const double warmer = temperature_k - kReferenceTemperature_k;
    for (std::size_t k = 0; k < count; ++k) {
      ocp[k] += warmer * entropic[k];
      slope_[k] += warmer * entropic_slope_[k];
    }
  }
  guard_ocp();
  const double per_concentration = 1 / set_.concentration_max;
  for (std::size_t k = 0; k < count; ++k) ocp_by_j[k] = slope_[k] * beta[k] * per_concentration;
}

void DfnReaction::evaluate(std::span<const double> salt, std::span<const double> alpha,
                           std::span<const double> beta, std::span<const double> j,
                           double temperature_k) {
  const std::size_t count = ocp.size();
  const double per_concentration = 1 / set_.concentration_max;
  for (std::size_t k = 0; k < count; ++k)
    stoichiometry[k] = (alpha[k] + beta[k] * j[k]) * per_concentration;
  evaluate_ocp(beta, temperature_k);
  const double twice_thermal = 2 * kGasConstant * temperature_k / kFaraday;
  const double twice_j0_scale = 2 * set_.exchange_current *
                                activation_factor(set_.exchange_current_activation, temperature_k) *
                                std::sqrt(kSaltScale) * set_.concentration_max;
  for (std::size_t k = 0; k < count; ++k) {
    const double z1 = std::max(salt[k], 0.0) / kSaltScale + kLeastSaltPart;
    const double z2 = std::max(stoichiometry[k], kLeast);
    const double z3 = std::max(1 - stoichiometry[k], kLeast);
    const double square1 = z1 * z1 + kRootWidth;
    const double square2 = z2 * z2 + kRootWidth;
    const double square3 = z3 * z3 + kRootWidth;
    const double per_2j0 =
        std::sqrt(std::sqrt(square1 * square2 * square3)) / (twice_j0_scale * z1 * z2 * z3);
    const double ratio = j[k] * per_2j0;
    const double root = std::sqrt(1 + ratio * ratio);
    const double slope = twice_thermal / root;  // of the overpotential by the ratio
    const double ln_by_surface =
        (root_slope(z2, square2) - root_slope(z3, square3)) * per_concentration;
    ratio_[k] = std::abs(ratio) + root;
    by_surface[k] = slope_[k] * per_concentration - slope * ratio * ln_by_surface;
    by_j[k] = by_surface[k] * beta[k] + slope * per_2j0;
    by_salt[k] = -slope * ratio * root_slope(z1, square1) / kSaltScale;
  }
  for (std::size_t k = 0; k < count; ++k)
    potential[k] = ocp[k] + std::copysign(twice_thermal * std::log(ratio_[k]), j[k]);
}

}  // namespace b2m::sim

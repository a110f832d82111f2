// SPDX-License-Identifier: MIT
// The parts of the DFN's terminal voltage: means over the electrodes, as PyBaMM gives them.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "gateway/sim/cell/dfn_solver.hpp"

namespace b2m::sim {

namespace {

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double mean_log(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += std::log(std::max(value, 1e-15));
  return sum / static_cast<double>(values.size());
}

double mean_stoichiometry(const Particles& particles, double most) {
  double sum = 0;
  for (int k = 0; k < particles.count(); ++k) sum += particles.mean(k);
  return sum / particles.count() / most;
}

double guarded_ocp(const ElectrodeSet& set, double stoichiometry, double temperature_k) {
  return set.potential(stoichiometry) + ocp_guard(stoichiometry) +
         (temperature_k - kReferenceTemperature_k) * set.entropic_change(stoichiometry);
}

}  // namespace

DfnSolver::Content DfnSolver::content() const {
  const auto lithium = [&](const Particles& particles, const ElectrodeSet& set) {
    return mean_stoichiometry(particles, 1) * set.active_fraction * set.thickness_m * set_.area_m2;
  };
  double salt = 0;
  for (std::size_t k = 0; k < grid_.nodes(); ++k) salt += grid_.storage[k] * begin_.point.salt[k];
  return {lithium(negative_, set_.negative), lithium(positive_, set_.positive),
          salt * set_.area_m2};
}

/// Of the solid in the first electrode's nodes against the collector it lies on.
double DfnSolver::mean_solid(std::size_t first, std::size_t count, double ohmic) const {
  const DfnPoint& point = begin_.point;
  double at = 0, sum = 0;
  for (std::size_t k = first; k < first + count; ++k) {
    if (k > first) at -= ohmic * (point.total - point.current[k]);
    sum += at;
  }
  return sum / static_cast<double>(count);
}

Terms DfnSolver::terms() const {
  const DfnPoint& point = begin_.point;
  equations_.evaluate(point, frozen());
  const DfnReaction& negative = equations_.negative;
  const DfnReaction& positive = equations_.positive;
  Terms terms{};
  terms.ocp_negative_v = mean(negative.ocp);
  terms.ocp_positive_v = mean(positive.ocp);
  terms.eta_negative_v = mean(negative.potential) - terms.ocp_negative_v;
  terms.eta_positive_v = mean(positive.potential) - terms.ocp_positive_v;
  const std::span salt(point.salt);
  terms.eta_concentration_v =
      equations_.salt_voltage(begin_.temperature_k) *
      (mean_log(salt.last(grid_.positive)) - mean_log(salt.first(grid_.negative)));
  add_solid(terms);
  terms.dphi_electrolyte_v = begin_.voltage_v - terms.ocp_positive_v + terms.ocp_negative_v -
                             terms.eta_positive_v + terms.eta_negative_v -
                             terms.eta_concentration_v - terms.dphi_solid_v;
  const double x = mean_stoichiometry(negative_, set_.negative.concentration_max);
  const double y = mean_stoichiometry(positive_, set_.positive.concentration_max);
  terms.ocv_v = guarded_ocp(set_.positive, y, begin_.temperature_k) -
                guarded_ocp(set_.negative, x, begin_.temperature_k);
  terms.heat_w = begin_.heat_w;
  terms.stoichiometry_negative = mean(negative.stoichiometry);
  terms.stoichiometry_positive = mean(positive.stoichiometry);
  terms.electrolyte_min = *std::min_element(salt.begin(), salt.end());
  terms.electrolyte_max = *std::max_element(salt.begin(), salt.end());
  return terms;
}

void DfnSolver::add_solid(Terms& terms) const {
  const DfnPoint& point = begin_.point;
  const double ohmic_n = grid_.width_negative / set_.negative.conductivity_s_per_m;
  const double ohmic_p = grid_.width_positive / set_.positive.conductivity_s_per_m;
  const double negative_mean = mean_solid(0, grid_.negative, ohmic_n) - point.total * ohmic_n / 2;
  // From the first node of the positive electrode: its mean, and its terminal.
  const std::size_t first = grid_.first_positive(), last = grid_.nodes() - 1;
  double terminal = -1.0 * (point.total - point.current[last]) * ohmic_p / 2;
  for (std::size_t f = first + 1; f <= last; ++f)
    terminal -= ohmic_p * (point.total - point.current[f]);
  terms.dphi_solid_v = terminal - mean_solid(first, grid_.positive, ohmic_p) + negative_mean;
}

}  // namespace b2m::sim

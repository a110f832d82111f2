// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/dfn_equations.hpp"

#include <algorithm>
#include <cmath>

#include "gateway/sim/cell/particles.hpp"

namespace b2m::sim {

namespace {

// Guards of PyBaMM 26.6 against an electrolyte without salt, mol/m3.
constexpr double kLeastForTransport = 10;
constexpr double kLeastForPotential = 0.01;
// A residual of salt counts as much as one of potential when it shifts a potential by about that.
constexpr double kVoltsPerSalt = 1e-4;

}  // namespace

void DfnPoint::set_total(const DfnGrid& grid, double amperes_per_m2) {
  total = amperes_per_m2;
  for (std::size_t f = grid.negative; f <= grid.first_positive(); ++f) current[f] = total;
}

DfnEquations::DfnEquations(const CellSet& set, const DfnGrid& grid)
    : rows(grid.rows()),
      voltage_slopes(grid.rows()),
      negative(set.negative, grid.negative),
      positive(set.positive, grid.positive),
      flux(grid.nodes() + 1),
      drop(grid.nodes() + 1),
      set_(set),
      grid_(grid),
      negative_side_{0, grid.negative, set.negative.surface_per_volume() * grid.width_negative,
                     grid.width_negative / set.negative.conductivity_s_per_m},
      positive_side_{grid.first_positive(), grid.positive,
                     set.positive.surface_per_volume() * grid.width_positive,
                     grid.width_positive / set.positive.conductivity_s_per_m},
      salt_per_current_((1 - set.electrolyte.transference_number) / kFaraday),
      negative_j_(grid.negative),
      positive_j_(grid.positive) {
  for (auto* column :
       {&clamped_, &diffusivity_, &diffusivity_slope_, &conductivity_, &conductivity_slope_})
    column->resize(grid.nodes());
  for (auto* column :
       {&flux_by_left_, &flux_by_right_, &drop_by_left_, &drop_by_right_, &resistance_})
    column->resize(grid.nodes() + 1);
}

double DfnEquations::salt_voltage(double temperature_k) const {
  return 2 * (1 - set_.electrolyte.transference_number) * set_.electrolyte.thermodynamic_factor *
         kGasConstant * temperature_k / kFaraday;
}

void DfnEquations::current_densities(const DfnPoint& point, std::span<double> negative_j,
                                     std::span<double> positive_j) const {
  const auto of_side = [&](const Side& side, std::span<double> j) {
    const double* current = point.current.data() + side.first;
    for (std::size_t k = 0; k < side.count; ++k) j[k] = (current[k + 1] - current[k]) / side.per_j;
  };
  of_side(negative_side_, negative_j);
  of_side(positive_side_, positive_j);
}

double DfnEquations::heat(const DfnPoint& point, double voltage_v, double temperature_k) const {
  double stored = 0;  // by the reactions
  const auto add = [&](const Side& side, const DfnReaction& reaction, std::span<const double> j) {
    const double* current = point.current.data() + side.first;
    for (std::size_t k = 0; k < side.count; ++k) {
      const double flow = current[k + 1] - current[k];
      const double ocp = reaction.ocp[k] + reaction.ocp_by_j[k] * (flow / side.per_j - j[k]);
      stored += flow * (ocp - temperature_k * reaction.entropic[k]);
    }
  };
  add(negative_side_, negative, negative_j_);
  add(positive_side_, positive, positive_j_);
  return -stored - point.total * voltage_v;
}

void DfnEquations::evaluate(const DfnPoint& point, const DfnStage& stage) {
  current_densities(point, negative_j_, positive_j_);
  const std::span salt(point.salt);
  negative.evaluate(salt.first(grid_.negative), stage.alpha_negative, stage.beta_negative,
                    negative_j_, stage.temperature_k);
  positive.evaluate(salt.last(grid_.positive), stage.alpha_positive, stage.beta_positive,
                    positive_j_, stage.temperature_k);
  evaluate_transport(point, stage.temperature_k);
  evaluate_faces(point, stage.temperature_k);
  residual = 0;
  for (std::size_t k = 0; k < grid_.nodes(); ++k) write_node(k, point, stage);
  write_side(point, negative_side_, negative);
  write_side(point, positive_side_, positive);
  write_voltage(point);
}

void DfnEquations::evaluate_transport(const DfnPoint& point, double temperature_k) {
  const ElectrolyteSet& set = set_.electrolyte;
  for (std::size_t k = 0; k < grid_.nodes(); ++k)
    clamped_[k] = std::max(point.salt[k], kLeastForTransport);
  set.diffusivity.evaluate(clamped_, diffusivity_, diffusivity_slope_);
  set.conductivity.evaluate(clamped_, conductivity_, conductivity_slope_);
  const double of_diffusivity = activation_factor(set.diffusivity_activation, temperature_k);
  const double of_conductivity = activation_factor(set.conductivity_activation, temperature_k);
  for (std::size_t k = 0; k < grid_.nodes(); ++k) {
    const double moves = point.salt[k] > kLeastForTransport ? 1 : 0;
    diffusivity_[k] *= grid_.efficiency[k] * of_diffusivity;
    diffusivity_slope_[k] *= grid_.efficiency[k] * of_diffusivity * moves;
    conductivity_[k] *= grid_.efficiency[k] * of_conductivity;
    conductivity_slope_[k] *= grid_.efficiency[k] * of_conductivity * moves;
  }
}

void DfnEquations::evaluate_faces(const DfnPoint& point, double temperature_k) {
  const double chi = salt_voltage(temperature_k);
  for (std::size_t f = 1; f < grid_.nodes(); ++f) {
    const double left = diffusivity_[f - 1], right = diffusivity_[f];
    const double part = grid_.left_part[f];
    const double step = point.salt[f] - point.salt[f - 1];
    // The harmonic mean, and how it follows its parts.
    const double per_mixed = 1 / (part * right + (1 - part) * left);
    const double per_distance = 1 / grid_.distance[f];
    const double conductance = left * right * per_mixed * per_distance;
    const double by_left = part * right * right * per_mixed * per_mixed * per_distance;
    const double by_right = (1 - part) * left * left * per_mixed * per_mixed * per_distance;
    flux[f] = conductance * step;
    flux_by_left_[f] = step * by_left * diffusivity_slope_[f - 1] - conductance;
    flux_by_right_[f] = step * by_right * diffusivity_slope_[f] + conductance;

    const double per_conductivity = 2 / (conductivity_[f - 1] + conductivity_[f]);
    const double resistance = grid_.distance[f] * per_conductivity;
    const double per_mean = 1 / (part * std::max(point.salt[f - 1], kLeastForPotential) +
                                 (1 - part) * std::max(point.salt[f], kLeastForPotential));
    const double ohmic = resistance * point.current[f];
    const double ohmic_slope = ohmic * per_conductivity / 2;
    const double mean_slope = chi * step * per_mean * per_mean;
    resistance_[f] = resistance;
    drop[f] = chi * step * per_mean - ohmic;
    drop_by_left_[f] =
        -chi * per_mean - part * mean_slope + ohmic_slope * conductivity_slope_[f - 1];
    drop_by_right_[f] =
        chi * per_mean - (1 - part) * mean_slope + ohmic_slope * conductivity_slope_[f];
  }
}

double DfnEquations::salt_slope(const DfnPoint& point, std::size_t k) const {
  return (flux[k + 1] - flux[k] + salt_per_current_ * (point.current[k + 1] - point.current[k])) /
         grid_.storage[k];
}

void DfnEquations::write_node(std::size_t k, const DfnPoint& point, const DfnStage& stage) {
  BandRow& row = rows[grid_.row_of_node[k]];
  const double weight = stage.weight;
  const double gain =
      flux[k + 1] - flux[k] + salt_per_current_ * (point.current[k + 1] - point.current[k]);
  const double migration = weight * salt_per_current_;
  const double left_salt = weight * flux_by_left_[k];
  const double right_salt = -weight * flux_by_right_[k + 1];
  const bool has_left = grid_.is_inner(k), has_right = grid_.is_inner(k + 1);
  row.first = grid_.storage[k] * (point.salt[k] - stage.right[k]) - weight * gain;
  row.middle = grid_.storage[k] - weight * (flux_by_left_[k + 1] - flux_by_right_[k]);
  row.left2 = has_left ? left_salt : 0;
  row.left1 = has_left ? migration : left_salt;
  row.right1 = has_right ? -migration : right_salt;
  row.right2 = has_right ? right_salt : 0;
  row.second =
      (k + 1 == grid_.negative ? -migration : 0) + (k == grid_.first_positive() ? migration : 0);
  residual = std::max(residual, std::abs(row.first) / grid_.storage[k] * kVoltsPerSalt);
}

void DfnEquations::write_face(std::size_t f, const DfnPoint& point, const Side& side,
                              const DfnReaction& reaction) {
  BandRow& row = rows[grid_.row_of_face[f]];
  const std::size_t right = f - side.first;
  const std::size_t left = right - 1;
  const double by_left = reaction.by_j[left] / side.per_j;
  const double by_right = reaction.by_j[right] / side.per_j;
  row.first = reaction.potential[right] - reaction.potential[left] +
              side.ohmic * (point.total - point.current[f]) + drop[f];
  row.middle = -by_left - by_right - side.ohmic - resistance_[f];
  row.left2 = grid_.is_inner(f - 1) ? by_left : 0;
  row.left1 = drop_by_left_[f] - reaction.by_salt[left];
  row.right1 = drop_by_right_[f] + reaction.by_salt[right];
  row.right2 = grid_.is_inner(f + 1) ? by_right : 0;
  row.second = side.ohmic + (f + 1 == grid_.negative ? by_right : 0) +
               (f == grid_.first_positive() + 1 ? by_left : 0);
  residual = std::max(residual, std::abs(row.first));
}

void DfnEquations::write_side(const DfnPoint& point, const Side& side,
                              const DfnReaction& reaction) {
  for (std::size_t f = side.first + 1; f < side.first + side.count; ++f)
    write_face(f, point, side, reaction);
}

void DfnEquations::write_voltage(const DfnPoint& point) {
  std::fill(voltage_slopes.begin(), voltage_slopes.end(), 0.0);
  voltage = 0;
  voltage_by_total = 0;
  add_solid_voltage(point, negative_side_);
  add_solid_voltage(point, positive_side_);
  add_electrolyte_voltage();
  // Half a node lies between the collector and the first node, where all current is in the solid.
  voltage -= negative_side_.ohmic / 2 * point.total;
  voltage_by_total -= negative_side_.ohmic / 2;
  // The terminal is extrapolated from the last two nodes.
  const std::size_t last = grid_.nodes() - 1;
  voltage -= positive_side_.ohmic / 2 * (point.total - point.current[last]);
  voltage_by_total -= positive_side_.ohmic / 2;
  voltage_slopes[grid_.row_of_face[last]] += positive_side_.ohmic / 2;
}

void DfnEquations::add_solid_voltage(const DfnPoint& point, const Side& side) {
  for (std::size_t f = side.first + 1; f < side.first + side.count; ++f) {
    voltage -= side.ohmic * (point.total - point.current[f]);
    voltage_by_total -= side.ohmic;
    voltage_slopes[grid_.row_of_face[f]] += side.ohmic;
  }
}

/// From the last node of the negative electrode to the first of the positive one.
void DfnEquations::add_electrolyte_voltage() {
  const std::size_t from = grid_.negative - 1, to = grid_.first_positive();
  for (std::size_t f = grid_.negative; f <= to; ++f) {
    voltage += drop[f];
    voltage_by_total -= resistance_[f];
    voltage_slopes[grid_.row_of_node[f - 1]] += drop_by_left_[f];
    voltage_slopes[grid_.row_of_node[f]] += drop_by_right_[f];
  }
  const double by_negative = negative.by_j.back() / negative_side_.per_j;
  const double by_positive = positive.by_j.front() / positive_side_.per_j;
  voltage += positive.potential.front() - negative.potential.back();
  voltage_by_total -= by_negative + by_positive;
  voltage_slopes[grid_.row_of_node[from]] -= negative.by_salt.back();
  voltage_slopes[grid_.row_of_node[to]] += positive.by_salt.front();
  voltage_slopes[grid_.row_of_face[from]] += by_negative;
  voltage_slopes[grid_.row_of_face[to + 1]] += by_positive;
}

}  // namespace b2m::sim

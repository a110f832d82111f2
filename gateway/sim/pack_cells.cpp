// SPDX-License-Identifier: MIT
// Equations: docs/simulation.md, "Virtual packs". Here current is positive when charging.
#include "gateway/sim/pack_cells.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "gateway/sim/particle_modes.hpp"

namespace b2m::sim {
namespace {

constexpr double kSecondsPerHour = 3600;
constexpr double kZeroCelsius_k = 273.15;
constexpr double kReference_c = kReferenceTemperature_k - kZeroCelsius_k;
constexpr std::size_t kTableSteps = 4096;
constexpr double kEnd = 1e-6;                // the ends of the table lie that far inside
constexpr double kBeyond = 0.05;             // stoichiometry beyond 0 and 1, where it ends
constexpr double kLeastProduct = 1e-4;       // of x (1 - x): a surface that is used up still reacts
constexpr double kTemperatureStep_k = 0.05;  // kinetics follow in steps of this

double beyond(double soc) { return std::min(soc, 0.0) + std::max(soc - 1, 0.0); }

double middle(const std::vector<double>& values) {
  return values.empty() ? 0 : values[values.size() / 2];
}

double stoichiometry_of(std::size_t sample) {
  return std::clamp(static_cast<double>(sample) / kTableSteps, kEnd, 1 - kEnd);
}

Result<> check_potential(const SpmCellMake::Electrode& electrode, std::string_view name) {
  const auto gap = electrode.potential.first_gap();
  if (!gap) return {};
  return Error(Errc::out_of_range,
               fmt::format("the open-circuit potential of the {} electrode is not a finite number "
                           "at stoichiometry {:.6g}; a pack needs it from 0 to 1",
                           name, *gap));
}

SpmCellMake::Electrode electrode_of(const ElectrodeSet& set, double area_m2,
                                    double electrolyte_root, int shells, double sign) {
  SpmCellMake::Electrode e;
  e.potential = StoichiometryTable(set.potential);
  const ParticleModes modes = particle_modes(shells, set.diffusivity(0.5), set.particle_radius_m);
  e.rate_per_s = modes.rate_per_s;
  const double coulombs =
      set.active_fraction * set.thickness_m * area_m2 * set.concentration_max * kFaraday;
  for (const double weight : modes.weight_s) e.weight_per_a.push_back(sign * weight / coulombs);
  const double surface_m2 = set.surface_per_volume() * set.thickness_m * area_m2;
  const double exchange = set.exchange_current * electrolyte_root * set.concentration_max;
  e.kinetics_per_a = 1 / (surface_m2 * 2 * exchange);
  e.activation_k = set.exchange_current_activation.energy_j_per_mol / kGasConstant;
  return e;
}

}  // namespace

PackCells::PackCells(AmpereHours capacity, std::span<const CellSpread> cells)
    : volts_(cells.size()), slopes_(cells.size()), heats_(cells.size()) {
  for (const CellSpread& cell : cells) {
    soc_.push_back(std::clamp(cell.soc, kLeastSoc, kMostSoc));
    made_capacity_.push_back(capacity.value * cell.capacity);
    made_resistance_.push_back(cell.resistance);
  }
  capacity_ = made_capacity_;
  resistance_ = made_resistance_;
}

void PackCells::weaken(std::size_t cell, double capacity_factor, double resistance_factor) {
  capacity_[cell] = made_capacity_[cell] * capacity_factor;
  resistance_[cell] = made_resistance_[cell] * resistance_factor;
}

double PackCells::store(std::size_t cell, double current_a, double dt_s) {
  const double per_a = dt_s / (capacity_[cell] * kSecondsPerHour);
  const double wanted = soc_[cell] + current_a * per_a;
  if (wanted >= kLeastSoc && wanted <= kMostSoc) {
    soc_[cell] = wanted;
    return current_a;
  }
  const double before = soc_[cell];
  soc_[cell] = std::clamp(wanted, kLeastSoc, kMostSoc);
  return (soc_[cell] - before) / per_a;
}

StoichiometryTable::StoichiometryTable(const Function& function) {
  for (std::size_t i = 0; i <= kTableSteps; ++i) values_.push_back(function(stoichiometry_of(i)));
}

std::optional<double> StoichiometryTable::first_gap() const {
  for (std::size_t i = 0; i < values_.size(); ++i)
    if (!std::isfinite(values_[i])) return stoichiometry_of(i);
  return std::nullopt;
}

double StoichiometryTable::operator()(double stoichiometry) const {
  const double at = std::clamp(stoichiometry, -kBeyond, 1 + kBeyond) * kTableSteps;
  const double inside = std::clamp(at, 0.0, static_cast<double>(kTableSteps - 1));
  const auto i = static_cast<std::size_t>(inside);
  return values_[i] + (at - static_cast<double>(i)) * (values_[i + 1] - values_[i]);
}

Result<std::shared_ptr<const SpmCellMake>> spm_cell_make(const CellSet& set, int shells) {
  if (const Result<> right = check(set); !right) return right.error();
  const auto limits = find_limits(set);
  if (!limits) return limits.error();
  auto make = std::make_shared<SpmCellMake>();
  const double root = std::sqrt(set.electrolyte.concentration_start);
  make->negative = electrode_of(set.negative, set.area_m2, root, shells, 1);
  make->positive = electrode_of(set.positive, set.area_m2, root, shells, -1);
  if (const Result<> right = check_potential(make->negative, "negative"); !right)
    return right.error();
  if (const Result<> right = check_potential(make->positive, "positive"); !right)
    return right.error();
  make->negative.empty = limits->negative_empty;
  make->negative.full = limits->negative_full;
  make->positive.empty = limits->positive_empty;
  make->positive.full = limits->positive_full;
  make->capacity_ah = limits->capacity_ah;
  make->series_ohm = middle(set.spm_rc.r0_ohm);
  make->rc_ohm = middle(set.spm_rc.r1_ohm);
  if (set.spm_rc.tau1_s > 0) make->rc_time_s = set.spm_rc.tau1_s;
  make->full_v = set.ocv_full_v;
  make->thermal = set.thermal;
  return std::shared_ptr<const SpmCellMake>(std::move(make));
}

SpmCells::SpmCells(const SpmCellSettings& settings, std::span<const CellSpread> cells)
    : PackCells(settings.capacity, cells),
      make_(settings.make),
      stored_(cells.size()),
      rc_volts_(cells.size()),
      two_vt_(cells.size()),
      temperature_(cells.size(), std::numeric_limits<double>::infinity()) {
  const double scale = make_->capacity_ah / settings.capacity.value;
  series_ohm_ = settings.series_ohm < 0 ? make_->series_ohm * scale : settings.series_ohm;
  rc_ohm_ = settings.rc_ohm < 0 ? make_->rc_ohm * scale : settings.rc_ohm;
  const auto prepare = [&](const SpmCellMake::Electrode& electrode, Lags& lags) {
    lags.decay.resize(electrode.rate_per_s.size());
    lags.states.resize(lags.decay.size() * size());
    lags.surface.resize(size());
    lags.kinetics.resize(size());
    for (std::size_t i = 0; i < size(); ++i) lags.surface[i] = electrode.mean(soc_[i]);
  };
  prepare(make_->negative, negative_);
  prepare(make_->positive, positive_);
  for (std::size_t i = 0; i < size(); ++i) use_temperature(i, kReference_c);
  measure(std::vector<double>(size()));
}

void SpmCells::use_step(double dt_s) {
  if (dt_s == dt_s_) return;
  dt_s_ = dt_s;
  rc_decay_ = std::exp(-dt_s / make_->rc_time_s);
  const auto fill = [&](const SpmCellMake::Electrode& electrode, Lags& lags) {
    for (std::size_t k = 0; k < lags.decay.size(); ++k)
      lags.decay[k] = std::exp(-dt_s * electrode.rate_per_s[k]);
  };
  fill(make_->negative, negative_);
  fill(make_->positive, positive_);
}

void SpmCells::use_temperature(std::size_t cell, double temperature_c) {
  if (std::abs(temperature_c - temperature_[cell]) < kTemperatureStep_k) return;
  temperature_[cell] = temperature_c;
  const double kelvin = temperature_c + kZeroCelsius_k;
  two_vt_[cell] = 2 * kGasConstant * kelvin / kFaraday;
  const double cold = 1 / kelvin - 1 / kReferenceTemperature_k;
  const auto at = [&](const SpmCellMake::Electrode& e) {
    return e.kinetics_per_a * std::exp(e.activation_k * cold);
  };
  negative_.kinetics[cell] = at(make_->negative);
  positive_.kinetics[cell] = at(make_->positive);
}

void SpmCells::diffuse(const SpmCellMake::Electrode& electrode, Lags& lags) {
  const std::size_t cells = size();
  const double* const stored = stored_.data();
  double* const surface = lags.surface.data();
  for (std::size_t i = 0; i < cells; ++i) surface[i] = electrode.mean(soc_[i]);
  for (std::size_t k = 0; k < lags.decay.size(); ++k) {
    const double decay = lags.decay[k], weight = electrode.weight_per_a[k];
    double* const state = lags.states.data() + k * cells;
    for (std::size_t i = 0; i < cells; ++i) {
      state[i] = stored[i] + (state[i] - stored[i]) * decay;
      surface[i] += weight * state[i];
    }
  }
}

void SpmCells::step(double dt_s, std::span<const double> current_a,
                    std::span<const double> temperature_c) {
  use_step(dt_s);
  for (std::size_t i = 0; i < size(); ++i) {
    use_temperature(i, temperature_c[i]);
    stored_[i] = store(i, current_a[i], dt_s) * make_->capacity_ah / capacity_[i];
    const double settled = current_a[i] * rc_ohm_ * resistance_[i];
    rc_volts_[i] = settled + (rc_volts_[i] - settled) * rc_decay_;
  }
  diffuse(make_->negative, negative_);
  diffuse(make_->positive, positive_);
  measure(current_a);
}

void SpmCells::measure(std::span<const double> current_a) {
  for (std::size_t i = 0; i < size(); ++i) measure(i, current_a[i]);
}

void SpmCells::measure(std::size_t i, double current_a) {
  const double x = negative_.surface[i], y = positive_.surface[i];
  const double scale = make_->capacity_ah / capacity_[i];
  const double magnitude = std::abs(current_a) * scale;
  const double kn = negative_.kinetics[i], kp = positive_.kinetics[i];
  const double product_n = std::max(x * (1 - x), kLeastProduct);
  const double product_p = std::max(y * (1 - y), kLeastProduct);
  // asinh(a / r) = log((a + sqrt(a^2 + r^2)) / r), both electrodes in one logarithm.
  const double an = magnitude * kn, ap = magnitude * kp;
  const double root_n = std::sqrt(an * an + product_n), root_p = std::sqrt(ap * ap + product_p);
  const double overpotential =
      two_vt_[i] * std::log((an + root_n) * (ap + root_p) / std::sqrt(product_n * product_p));
  const double rest = make_->positive.potential(y) - make_->negative.potential(x) +
                      kSteepness * make_->full_v * beyond(soc_[i]);
  const double series = series_ohm_ * resistance_[i];
  const double volts =
      rest + std::copysign(overpotential, current_a) + series * current_a + rc_volts_[i];
  volts_[i] = std::clamp(volts, kFloor * make_->full_v, kCeiling * make_->full_v);
  slopes_[i] = series + two_vt_[i] * scale * (kn / root_n + kp / root_p);
  heats_[i] = std::max(0.0, current_a * volts_[i] - stored_[i] / scale * rest);
}

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/electrolyte.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "gateway/sim/cell/particles.hpp"
#include "gateway/sim/cell/single_electrode.hpp"
#include "gateway/sim/cell/tr_bdf2.hpp"

namespace b2m::sim {
namespace {

using Size = std::size_t;

constexpr double kFloor = 10;      // mol/m3: diffusivity and conductivity are not asked for below
constexpr double kLeast = 1e-6;    // of what a logarithm is taken
constexpr double kSettled = 0.02;  // mol/m3: Newton's next change would be a thousandth
constexpr double kFarthestGuess = 100;  // mol/m3
constexpr int kMostIterations = 25;
constexpr double kMostSalt = 1e6;

double mean_log(std::span<const double> c) {
  constexpr double kMuch = 1e200, kLittle = 1e-200;
  double sum = 0, product = 1;
  for (const double value : c) {
    product *= std::max(value, kLeast);
    if (product < kMuch && product > kLittle) continue;
    sum += std::log(product);
    product = 1;
  }
  return (sum + std::log(product)) / static_cast<double>(c.size());
}

}  // namespace

Electrolyte::Electrolyte(const CellSet& set, const Mesh& mesh)
    : set_(set.electrolyte),
      area_m2_(set.area_m2),
      negative_(static_cast<Size>(mesh.negative)),
      positive_(static_cast<Size>(mesh.positive)),
      separator_begin_m_(set.negative.thickness_m) {
  const auto lay = [&](const auto& part, int nodes, double share) {
    lay_domain(part.thickness_m, part.porosity, part.transport_efficiency, nodes);
    ohmic_length_ += share * part.thickness_m / part.transport_efficiency;
  };
  lay(set.negative, mesh.negative, 1.0 / 3);  // where the current falls to nothing
  lay(set.separator, mesh.separator, 1);
  lay(set.positive, mesh.positive, 1.0 / 3);
  find_sources(set, mesh);
  const Size all = width_.size();
  begin_.assign(all, set_.concentration_start);
  for (Size k = 0; k < all; ++k) per_weight_.push_back(1 / weight(k));
  for (Column* c : {&flux_, &by_left_, &by_right_}) c->assign(all + 1, 0);
  for (Column* c : {&middle_, &end_, &slope_, &right_, &shifted_, &diffusivity_,
                    &diffusivity_slope_, &floored_, &lower_, &upper_, &inverse_, &change_})
    c->assign(all, 0);
}

void Electrolyte::lay_domain(double thickness_m, double porosity, double efficiency, int nodes) {
  const double width = thickness_m / nodes;
  length_m_ += thickness_m;
  for (int i = 0; i < nodes; ++i) {
    width_.push_back(width);
    porosity_.push_back(porosity);
    half_.push_back(width / (2 * efficiency));
  }
}

// The reaction's salt, less what the current carries on (migration). The current in the electrolyte
// rises linearly through the negative electrode; at the faces to the separator it is the mean of
// the neighbouring nodes, as PyBaMM has it, a little less than the whole.
void Electrolyte::find_sources(const CellSet& set, const Mesh& mesh) {
  const Size all = width_.size();
  Column current(all + 1, 1);  // through the left face, per whole current
  for (Size f = 0; f < negative_; ++f) current[f] = static_cast<double>(f) / mesh.negative;
  for (Size f = 0; f < positive_; ++f) current[all - f] = static_cast<double>(f) / mesh.positive;
  current[negative_] = 1 - 0.25 / mesh.negative;
  current[all - positive_] = 1 - 0.25 / mesh.positive;
  source_.resize(all);
  for (Size k = 0; k < all; ++k) {
    double reaction = 0;
    if (k < negative_) reaction = width_[k] / set.negative.thickness_m;
    if (k >= all - positive_) reaction = -width_[k] / set.positive.thickness_m;
    const double carried = set_.transference_number * (current[k + 1] - current[k]);
    source_[k] = (reaction - carried) / (kFaraday * weight(k));
  }
}

// Distance-weighted harmonic mean of the neighbours' diffusivities, over the nodes' distance; as
// resistances in a row.
void Electrolyte::evaluate_faces(const Column& c, double temperature_k) {
  const Size all = c.size();
  for (Size k = 0; k < all; ++k) floored_[k] = std::min(std::max(c[k], kFloor), kMostSalt);
  set_.diffusivity.evaluate(floored_, diffusivity_, diffusivity_slope_);
  const double per_factor = 1 / activation_factor(set_.diffusivity_activation, temperature_k);
  for (Size k = 0; k < all; ++k) {
    const double inverse = 1 / diffusivity_[k];
    const double resistance = half_[k] * per_factor * inverse;
    diffusivity_slope_[k] *= c[k] > kFloor ? resistance * inverse : 0;
    diffusivity_[k] = resistance;
  }
  for (Size k = 0; k + 1 < all; ++k) {
    const double face = 1 / (diffusivity_[k] + diffusivity_[k + 1]);
    const double step = c[k + 1] - c[k], square = face * face * step;
    flux_[k + 1] = face * step;
    by_left_[k + 1] = square * diffusivity_slope_[k] - face;
    by_right_[k + 1] = square * diffusivity_slope_[k + 1] + face;
  }
}

void Electrolyte::begin(double dt_s, double current_a, double temperature_k) {
  dt_s_ = dt_s;
  g_ = tr_bdf2::kImplicit * dt_s;
  is_second_ = false;
  evaluate_faces(begin_, temperature_k);
  const double density = current_a / area_m2_;
  for (Size k = 0; k < begin_.size(); ++k) {
    slope_[k] = (flux_[k + 1] - flux_[k]) * per_weight_[k] + source_[k] * density;
    right_[k] = begin_[k] + g_ * slope_[k];
  }
  guess_middle();
}

// Along the slope, but not far: right after a jump it is steep for a moment only.
void Electrolyte::guess_middle() {
  const double ahead = tr_bdf2::kStage * dt_s_;
  double most = 0;
  for (const double slope : slope_) most = std::max(most, std::abs(slope * ahead));
  const double length = most > kFarthestGuess ? 0 : ahead;
  for (Size k = 0; k < begin_.size(); ++k) middle_[k] = begin_[k] + length * slope_[k];
}

void Electrolyte::second_stage() {
  is_second_ = true;
  for (Size k = 0; k < right_.size(); ++k) {
    right_[k] = tr_bdf2::kFromStage * middle_[k] - tr_bdf2::kFromBegin * begin_[k];
    end_[k] = begin_[k] + (middle_[k] - begin_[k]) / tr_bdf2::kStage;  // to begin Newton with
  }
}

bool Electrolyte::solve(double current_a, double temperature_k) {
  double last = kMostSalt;
  for (int i = 0; i < kMostIterations; ++i) {
    evaluate_faces(stage(), temperature_k);
    const double moved = improve(current_a / area_m2_);
    if (!(moved < 1e3 * kMostSalt)) return false;
    if (moved <= kSettled) return true;
    last = moved;
  }
  return last <= kSettled;
}

double Electrolyte::improve(double current_density) {
  Column& c = stage();
  const double source = g_ * current_density;
  for (Size k = 0; k < c.size(); ++k) {
    const double scale = g_ * per_weight_[k];
    change_[k] = right_[k] - c[k] + source * source_[k] + scale * (flux_[k + 1] - flux_[k]);
    lower_[k] = -scale * by_left_[k];
    upper_[k] = scale * by_right_[k + 1];
    inverse_[k] = 1 - scale * (by_left_[k + 1] - by_right_[k]);
  }
  factorise();
  solve_factorised(change_);
  double moved = 0, sum = 0;
  for (Size k = 0; k < c.size(); ++k) {
    c[k] += change_[k];
    moved = std::max(moved, std::abs(change_[k]));
    sum += c[k];
  }
  return std::isfinite(sum) ? moved : sum;
}

// From both ends towards the middle: two chains of divisions that do not wait for each other.
void Electrolyte::factorise() {
  const Size last = inverse_.size() - 1, middle = last / 2;
  const auto left = [&](Size i, double before) {
    inverse_[i] = 1 / (inverse_[i] - lower_[i] * before);
    upper_[i] *= inverse_[i];
  };
  const auto right = [&](Size j, double behind) {
    inverse_[j] = 1 / (inverse_[j] - upper_[j] * behind);
    lower_[j] *= inverse_[j];
  };
  left(0, 0);
  right(last, 0);
  for (Size i = 1; i < middle; ++i) {
    left(i, upper_[i - 1]);
    right(last - i, lower_[last - i + 1]);
  }
  if (last - middle > middle) right(middle + 1, lower_[middle + 2]);
  inverse_[middle] = 1 / (inverse_[middle] - lower_[middle] * upper_[middle - 1] -
                          upper_[middle] * lower_[middle + 1]);
}

void Electrolyte::solve_factorised(Column& x) const {
  const Size last = x.size() - 1, middle = last / 2;
  x[0] *= inverse_[0];
  x[last] *= inverse_[last];
  for (Size i = 1; i < middle; ++i) {
    const Size j = last - i;
    x[i] = (x[i] + lower_[i] * x[i - 1]) * inverse_[i];
    x[j] = (x[j] + upper_[j] * x[j + 1]) * inverse_[j];
  }
  if (last - middle > middle)
    x[middle + 1] = (x[middle + 1] + upper_[middle + 1] * x[middle + 2]) * inverse_[middle + 1];
  x[middle] = (x[middle] + lower_[middle] * x[middle - 1] + upper_[middle] * x[middle + 1]) *
              inverse_[middle];
  for (Size i = middle; i-- > 0;) x[i] += upper_[i] * x[i + 1];
  for (Size j = middle + 1; j <= last; ++j) x[j] += lower_[j] * x[j - 1];
}

const Electrolyte::Column& Electrolyte::values(Of which) const {
  if (which == Of::accepted) return begin_;
  if (which == Of::shifted) return shifted_;
  return is_second_ ? end_ : middle_;
}

void Electrolyte::shift(bool at_end, double seconds) {
  const Column& from = at_end ? end_ : begin_;
  for (Size k = 0; k < from.size(); ++k) {
    const double slope = at_end ? (end_[k] - right_[k]) / g_ : slope_[k];
    shifted_[k] = from[k] + seconds * slope;
  }
}

void Electrolyte::accept() { begin_.swap(end_); }

Electrolyte::Effect Electrolyte::effect(double current_a, double temperature_k, Of which) const {
  const std::span<const double> c = values(which);
  double content = 0;
  for (Size k = 0; k < c.size(); ++k) content += c[k] * width_[k];
  const double mean = std::clamp(content / length_m_, kFloor, kMostSalt);
  const double conductivity =
      set_.conductivity(mean) * activation_factor(set_.conductivity_activation, temperature_k);
  const double prefactor = 2 * (1 - set_.transference_number) * set_.thermodynamic_factor *
                           kGasConstant * temperature_k / kFaraday;
  return {prefactor * (mean_log(c.last(positive_)) - mean_log(c.first(negative_))),
          -current_a / area_m2_ * ohmic_length_ / conductivity};
}

void Electrolyte::salt_factors(Of which, std::span<double> negative,
                               std::span<double> positive) const {
  const std::span<const double> c = values(which);
  std::transform(c.begin(), c.begin() + static_cast<std::ptrdiff_t>(negative_), negative.begin(),
                 salt_factor);
  const auto last = c.last(positive_);
  std::transform(last.begin(), last.end(), positive.begin(), salt_factor);
}

double Electrolyte::voltage_error(double temperature_k) {
  for (Size k = 0; k < change_.size(); ++k)
    change_[k] = tr_bdf2::error(begin_[k], middle_[k], end_[k], dt_s_ * slope_[k]);
  solve_factorised(change_);
  const auto relative = [&](Size from, Size count) {
    double sum = 0;
    for (Size k = from; k < from + count; ++k) sum += change_[k] / std::max(end_[k], kFloor);
    return std::abs(sum) / static_cast<double>(count);
  };
  // Concentration overpotential, and the reaction's part with the root of the concentration.
  const double volts = (2 * (1 - set_.transference_number) * set_.thermodynamic_factor + 1) *
                       kGasConstant * temperature_k / kFaraday;
  return volts * (relative(0, negative_) + relative(end_.size() - positive_, positive_));
}

Electrolyte::Extremes Electrolyte::extremes(Of which) const {
  const Column& c = values(which);
  const auto [least, most] = std::minmax_element(c.begin(), c.end());
  return {*least, *most, static_cast<Size>(least - c.begin())};
}

std::string Electrolyte::place(std::size_t node) const {
  double at = 0;
  for (Size k = 0; k < node; ++k) at += width_[k];
  at += width_[node] / 2;
  if (node < negative_)
    return fmt::format("the negative electrode, {:.1f} um from its collector", at * 1e6);
  if (node >= width_.size() - positive_)
    return fmt::format("the positive electrode, {:.1f} um from its collector",
                       (length_m_ - at) * 1e6);
  return fmt::format("the separator, {:.1f} um from the negative electrode",
                     (at - separator_begin_m_) * 1e6);
}

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/particles.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "gateway/sim/cell/tr_bdf2.hpp"

namespace b2m::sim {
namespace {

using Size = std::size_t;
using Single = std::integral_constant<Size, 1>;

constexpr int kMostIterations = 30;
constexpr double kSettled = 1e-9;            // change of an iterate, of the maximum concentration
constexpr double kLeastDiffusivity = 1e-24;  // m2/s; also where a formula gives nonsense

// The sweeps below run over the shells from the centre outwards; the inner loop over the particles
// is what the compiler makes vectors of. `kShared`: one matrix for all particles.
template <bool kShared, class Count>
Size at(Size shell, Size particle, Count count) {
  return kShared ? shell : shell * count + particle;
}

template <bool kShared, class Count>
void factorise(Size shells, Count count, double* lower, double* upper, double* inverse) {
  const Size width = kShared ? Size{1} : Size{count};
  for (Size i = 0; i < shells; ++i)
    for (Size p = 0; p < width; ++p) {
      const Size k = i * width + p;
      const double left = i == 0 ? 0 : lower[k] * upper[k - width];
      inverse[k] = 1 / (inverse[k] - left);
      upper[k] *= inverse[k];
    }
}

struct Factors {
  const double *lower, *inverse;
};

template <bool kShared, class Count>
void eliminate(Size shells, Count count, const Factors& factors, const double* right, double* out) {
  const auto [lower, inverse] = factors;
  for (Size p = 0; p < count; ++p) out[p] = right[p] * inverse[at<kShared>(0, p, count)];
  for (Size i = 1; i < shells; ++i) {
    const double* row = right + i * count;
    const double* before = out + (i - 1) * count;
    double* now = out + i * count;
    for (Size p = 0; p < count; ++p) {
      const Size k = at<kShared>(i, p, count);
      now[p] = (row[p] + lower[k] * before[p]) * inverse[k];
    }
  }
}

template <bool kShared, class Count>
void substitute(Size shells, Count count, const double* upper, double* inout) {
  for (Size i = shells - 1; i-- > 0;) {
    double* now = inout + i * count;
    for (Size p = 0; p < count; ++p) now[p] += upper[at<kShared>(i, p, count)] * now[p + count];
  }
}

}  // namespace

double activation_factor(const Activation& activation, double temperature_k) {
  if (activation.energy_j_per_mol == 0) return 1;
  return std::exp(activation.energy_j_per_mol / kGasConstant *
                  (1 / kReferenceTemperature_k - 1 / temperature_k));
}

Particles::Particles(const ElectrodeSet& set, int count, int shells)
    : count_(static_cast<Size>(count)),
      shells_(static_cast<Size>(shells)),
      is_linear_(set.diffusivity.is_constant()),
      concentration_max_(set.concentration_max),
      diffusivity_(set.diffusivity),
      constant_diffusivity_(is_linear_ ? set.diffusivity(0.5) : 0),
      activation_(set.diffusivity_activation),
      volume_(shells_),
      outward_(shells_),
      inward_(shells_) {
  const double thickness = set.particle_radius_m / shells;
  for (Size i = 0; i < shells_; ++i) {
    const double inner = thickness * static_cast<double>(i), outer = inner + thickness;
    volume_[i] = (outer * outer * outer - inner * inner * inner) / 3;
    outward_[i] = i + 1 == shells_ ? 0 : outer * outer / (thickness * volume_[i]);
    inward_[i] = inner * inner / (thickness * volume_[i]);
  }
  per_flux_ = -set.particle_radius_m * set.particle_radius_m / (volume_.back() * kFaraday);
  mean_per_flux_ = -3 / (set.particle_radius_m * kFaraday);
  const Size all = shells_ * count_;
  for (Column* c : {&begin_, &middle_, &end_, &slope_, &right_, &swept_}) c->assign(all, 0);
  for (Column* c : {&alpha_, &beta_, &surface_, &stage_surface_, &begin_j_, &middle_j_, &end_j_})
    c->assign(count_, 0);
  for (Column* c : {&lower_, &upper_, &inverse_}) c->assign(is_linear_ ? shells_ : all, 0);
  faces_.assign(is_linear_ ? shells_ : all, 0);
  if (is_linear_) return;
  for (Column* c :
       {&by_inner_, &by_outer_, &iterate_, &correction_, &stoichiometry_, &nodes_, &node_slopes_})
    c->assign(all, 0);
}

template <class Do>
void Particles::with_layout(Do&& run) const {
  if (!is_linear_) return run(std::false_type{}, count_);
  if (count_ == 1) return run(std::true_type{}, Single{});
  run(std::true_type{}, count_);
}

void Particles::fill(double concentration) {
  std::fill(begin_.begin(), begin_.end(), concentration);
  std::fill(surface_.begin(), surface_.end(), concentration);
}

double Particles::mean(int particle) const {
  double content = 0, volume = 0;
  for (Size i = 0; i < shells_; ++i) {
    content += volume_[i] * begin_[i * count_ + static_cast<Size>(particle)];
    volume += volume_[i];
  }
  return content / volume;
}

double Particles::concentration(int shell, int particle) const {
  return begin_[static_cast<Size>(shell) * count_ + static_cast<Size>(particle)];
}

double Particles::extrapolate(const Column& c, Size particle) const {
  const double* last = c.data() + (shells_ - 1) * count_ + particle;
  return 1.5 * last[0] - 0.5 * last[-static_cast<std::ptrdiff_t>(count_)];
}

// Harmonic mean of the neighbouring nodes, as PyBaMM, and its derivatives by their concentrations.
void Particles::evaluate_faces(const Column& c) {
  for (Size k = 0; k < c.size(); ++k)
    stoichiometry_[k] = std::clamp(c[k] / concentration_max_, 0.0, 1.0);
  diffusivity_.evaluate(stoichiometry_, nodes_, node_slopes_);
  for (double& d : nodes_) d = d > kLeastDiffusivity ? d : kLeastDiffusivity;
  for (Size k = 0; k + count_ < c.size(); ++k) {
    const double inner = nodes_[k], outer = nodes_[k + count_], sum = inner + outer;
    const double scale = 2 * activation_now_ / (sum * sum);
    faces_[k] = scale * inner * outer * sum;
    by_inner_[k] = scale * outer * outer * node_slopes_[k] / concentration_max_;
    by_outer_[k] = scale * inner * inner * node_slopes_[k + count_] / concentration_max_;
  }
}

void Particles::begin(double dt_s, std::span<const double> j, double temperature_k) {
  dt_s_ = dt_s;
  g_ = tr_bdf2::kImplicit * dt_s;
  is_second_ = false;
  std::copy(j.begin(), j.end(), begin_j_.begin());
  activation_now_ = activation_factor(activation_, temperature_k);
  if (is_linear_)
    std::fill(faces_.begin(), faces_.end(), constant_diffusivity_ * activation_now_);
  else
    evaluate_faces(begin_);
  with_layout([&](auto shared, auto count) {
    const auto flux = [&](Size i, Size p) {  // through the outer face of shell i, inwards
      const Size k = i * count + p;
      return faces_[at<shared>(i, p, count)] * (begin_[k + count] - begin_[k]);
    };
    for (Size i = 0; i < shells_; ++i)
      for (Size p = 0; p < count; ++p) {
        const double outside = i + 1 == shells_ ? per_flux_ * j[p] : outward_[i] * flux(i, p);
        slope_[i * count + p] = outside - (i == 0 ? 0 : inward_[i] * flux(i - 1, p));
      }
  });
  for (Size k = 0; k < right_.size(); ++k) right_[k] = begin_[k] + g_ * slope_[k];
  if (!is_linear_) iterate_ = begin_;
}

void Particles::second_stage() {
  is_second_ = true;
  for (Size k = 0; k < right_.size(); ++k)
    right_[k] = tr_bdf2::kFromStage * middle_[k] - tr_bdf2::kFromBegin * begin_[k];
  if (!is_linear_) iterate_ = middle_;
}

void Particles::prepare(double temperature_k) {
  activation_now_ = activation_factor(activation_, temperature_k);
  iteration_ = 0;
  if (is_linear_)
    share_coefficients();
  else
    linearise();
  find_response();
}

void Particles::share_coefficients() {
  const double conductance = g_ * constant_diffusivity_ * activation_now_;
  if (conductance == factorised_for_) return;
  factorised_for_ = conductance;
  for (Size i = 0; i < shells_; ++i) {
    lower_[i] = conductance * inward_[i];
    upper_[i] = conductance * outward_[i];
    inverse_[i] = 1 + lower_[i] + upper_[i];
  }
  factorise<true>(shells_, Single{}, lower_.data(), upper_.data(), inverse_.data());
}

// The flux through a face, D(c) dc, about the iterate: with_outer * c_outer - with_inner * c_inner
// + rest.
void Particles::linearise() {
  evaluate_faces(iterate_);
  std::fill(inverse_.begin(), inverse_.end(), 1.0);
  std::fill(correction_.begin(), correction_.end(), 0.0);
  for (Size i = 0; i + 1 < shells_; ++i) {
    const double out = g_ * outward_[i], in = g_ * inward_[i + 1];
    for (Size k = i * count_; k < (i + 1) * count_; ++k) {
      const double step = iterate_[k + count_] - iterate_[k];
      const double with_outer = faces_[k] + by_outer_[k] * step;
      const double with_inner = faces_[k] - by_inner_[k] * step;
      const double rest =
          -step * (by_outer_[k] * iterate_[k + count_] + by_inner_[k] * iterate_[k]);
      upper_[k] = out * with_outer;
      inverse_[k] += out * with_inner;
      lower_[k + count_] = in * with_inner;
      inverse_[k + count_] += in * with_outer;
      correction_[k] += out * rest;
      correction_[k + count_] -= in * rest;
    }
  }
  factorise<false>(shells_, count_, lower_.data(), upper_.data(), inverse_.data());
}

void Particles::find_response() {
  const Column* right = &right_;
  if (!is_linear_) {
    for (Size k = 0; k < right_.size(); ++k) correction_[k] += right_[k];
    right = &correction_;
  }
  with_layout([&](auto shared, auto count) {
    eliminate<shared>(shells_, count, {lower_.data(), inverse_.data()}, right->data(),
                      swept_.data());
    for (Size p = 0; p < count; ++p) {
      const double* last = swept_.data() + (shells_ - 1) * count + p;
      const double by_last = 1.5 - 0.5 * upper_[at<shared>(shells_ - 2, p, count)];
      alpha_[p] = by_last * last[0] - 0.5 * *(last - count);
      beta_[p] = by_last * inverse_[at<shared>(shells_ - 1, p, count)] * g_ * per_flux_;
    }
  });
}

Particles::Commit Particles::commit(std::span<const double> j) {
  Column& result = stage_result();
  std::copy(j.begin(), j.end(), (is_second_ ? end_j_ : middle_j_).begin());
  with_layout([&](auto shared, auto count) {
    const Size last = (shells_ - 1) * count;
    std::copy(swept_.begin(), swept_.end(), result.begin());
    for (Size p = 0; p < count; ++p)
      result[last + p] += inverse_[at<shared>(shells_ - 1, p, count)] * g_ * per_flux_ * j[p];
    substitute<shared>(shells_, count, upper_.data(), result.data());
  });
  bool is_finite = true;
  for (Size p = 0; p < count_; ++p) {
    stage_surface_[p] = extrapolate(result, p);
    is_finite = is_finite && std::isfinite(stage_surface_[p]);
  }
  if (!is_finite) return Commit::failed;
  if (is_linear_ || !iterate_moved(result)) return Commit::done;
  if (++iteration_ > kMostIterations) return Commit::failed;
  linearise();
  find_response();
  return Commit::again;
}

bool Particles::iterate_moved(const Column& result) {
  double most = 0;
  for (Size k = 0; k < result.size(); ++k) most = std::max(most, std::abs(result[k] - iterate_[k]));
  iterate_ = result;
  return !(most <= kSettled * concentration_max_);
}

double Particles::surface_slope(bool at_end, int particle) const {
  const Size p = static_cast<Size>(particle);
  return at_end ? (extrapolate(end_, p) - extrapolate(right_, p)) / g_ : extrapolate(slope_, p);
}

void Particles::surface_error(std::span<double> error) {
  for (Size k = 0; k < right_.size(); ++k)
    right_[k] = tr_bdf2::error(begin_[k], middle_[k], end_[k], dt_s_ * slope_[k]);
  with_layout([&](auto shared, auto count) {
    eliminate<shared>(shells_, count, {lower_.data(), inverse_.data()}, right_.data(),
                      swept_.data());
    for (Size p = 0; p < count; ++p) {
      const double* last = swept_.data() + (shells_ - 1) * count + p;
      const double by_last = 1.5 - 0.5 * upper_[at<shared>(shells_ - 2, p, count)];
      error[p] = by_last * last[0] - 0.5 * *(last - count);
    }
  });
}

// Less the embedded error, all shells alike. Where the current itself falls by much, as a voltage
// that is held makes it, this would not be stable. Particles side by side share a current: all are
// corrected by what it is off by in the mean, so that none is told to take what another one has.
double Particles::charge_correction() const {
  const auto mean = [&](const Column& j) {
    double sum = 0;
    for (const double one : j) sum += one;
    return sum / static_cast<double>(count_);
  };
  const double first = mean(begin_j_), last = mean(end_j_);
  if (!(std::abs(last - first) <= 0.5 * std::max(std::abs(first), std::abs(last)))) return 0;
  return -mean_per_flux_ * dt_s_ *
         (tr_bdf2::kError0 * first + tr_bdf2::kError1 * mean(middle_j_) + tr_bdf2::kError2 * last);
}

void Particles::accept() {
  begin_.swap(end_);
  surface_.swap(stage_surface_);
  const double more = charge_correction();
  if (more == 0) return;
  for (double& surface : surface_) surface += more;
  for (double& concentration : begin_) concentration += more;
}

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
// Where a set's two electrodes stand against each other, and with that its open-circuit voltage.
#include "gateway/sim/cell/cell_set.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

namespace b2m::sim {

namespace {

/// Lithium that an electrode holds when full, in Ah.
double capacity(const ElectrodeSet& electrode, double area_m2) {
  return electrode.active_fraction * electrode.thickness_m * area_m2 * electrode.concentration_max *
         kFaraday / 3600;
}

/// Both electrodes as seen from the negative one's stoichiometry, with the set's lithium.
struct Balance {
  const CellSet& set;
  double negative_ah, positive_ah, lithium_ah;

  explicit Balance(const CellSet& s)
      : set(s),
        negative_ah(capacity(s.negative, s.area_m2)),
        positive_ah(capacity(s.positive, s.area_m2)),
        lithium_ah(negative_ah * s.negative.concentration_start / s.negative.concentration_max +
                   positive_ah * s.positive.concentration_start / s.positive.concentration_max) {}

  [[nodiscard]] double positive(double negative) const {
    return (lithium_ah - negative * negative_ah) / positive_ah;
  }
  // Both stoichiometries stay a little inside, where logarithms are finite.
  static constexpr double kInset = 1e-9;
  [[nodiscard]] double lowest() const {
    return std::max(kInset, (lithium_ah - (1 - kInset) * positive_ah) / negative_ah);
  }
  [[nodiscard]] double highest() const {
    return std::min(1 - kInset, (lithium_ah - kInset * positive_ah) / negative_ah);
  }
};

struct Point {
  double value, slope;
};

Point potential(const Function& function, double at) {
  Point point{};
  function.evaluate({&at, 1}, {&point.value, 1}, {&point.slope, 1});
  return point;
}

/// Where `f` rises through zero between `low` and `high`: Newton, and halving where that would
/// leave the bracket. f(low) <= 0 <= f(high).
template <class F>
double find_zero(F f, double low, double high) {
  double x = (low + high) / 2;
  for (int i = 0; i < 200; ++i) {
    const Point point = f(x);
    if (point.value == 0) return x;
    (point.value < 0 ? low : high) = x;
    const double next = x - point.value / point.slope;
    const double last = x;
    x = next > low && next < high ? next : (low + high) / 2;
    if (std::abs(x - last) <= 1e-15) break;
  }
  return x;
}

/// The negative electrode's stoichiometry at an open-circuit voltage.
Result<double> negative_at(const Balance& balance, double ocv_v, const char* name) {
  const CellSet& set = balance.set;
  const auto above = [&](double x) {
    const Point p = potential(set.positive.potential, balance.positive(x));
    const Point n = potential(set.negative.potential, x);
    return Point{p.value - n.value - ocv_v,
                 -p.slope * balance.negative_ah / balance.positive_ah - n.slope};
  };
  const double low = balance.lowest();
  const double high = balance.highest();
  if (!(low < high))
    return Error(Errc::out_of_range,
                 "the start concentrations leave no lithium to move between the electrodes");
  const double at_low = above(low).value;
  const double at_high = above(high).value;
  if (at_low <= 0 && at_high >= 0) return find_zero(above, low, high);
  return Error(Errc::out_of_range,
               fmt::format("the open-circuit voltage at {} ({} V) cannot be reached: with the "
                           "lithium of the start concentrations it runs from {:.4g} V to {:.4g} V",
                           name, ocv_v, at_low + ocv_v, at_high + ocv_v));
}

Point ocv_point(const CellSet& set, const StoichiometryLimits& l, double soc) {
  const double width_n = l.negative_full - l.negative_empty;
  const double width_p = l.positive_empty - l.positive_full;
  const Point n = potential(set.negative.potential, l.negative_empty + soc * width_n);
  const Point p = potential(set.positive.potential, l.positive_empty - soc * width_p);
  return {p.value - n.value, -p.slope * width_p - n.slope * width_n};
}

void divide(std::vector<double>& values, double by) {
  for (double& value : values) value /= by;
}

/// More area: less resistance, and the same time constants.
void scale(EcmSet& fit, double factor) {
  divide(fit.r0_ohm, factor);
  divide(fit.r1_ohm, factor);
  divide(fit.r2_ohm, factor);
}

}  // namespace

double EcmSet::at(const std::vector<double>& values, double at_soc) const {
  if (values.empty()) return 0;
  const auto above = std::upper_bound(soc.begin(), soc.end(), at_soc);
  if (above == soc.begin()) return values.front();
  if (above == soc.end()) return values.back();
  const auto i = static_cast<std::size_t>(above - soc.begin());
  const double part = (at_soc - soc[i - 1]) / (soc[i] - soc[i - 1]);
  return values[i - 1] + part * (values[i] - values[i - 1]);
}

CellSet CellSet::scaled_to(double nominal_ah) const {
  const double factor = nominal_ah / nominal_capacity_ah;
  CellSet scaled = *this;
  scaled.nominal_capacity_ah = nominal_ah;
  scaled.area_m2 *= factor;
  scaled.thermal.heat_capacity_j_per_k *= factor;
  scaled.thermal.cooling_w_per_k *= factor;
  for (EcmSet* fit : {&scaled.ecm_1rc, &scaled.ecm_2rc, &scaled.spm_rc}) scale(*fit, factor);
  return scaled;
}

Result<StoichiometryLimits> find_limits(const CellSet& set) {
  const Balance balance(set);
  const Result<double> empty = negative_at(balance, set.ocv_empty_v, "SoC 0");
  if (!empty) return empty.error();
  const Result<double> full = negative_at(balance, set.ocv_full_v, "SoC 1");
  if (!full) return full.error();
  StoichiometryLimits limits;
  limits.negative_empty = *empty;
  limits.negative_full = *full;
  limits.positive_empty = balance.positive(*empty);
  limits.positive_full = balance.positive(*full);
  limits.capacity_ah = balance.negative_ah * (*full - *empty);
  if (!(limits.capacity_ah > 0))
    return Error(Errc::out_of_range, fmt::format("the cell holds no charge between {} V and {} V",
                                                 set.ocv_empty_v, set.ocv_full_v));
  const double start = set.negative.concentration_start / set.negative.concentration_max;
  limits.soc_of_set_start = (start - *empty) / (*full - *empty);
  return limits;
}

double ocv_at(const CellSet& set, const StoichiometryLimits& limits, double soc) {
  return ocv_point(set, limits, soc).value;
}

Result<double> soc_at(const CellSet& set, const StoichiometryLimits& limits, double ocv_v) {
  constexpr double kRounding_v = 1e-9;
  const double low_v = ocv_at(set, limits, 0);
  const double high_v = ocv_at(set, limits, 1);
  if (!(ocv_v >= low_v - kRounding_v && ocv_v <= high_v + kRounding_v))
    return Error(
        Errc::out_of_range,
        fmt::format("{} V is outside the cell's open-circuit voltages, {:.4g} V to {:.4g} V", ocv_v,
                    low_v, high_v));
  if (ocv_v <= low_v) return 0.0;
  if (ocv_v >= high_v) return 1.0;
  return find_zero(
      [&](double soc) {
        const Point point = ocv_point(set, limits, soc);
        return Point{point.value - ocv_v, point.slope};
      },
      0, 1);
}

}  // namespace b2m::sim

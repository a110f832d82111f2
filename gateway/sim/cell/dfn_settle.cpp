// SPDX-License-Identifier: MIT
// A jump of the demand from any state. With the salt and the particles as they are, the currents
// are the minimum of a convex function (the heat of the ohmic parts, the integrals of the
// reactions' overpotentials), and the residuals are its slopes: Newton's method arrives from
// anywhere if no step goes far beyond the minimum on its way.
#include <algorithm>
#include <cmath>

#include "gateway/sim/cell/dfn_newton.hpp"

namespace b2m::sim {

namespace {

constexpr int kMostSteps = 200;
constexpr int kMostHalvings = 60;
constexpr double kMostBeyond = 0.5;  // of the slope at the step's begin, with the other sign

}  // namespace

bool DfnNewton::settle(Demand::Kind kind, double value, const DfnStage& stage, DfnPoint& point) {
  if (kind == Demand::Kind::current) point.set_total(grid_, value / area_m2_);
  equations_.evaluate(point, stage);
  const auto is_finite = [&] {
    return std::isfinite(equations_.residual) && std::isfinite(equations_.voltage);
  };
  for (int i = 0; i < kMostSteps && is_finite(); ++i) {
    ++iterations_;
    const double miss = missed(kind, value, point);
    remember_residuals();
    const double size = find_change(kind, value, point);
    if (!std::isfinite(size)) return false;
    if (size <= 1 && !is_limited_) {
      move(point, 1);
      return true;
    }
    const double slope = slope_along(residuals_) + miss * change_.total;
    if (!go_down(kind, value, stage, slope, point)) return false;
  }
  return false;
}

/// The change as far as it leads down.
bool DfnNewton::go_down(Demand::Kind kind, double value, const DfnStage& stage, double slope,
                        DfnPoint& point) {
  double part = 1;
  move(point, part);
  for (int i = 0; i < kMostHalvings; ++i) {
    equations_.evaluate(point, stage);
    remember_residuals();
    const double now = slope_along(residuals_) + missed(kind, value, point) * change_.total;
    if (std::isfinite(equations_.residual) && now >= -kMostBeyond * slope) return true;
    part /= 2;
    move(point, -part);
  }
  return false;
}

void DfnNewton::remember_residuals() {
  residuals_.resize(equations_.rows.size());
  for (std::size_t i = 0; i < residuals_.size(); ++i) residuals_[i] = equations_.rows[i].first;
}

double DfnNewton::slope_along(std::span<const double> residuals) const {
  double slope = 0;
  for (std::size_t f = 1; f < grid_.nodes(); ++f)
    if (grid_.is_inner(f)) slope += residuals[grid_.row_of_face[f]] * change_.current[f];
  return slope;
}

/// Volts that the demand is missed by where the total is free: the slope by the total.
double DfnNewton::missed(Demand::Kind kind, double value, const DfnPoint& point) const {
  const double v = equations_.voltage;
  switch (kind) {
    case Demand::Kind::current:
      return 0;
    case Demand::Kind::voltage:
      return v - value;
    case Demand::Kind::resistance:
      return v - value * area_m2_ * point.total;
    case Demand::Kind::power:
      break;
  }
  // Not convex any more, but of the right sign as long as more current gives more power.
  return (value / area_m2_ - point.total * v) * std::abs(equations_.voltage_by_total / v);
}

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/dfn_newton.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace b2m::sim {

namespace {

constexpr int kMostIterations = 40;
constexpr int kMostHalvings = 12;
// A start that is any good needs fewer iterations. From a bad one Newton's method goes round in
// circles, as the overpotential is a logarithm of the current: by shorter ways it arrives.
constexpr int kUndamped = 5;
constexpr double kDamped_v = 0.1;
// Sizes of changes are counted in these.
constexpr double kPotentialTolerance = 1e-6;  // V
constexpr double kSaltTolerance = 1e-2;       // mol/m3
// Butler-Volmer bends by about 1 / (4 R T / F) per volt: never expect less.
constexpr double kLeastCurvature = 1e-5;
constexpr double kLittleSalt = 1;
constexpr double kSmallResidual_v = 1e-5;

}  // namespace

DfnNewton::DfnNewton(DfnEquations& equations, const DfnGrid& grid, double area_m2)
    : equations_(equations),
      grid_(grid),
      area_m2_(area_m2),
      guess_(grid),
      change_(grid),
      response_(grid) {}

bool DfnNewton::solve(Demand::Kind kind, double value, const DfnStage& stage, DfnPoint& point) {
  guess_ = point;
  if (iterate(kind, value, stage, point)) return true;
  point = guess_;
  caution_ = kMore;
  const bool is_solved = iterate(kind, value, stage, point);
  caution_ = kUsual;
  return is_solved;
}

bool DfnNewton::iterate(Demand::Kind kind, double value, const DfnStage& stage, DfnPoint& point) {
  if (kind == Demand::Kind::current) point.set_total(grid_, value / area_m2_);
  double residual_before = std::numeric_limits<double>::infinity();
  is_limited_ = is_rough_ = false;
  double size_before = 0, part = 1;
  int halvings = 0;
  for (int i = 0; i < kMostIterations; ++i) {
    ++iterations_;
    equations_.evaluate(point, stage);
    const double residual = equations_.residual;
    // A total that moves by itself disturbs what was solved before, and so does salt that is held
    // back or comes to where nearly none was.
    const bool is_rough = kind != Demand::Kind::current || is_limited_ || is_rough_;
    const double harmless = is_rough ? caution_.furthest_v : kSmallResidual_v;
    const bool is_worse = !std::isfinite(residual) || !std::isfinite(equations_.voltage) ||
                          (residual > caution_.growth * residual_before && residual > harmless);
    if (is_worse) {  // back by half of the way
      if (i == 0 || ++halvings > kMostHalvings) return false;
      move(point, -part / 2);
      part /= 2;
      continue;
    }
    residual_before = residual;
    const double size = find_change(kind, value, point);
    if (!std::isfinite(size)) return false;
    keep_salt(point);
    part = i < kUndamped ? 1 : damping();
    move(point, part);
    if (part == 1 && is_solved(size, size_before)) return true;
    size_before = size;
  }
  return false;
}

/// Newton's step from the equations as they stand; its size in tolerances.
double DfnNewton::find_change(Demand::Kind kind, double value, const DfnPoint& point) {
  solve_band(equations_.rows);
  make_response();
  make_change(0);
  const double of_total = change_of_total(kind, value, point.total);
  if (of_total != 0) make_change(of_total);
  voltage_ += voltage_by_total_ * of_total;
  return std::max(size_of_change(point),
                  std::abs(voltage_by_total_ * of_total) / kPotentialTolerance);
}

bool DfnNewton::is_solved(double size, double size_before) {
  if (size_before > 0 && size > 1e-3)
    curvature_ = std::max({curvature_ / 2, size / (size_before * size_before), kLeastCurvature});
  return !is_limited_ && (size <= 1 || curvature_ * size * size <= 1);
}

void DfnNewton::make_response() {
  for (std::size_t k = 0; k < grid_.nodes(); ++k)
    response_.salt[k] = -equations_.rows[grid_.row_of_node[k]].second;
  for (std::size_t f = 1; f < grid_.nodes(); ++f)
    if (grid_.is_inner(f)) response_.current[f] = -equations_.rows[grid_.row_of_face[f]].second;
  response_.set_total(grid_, 1);
}

/// Also the voltage behind it, and how that follows the total.
void DfnNewton::make_change(double of_total) {
  for (std::size_t k = 0; k < grid_.nodes(); ++k)
    change_.salt[k] = of_total * response_.salt[k] - equations_.rows[grid_.row_of_node[k]].first;
  for (std::size_t f = 1; f < grid_.nodes(); ++f)
    if (grid_.is_inner(f))
      change_.current[f] =
          of_total * response_.current[f] - equations_.rows[grid_.row_of_face[f]].first;
  change_.set_total(grid_, of_total);
  if (of_total != 0) return;
  voltage_ = equations_.voltage;
  voltage_by_total_ = equations_.voltage_by_total;
  for (std::size_t i = 0; i < equations_.rows.size(); ++i) {
    voltage_ -= equations_.voltage_slopes[i] * equations_.rows[i].first;
    voltage_by_total_ -= equations_.voltage_slopes[i] * equations_.rows[i].second;
  }
}

double DfnNewton::change_of_total(Demand::Kind kind, double value, double total) {
  const double v = voltage_, slope = voltage_by_total_;
  double change = 0;
  if (kind == Demand::Kind::voltage) change = (value - v) / slope;
  if (kind == Demand::Kind::power) change = (value / area_m2_ - total * v) / (v + total * slope);
  if (kind == Demand::Kind::resistance)
    change = (value * area_m2_ * total - v) / (slope - value * area_m2_);
  const double furthest = std::abs(caution_.furthest_v / slope);
  is_limited_ = std::abs(change) > furthest;
  return is_limited_ ? std::copysign(furthest, change) : change;
}

/// Salt stays positive. Where nearly none is left, the potentials follow its logarithm, and a node
/// loses by factors.
void DfnNewton::keep_salt(const DfnPoint& point) {
  constexpr double kMostLost = 0.9;
  constexpr double kMostFactors = 3;  // of e
  is_rough_ = false;
  for (std::size_t k = 0; k < point.salt.size(); ++k) {
    const double salt = point.salt[k];
    double& change = change_.salt[k];
    is_rough_ = is_rough_ || (salt < kLittleSalt && change > kMostFactors * salt);
    if (change >= 0 || (salt > kLittleSalt && change >= -kMostLost * salt)) continue;
    if (salt > kLittleSalt) {
      change = -kMostLost * salt;
      is_limited_ = true;
      continue;
    }
    is_limited_ = is_limited_ || (change < -kMostFactors * salt && salt > kLeastSalt);
    change = salt * std::expm1(std::max(change / salt, -kMostFactors));
    change = std::max(change, kLeastSalt - salt);
  }
}

double DfnNewton::size_of_change(const DfnPoint& point) const {
  double salt = 0, potential = 0;
  for (const double change : change_.salt) salt = std::max(salt, std::abs(change));
  const auto look = [&](const DfnReaction& side, std::size_t first, double per_j) {
    for (std::size_t k = 0; k < side.by_j.size(); ++k) {
      const double of_j = (change_.current[first + k + 1] - change_.current[first + k]) / per_j;
      const double of_salt = change_.salt[first + k];
      potential = std::max(potential, std::abs(side.by_j[k] * of_j));
      if (point.salt[first + k] > kLeastSalt)
        potential = std::max(potential, std::abs(side.by_salt[k] * of_salt));
    }
  };
  look(equations_.negative, 0, equations_.negative_per_j());
  look(equations_.positive, grid_.first_positive(), equations_.positive_per_j());
  return std::max(salt / kSaltTolerance, potential / kPotentialTolerance);
}

/// Part of the change that no overpotential moves by too much in.
double DfnNewton::damping() const {
  double most = 0;
  const auto look = [&](const DfnReaction& side, std::size_t first, double per_j) {
    for (std::size_t k = 0; k < side.by_j.size(); ++k) {
      const double of_j = (change_.current[first + k + 1] - change_.current[first + k]) / per_j;
      most = std::max(most, std::abs(side.by_j[k] * of_j));
    }
  };
  look(equations_.negative, 0, equations_.negative_per_j());
  look(equations_.positive, grid_.first_positive(), equations_.positive_per_j());
  return most > kDamped_v ? kDamped_v / most : 1;
}

void DfnNewton::move(DfnPoint& point, double part) const {
  for (std::size_t k = 0; k < point.salt.size(); ++k) point.salt[k] += part * change_.salt[k];
  for (std::size_t f = 0; f < point.current.size(); ++f)
    point.current[f] += part * change_.current[f];
  point.total += part * change_.total;
}

}  // namespace b2m::sim

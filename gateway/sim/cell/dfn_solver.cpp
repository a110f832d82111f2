// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/dfn_solver.hpp"

#include <algorithm>
#include <cmath>

#include "gateway/sim/cell/tr_bdf2.hpp"

namespace b2m::sim {

namespace {

constexpr double kTemperaturePerVolt = 100;  // K of error that count as much as a volt
constexpr double kLeastLeft = 0.1;           // of the salt of a node, in a guess
constexpr double kSaltThatMatters = 1;       // mol/m3; with less a node takes no part

/// A node that empties faster than the step can follow would be left with less than nothing.
double positive_salt(double right, double begin) { return std::max(right, 1e-3 * begin); }

double part_of(const Demand& demand, double part) {
  return demand.begin + part * (demand.end - demand.begin);
}

}  // namespace

DfnSolver::DfnSolver(const CellSet& set, const SolverSettings& settings,
                     double negative_concentration, double positive_concentration)
    : set_(set),
      settings_(settings),
      grid_(set_, settings.mesh),
      equations_(set_, grid_),
      newton_(equations_, grid_, set_.area_m2),
      negative_(set_.negative, settings.mesh.negative, settings.mesh.shells_negative),
      positive_(set_.positive, settings.mesh.positive, settings.mesh.shells_positive),
      before_(grid_),
      before_stage_(grid_),
      begin_(grid_),
      middle_(grid_),
      end_(grid_),
      salt_slope_(grid_.nodes()),
      right_(grid_.nodes()),
      negative_j_(grid_.negative),
      positive_j_(grid_.positive),
      negative_error_(grid_.negative),
      positive_error_(grid_.positive),
      no_beta_(std::max(grid_.negative, grid_.positive)) {
  negative_.fill(negative_concentration);
  positive_.fill(positive_concentration);
  std::fill(begin_.point.salt.begin(), begin_.point.salt.end(),
            set_.electrolyte.concentration_start);
  begin_.temperature_k = settings.start_temperature_k;
  static_cast<void>(settle(Demand{}));
}

DfnStage DfnSolver::frozen() const {
  DfnStage stage;
  stage.right = begin_.point.salt;
  stage.temperature_k = begin_.temperature_k;
  stage.alpha_negative = negative_.surface();
  stage.alpha_positive = positive_.surface();
  stage.beta_negative = std::span(no_beta_).first(grid_.negative);
  stage.beta_positive = std::span(no_beta_).first(grid_.positive);
  return stage;
}

Attempt DfnSolver::settle(const Demand& demand) {
  is_tried_ = false;
  end_ = begin_;
  end_.at_s = 0;
  if (demand.kind == Demand::Kind::current) {  // evenly more in all places
    const double more = demand.begin / set_.area_m2 - end_.point.total;
    const std::size_t nodes = grid_.nodes();
    for (std::size_t f = 1; f < grid_.negative; ++f)
      end_.point.current[f] += more * static_cast<double>(f) / static_cast<double>(grid_.negative);
    for (std::size_t f = grid_.first_positive() + 1; f < nodes; ++f)
      end_.point.current[f] +=
          more * static_cast<double>(nodes - f) / static_cast<double>(grid_.positive);
  }
  if (!newton_.solve(demand.kind, demand.begin, frozen(), end_.point)) {
    end_.point = begin_.point;
    if (!newton_.settle(demand.kind, demand.begin, frozen(), end_.point))
      return no_solution(demand, demand.begin);
  }
  end_.voltage_v = newton_.voltage();
  end_.heat_w = set_.area_m2 * equations_.heat(end_.point, end_.voltage_v, end_.temperature_k);
  std::swap(begin_, end_);
  for (std::size_t k = 0; k < grid_.nodes(); ++k)
    salt_slope_[k] = equations_.salt_slope(begin_.point, k);
  is_history_known_ = false;
  Attempt settled;
  settled.voltage_v = begin_.voltage_v;
  settled.current_a = begin_.point.total * set_.area_m2;
  settled.temperature_k = begin_.temperature_k;
  return settled;
}

Attempt DfnSolver::attempt(double dt_s, const Demand& demand) {
  is_tried_ = false;
  if (!(dt_s > 0) || !std::isfinite(dt_s)) return no_solution(demand, demand.begin);
  dt_s_ = dt_s;
  const double g = tr_bdf2::kImplicit * dt_s;
  equations_.current_densities(begin_.point, negative_j_, positive_j_);
  negative_.begin(dt_s, negative_j_, begin_.temperature_k);
  positive_.begin(dt_s, positive_j_, begin_.temperature_k);
  for (std::size_t k = 0; k < right_.size(); ++k)
    right_[k] = positive_salt(begin_.point.salt[k] + g * salt_slope_[k], begin_.point.salt[k]);
  right_temperature_k_ = begin_.temperature_k + g * warming(begin_);
  const double first = part_of(demand, tr_bdf2::kStage);
  guess_middle();
  if (!solve_stage(demand.kind, first, middle_)) return no_step(demand, first);

  negative_.second_stage();
  positive_.second_stage();
  for (std::size_t k = 0; k < right_.size(); ++k)
    right_[k] =
        tr_bdf2::kFromStage * middle_.point.salt[k] - tr_bdf2::kFromBegin * begin_.point.salt[k];
  right_temperature_k_ =
      tr_bdf2::kFromStage * middle_.temperature_k - tr_bdf2::kFromBegin * begin_.temperature_k;
  guess_end();
  if (!solve_stage(demand.kind, demand.end, end_)) return no_step(demand, demand.end);
  is_tried_ = true;
  const Attempt done = report();
  end_.temperature_k -= temperature_error();
  return done;
}

bool DfnSolver::solve_stage(Demand::Kind kind, double value, Instant& now) {
  constexpr int kMostPasses = 30;
  constexpr double kSettled_k = 1e-4;
  DfnStage stage;
  stage.weight = tr_bdf2::kImplicit * dt_s_;
  stage.right = right_;
  now.temperature_k = settings_.is_thermal ? warmed(now) : begin_.temperature_k;
  if (kind == Demand::Kind::current) follow_total(now.point, value / set_.area_m2);
  for (std::size_t k = 0; k < grid_.nodes(); ++k)
    now.point.salt[k] = std::max(now.point.salt[k], kLeastLeft * begin_.point.salt[k]);
  auto committed = Particles::Commit::done;
  for (int pass = 0; pass < kMostPasses; ++pass) {
    if (committed == Particles::Commit::done) {
      negative_.prepare(now.temperature_k);
      positive_.prepare(now.temperature_k);
    }
    stage.temperature_k = now.temperature_k;
    stage.alpha_negative = negative_.alpha();
    stage.beta_negative = negative_.beta();
    stage.alpha_positive = positive_.alpha();
    stage.beta_positive = positive_.beta();
    if (!newton_.solve(kind, value, stage, now.point)) return false;
    now.voltage_v = newton_.voltage();
    committed = commit(now.point);
    if (committed == Particles::Commit::failed) return false;
    now.heat_w = set_.area_m2 * equations_.heat(now.point, now.voltage_v, now.temperature_k);
    if (committed == Particles::Commit::again) continue;
    if (!settings_.is_thermal) return true;
    const double before = now.temperature_k;
    now.temperature_k = warmed(now);
    if (!(now.temperature_k > 0)) return false;
    if (std::abs(now.temperature_k - before) < kSettled_k) return true;
  }
  return false;
}

Particles::Commit DfnSolver::commit(const DfnPoint& point) {
  using Commit = Particles::Commit;
  equations_.current_densities(point, negative_j_, positive_j_);
  const Commit negative = negative_.commit(negative_j_);
  const Commit positive = positive_.commit(positive_j_);
  if (negative == Commit::failed || positive == Commit::failed) return Commit::failed;
  return negative == Commit::again || positive == Commit::again ? Commit::again : Commit::done;
}

double DfnSolver::warming(const Instant& now) const {
  if (!settings_.is_thermal) return 0;
  return (now.heat_w - set_.thermal.cooling_w_per_k * (now.temperature_k - settings_.ambient_k)) /
         set_.thermal.heat_capacity_j_per_k;
}

double DfnSolver::warmed(const Instant& now) const {
  const ThermalSet& set = set_.thermal;
  const double source = (now.heat_w + set.cooling_w_per_k * settings_.ambient_k);
  return tr_bdf2::relax(right_temperature_k_, tr_bdf2::kImplicit * dt_s_,
                        source / set.heat_capacity_j_per_k,
                        set.cooling_w_per_k / set.heat_capacity_j_per_k);
}

void DfnSolver::accept() {
  if (!is_tried_) return;
  is_tried_ = false;
  const double g = tr_bdf2::kImplicit * dt_s_;
  negative_.accept();
  positive_.accept();
  for (std::size_t k = 0; k < right_.size(); ++k)
    salt_slope_[k] = (end_.point.salt[k] - right_[k]) / g;
  std::swap(before_, begin_);
  std::swap(before_stage_, middle_);
  std::swap(begin_, end_);
  before_.at_s = -dt_s_;
  before_stage_.at_s = -(1 - tr_bdf2::kStage) * dt_s_;
  begin_.at_s = 0;
  is_history_known_ = true;
}

double DfnSolver::time_error() {
  negative_.surface_error(negative_error_);
  positive_.surface_error(positive_error_);
  const auto volts = [](const DfnReaction& side, std::span<const double> error) {
    double sum = 0;
    for (std::size_t k = 0; k < error.size(); ++k) sum += side.by_surface[k] * error[k];
    return std::abs(sum) / static_cast<double>(error.size());
  };
  double error = volts(equations_.negative, negative_error_) +
                 volts(equations_.positive, positive_error_) + salt_error();
  error += std::abs(temperature_error()) / kTemperaturePerVolt;
  return error / settings_.tolerance_v;
}

double DfnSolver::temperature_error() const {
  if (!settings_.is_thermal) return 0;
  return tr_bdf2::error(begin_.temperature_k, middle_.temperature_k, end_.temperature_k,
                        dt_s_ * warming(begin_));
}

/// In volts of the concentration overpotential and the reactions.
double DfnSolver::salt_error() const {
  const double chi = equations_.salt_voltage(end_.temperature_k);
  const auto side = [&](const DfnReaction& reaction, std::size_t first) {
    double sum = 0;
    for (std::size_t k = 0; k < reaction.by_salt.size(); ++k) {
      const std::size_t at = first + k;
      if (end_.point.salt[at] < kSaltThatMatters) continue;
      const double error = tr_bdf2::error(begin_.point.salt[at], middle_.point.salt[at],
                                          end_.point.salt[at], dt_s_ * salt_slope_[at]);
      sum += error * (chi / end_.point.salt[at] + reaction.by_salt[k]);
    }
    return sum / static_cast<double>(reaction.by_salt.size());
  };
  return std::abs(side(equations_.positive, grid_.first_positive()) - side(equations_.negative, 0));
}

}  // namespace b2m::sim

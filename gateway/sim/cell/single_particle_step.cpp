// SPDX-License-Identifier: MIT
// How the single-particle models go through a step.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "gateway/sim/cell/single_particle.hpp"
#include "gateway/sim/cell/tr_bdf2.hpp"

namespace b2m::sim {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr int kMostTemperatureTries = 30;
constexpr double kSettled_k = 3e-5;  // the next change is a hundredth of it or less
constexpr double kColdest_k = 150, kHottest_k = 1000;
constexpr double kLeastSlope_v = 0.05;  // per stoichiometry, where the open-circuit curve is flat
constexpr double kMostMoved = 0.03;     // of a stoichiometry in one step
constexpr double kKelvinPerVolt = 200;  // how much the tolerance allows of each

}  // namespace

SingleParticle::Trouble SingleParticle::solve_stage(const Stage& stage, Demand::Kind kind,
                                                    double wanted, Point& result) {
  if (!std::isfinite(wanted))
    return {Attempt::Outcome::no_solution, "what the cell is asked for is not a number"};
  for (int i = 0; i < kMostTemperatureTries; ++i) {
    const double t = result.temperature_k;
    if (!(t > kColdest_k && t < kHottest_k))
      return {Attempt::Outcome::no_solution,
              fmt::format("the temperature leaves the range of the model, {} to {} K", kColdest_k,
                          kHottest_k)};
    if (stage.dt_s > 0) {
      negative_.particles.prepare(t);
      positive_.particles.prepare(t);
    }
    if (Trouble trouble = solve_point(stage, kind, wanted, result); trouble.is_there())
      return trouble;
    if (!settings_.is_thermal || stage.dt_s == 0) return {};
    result.temperature_k = warmed(stage, result);
    if (std::abs(result.temperature_k - t) < kSettled_k) return {};
  }
  return {Attempt::Outcome::no_solution, "no temperature of the cell found"};
}

bool SingleParticle::follows(const Demand& demand) const {
  return demand.kind == last_.kind && demand.begin == last_.end;
}

double SingleParticle::mean_soc() const {
  const double x = negative_.stoichiometry(negative_.particles.mean(0));
  return (x - limits_.negative_empty) / (limits_.negative_full - limits_.negative_empty);
}

// The state right after the jump, if there is one.
SingleParticle::Trouble SingleParticle::begin_step(double dt_s, const Demand& demand) {
  begin_ = now_;
  if (!rc_.soc.empty()) begin_soc_ = mean_soc();
  end_slope_ = kUnknown;
  if (!follows(demand)) {
    begin_slope_ = kUnknown;
    Stage stage;
    stage.right_rc_v = now_.rc_v;
    begin_.current_a = demand.begin;
    if (Trouble trouble = solve_stage(stage, demand.kind, demand.begin, begin_); trouble.is_there())
      return trouble;
  }
  if (dt_s == 0) return {};
  for (SingleElectrode* electrode : {&negative_, &positive_}) {
    const double j = electrode->density(begin_.current_a);
    electrode->particles.begin(dt_s, {&j, 1}, begin_.temperature_k);
  }
  if (electrolyte_) electrolyte_->begin(dt_s, begin_.current_a, begin_.temperature_k);
  return {};
}

SingleParticle::Trouble SingleParticle::run_stages(double dt_s, const Demand& demand) {
  if (Trouble trouble = begin_step(dt_s, demand); trouble.is_there()) return trouble;
  const double g = tr_bdf2::kImplicit * dt_s;
  Stage first{tr_bdf2::kStage * dt_s, g, begin_.temperature_k + g * warming(begin_),
              begin_.rc_v + g * rc_slope(begin_)};
  middle_ = begin_;
  if (settings_.is_thermal) middle_.temperature_k = warmed(first, begin_);
  if (Trouble trouble = solve_stage(first, demand.kind, demanded(demand, tr_bdf2::kStage), middle_);
      trouble.is_there())
    return trouble;
  negative_.particles.second_stage();
  positive_.particles.second_stage();
  if (electrolyte_) electrolyte_->second_stage();
  const auto right = [](double begin, double middle) {
    return tr_bdf2::kFromStage * middle - tr_bdf2::kFromBegin * begin;
  };
  const auto extrapolate = [](double begin, double middle) {
    return begin + (middle - begin) / tr_bdf2::kStage;
  };
  Stage second{dt_s, g, right(begin_.temperature_k, middle_.temperature_k),
               right(begin_.rc_v, middle_.rc_v)};
  end_ = middle_;
  end_.current_a = extrapolate(begin_.current_a, middle_.current_a);
  end_.temperature_k = extrapolate(begin_.temperature_k, middle_.temperature_k);
  return solve_stage(second, demand.kind, demand.end, end_);
}

// Heat goes with the square of the current, which changes a lot in a step of a drive cycle. Less
// the embedded error the temperature is of third order; nothing about it is stiff.
double SingleParticle::sharpen_temperature(double dt_s) {
  if (!settings_.is_thermal) return 0;
  const double rate = set_.thermal.cooling_w_per_k / set_.thermal.heat_capacity_j_per_k;
  const double error = tr_bdf2::error(begin_.temperature_k, middle_.temperature_k,
                                      end_.temperature_k, dt_s * warming(begin_)) /
                       (1 + tr_bdf2::kImplicit * dt_s * rate);
  end_.temperature_k -= error;
  return std::abs(error);
}

// Lithium may move evenly, so without any error of its own, past a bend of the open-circuit curves
// that the rows between two steps would miss.
double SingleParticle::bend_error() const {
  const double moved =
      std::max(std::abs(negative_.stoichiometry(end_.negative_surface - begin_.negative_surface)),
               std::abs(positive_.stoichiometry(end_.positive_surface - begin_.positive_surface)));
  const double part = moved / kMostMoved;
  return part * part * part;
}

double SingleParticle::time_error(double dt_s) {
  double volts = 0;
  const auto add = [&](SingleElectrode& electrode, const SingleElectrode::Potential& potential) {
    double error = 0;
    electrode.particles.surface_error({&error, 1});
    volts += std::abs(error) * std::max(std::abs(potential.by_surface),
                                        kLeastSlope_v / electrode.concentration_max());
  };
  add(negative_, end_.negative);
  add(positive_, end_.positive);
  if (electrolyte_) volts += electrolyte_->voltage_error(end_.temperature_k);
  if (!rc_.soc.empty())
    volts +=
        std::abs(tr_bdf2::error(begin_.rc_v, middle_.rc_v, end_.rc_v, dt_s * rc_slope(begin_)));
  volts += temperature_error_k_ / kKelvinPerVolt;
  return std::max(volts / settings_.tolerance_v, bend_error());
}

Attempt SingleParticle::attempt(double dt_s, const Demand& demand) {
  if (!(dt_s > 0) || !std::isfinite(dt_s))
    return failure({Attempt::Outcome::no_solution, "a step needs a length above 0"});
  if (const Trouble trouble = run_stages(dt_s, demand); trouble.is_there()) return failure(trouble);
  trying_ = demand;
  Attempt result;
  if (demand.kind == Demand::Kind::current && demand.begin == demand.end) {
    if (!std::isfinite(begin_slope_)) begin_slope_ = voltage_slope(false, dt_s);
    end_slope_ = voltage_slope(true, dt_s);
    result.begin_slope_v_per_s = begin_slope_;
    result.end_slope_v_per_s = end_slope_;
  }
  temperature_error_k_ = sharpen_temperature(dt_s);
  result.error = time_error(dt_s);
  result.voltage_v = end_.voltage_v;
  result.current_a = end_.current_a;
  result.temperature_k = end_.temperature_k;
  result.stage_voltage_v = middle_.voltage_v;
  result.stage_current_a = middle_.current_a;
  result.stage_temperature_k = middle_.temperature_k;
  return result;
}

Attempt SingleParticle::settle(const Demand& demand) {
  last_.begin = last_.end = kUnknown;  // follows nothing
  if (const Trouble trouble = begin_step(0, demand); trouble.is_there()) return failure(trouble);
  now_ = begin_;
  last_ = {demand.kind, demand.begin, demand.begin};
  Attempt result;
  result.voltage_v = now_.voltage_v;
  result.current_a = now_.current_a;
  result.temperature_k = now_.temperature_k;
  return result;
}

Attempt SingleParticle::failure(const Trouble& trouble) const {
  Attempt result;
  result.outcome = trouble.outcome;
  result.reason = trouble.reason;
  result.voltage_v = now_.voltage_v;
  result.current_a = now_.current_a;
  result.temperature_k = now_.temperature_k;
  return result;
}

void SingleParticle::accept() {
  negative_.particles.accept();
  positive_.particles.accept();
  if (electrolyte_) electrolyte_->accept();
  now_ = end_;
  last_ = trying_;
  begin_slope_ = std::exchange(end_slope_, kUnknown);
}

}  // namespace b2m::sim

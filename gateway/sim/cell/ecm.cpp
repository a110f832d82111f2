// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/ecm.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "gateway/sim/cell/current_search.hpp"
#include "gateway/sim/cell/hermite.hpp"

namespace b2m::sim {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kMostCRate = 1000;
constexpr double kColdest_k = 150, kHottest_k = 1000;
constexpr double kAhead = 1e-4;  // of a step, for slopes
constexpr double kOfLine =
    0.19;  // the trapezoids on both sides of the stage err by this much of it
constexpr double kMuch_v = 1;
constexpr double kOfTolerance = 0.4;                       // errors of this many steps add up
constexpr std::array kLookedAt = {0.15, 0.35, 0.8, 0.95};  // parts of a step
constexpr double kKelvinPerVolt = 200;                     // how much the tolerance allows of each

struct State {
  double soc = 0, v1 = 0, v2 = 0, temperature_k = 0;
  double current_a = 0, voltage_v = 0;
};

/// v of dv/dt = (g(t) - v)/tau after dt, with g linear from g0 to g1: exact.
double relax(double v, double g0, double g1, double dt, double tau) {
  const double ratio = dt / tau, decay = std::exp(-ratio);
  // (1 - decay)/ratio loses all digits in a short step; 1 - ratio/2 does not.
  const double mean = ratio > 1e-5 ? -std::expm1(-ratio) / ratio : 1 - 0.5 * ratio;
  return v * decay + g0 * (mean - decay) + g1 * (1 - mean);
}

class Ecm final : public Solver {
 public:
  Ecm(const CellSet& set, EcmSet fit, StoichiometryLimits limits, const SolverSettings& settings)
      : set_(set), fit_(std::move(fit)), limits_(limits), settings_(settings) {
    now_.soc = std::isnan(settings.soc) ? limits.soc_of_set_start : settings.soc;
    now_.temperature_k = settings.start_temperature_k;
    now_.voltage_v = ocv(now_.soc);
    next_ = now_;
  }

  Attempt settle(const Demand& demand) override {
    Attempt result = put(find(now_, 0, {demand.kind, demand.begin, demand.begin}), next_);
    if (result.outcome == Attempt::Outcome::solved) now_ = next_;
    return result;
  }

  Attempt attempt(double dt_s, const Demand& demand) override {
    State middle;
    if (Attempt stage = put(at_part(kStagePart, dt_s, demand), middle);
        stage.outcome != Attempt::Outcome::solved)
      return stage;
    const Demand rest{demand.kind, demanded(demand, kStagePart), demand.end};
    Attempt result = put(find(middle, (1 - kStagePart) * dt_s, rest), next_);
    if (result.outcome != Attempt::Outcome::solved) return result;
    result.stage_voltage_v = middle.voltage_v;
    result.stage_current_a = middle.current_a;
    result.stage_temperature_k = middle.temperature_k;
    if (demand.kind == Demand::Kind::current && demand.begin == demand.end) {
      result.begin_slope_v_per_s = slope(now_, demand.begin, dt_s);
      result.end_slope_v_per_s = slope(next_, demand.begin, dt_s);
    }
    const double volts = error_v(dt_s, middle) + row_error_v(dt_s, demand, middle, result);
    result.error = volts / (kOfTolerance * settings_.tolerance_v);
    return result;
  }

  void accept() override { now_ = next_; }

  [[nodiscard]] Terms terms() const override {
    const double x = negative_at(now_.soc), y = positive_at(now_.soc);
    const double open = ocv(now_.soc);
    return {set_.negative.potential(x),
            set_.positive.potential(y),
            open,
            kNone,
            kNone,
            kNone,
            kNone,
            kNone,
            now_.current_a * (open - now_.voltage_v),
            x,
            y,
            kNone,
            kNone};
  }

 private:
  [[nodiscard]] double ocv(double soc) const { return ocv_at(set_, limits_, soc); }
  [[nodiscard]] double negative_at(double soc) const {
    return limits_.negative_empty + soc * (limits_.negative_full - limits_.negative_empty);
  }
  [[nodiscard]] double positive_at(double soc) const {
    return limits_.positive_empty + soc * (limits_.positive_full - limits_.positive_empty);
  }

  [[nodiscard]] State moved(const State& from, double dt, double begin_a, double end_a) const {
    State to = from;
    to.soc -= 0.5 * (begin_a + end_a) * dt / 3600 / limits_.capacity_ah;
    const double open = ocv(to.soc);
    if (dt > 0) {
      to.v1 = relax(from.v1, fit_.at(fit_.r1_ohm, from.soc) * begin_a,
                    fit_.at(fit_.r1_ohm, to.soc) * end_a, dt, fit_.tau1_s);
      to.v2 = relax(from.v2, fit_.at(fit_.r2_ohm, from.soc) * begin_a,
                    fit_.at(fit_.r2_ohm, to.soc) * end_a, dt, fit_.tau2_s);
    }
    to.current_a = end_a;
    to.voltage_v = open - fit_.at(fit_.r0_ohm, to.soc) * end_a - to.v1 - to.v2;
    if (settings_.is_thermal && dt > 0) warm(from, dt, begin_a, open, to);
    return to;
  }

  void warm(const State& from, double dt, double begin_a, double open, State& to) const {
    const ThermalSet& thermal = set_.thermal;
    const double before = begin_a * (ocv(from.soc) - from.voltage_v);
    const double after = to.current_a * (open - to.voltage_v);
    if (!(thermal.cooling_w_per_k > 0)) {
      to.temperature_k += 0.5 * (before + after) * dt / thermal.heat_capacity_j_per_k;
      return;
    }
    const double g0 = settings_.ambient_k + before / thermal.cooling_w_per_k;
    const double g1 = settings_.ambient_k + after / thermal.cooling_w_per_k;
    to.temperature_k = relax(from.temperature_k, g0, g1, dt,
                             thermal.heat_capacity_j_per_k / thermal.cooling_w_per_k);
  }

  /// The state dt after another one, which gives what the demand's end wants. The error: why there
  /// is none.
  [[nodiscard]] Result<State> find(const State& from, double dt, const Demand& demand) const {
    if (demand.kind == Demand::Kind::current) return moved(from, dt, demand.begin, demand.end);
    const auto with = [&](double current) {
      return moved(from, dt, dt > 0 ? from.current_a : current, current);
    };
    CurrentSearch search;
    search.kind = demand.kind;
    search.wanted = demand.end;
    search.high_a = kMostCRate * set_.nominal_capacity_ah;
    search.low_a = -search.high_a;
    search.guess_a = from.current_a;
    search.slope_v_per_a = -fit_.at(fit_.r0_ohm, from.soc);
    search.tolerance_v = 1e-11;
    const FoundCurrent found =
        find_current(search, [&](double current) { return with(current).voltage_v; });
    if (found.is_found) return with(found.current_a);
    const std::string beyond = fmt::format("it would take more than {:.0f}C", kMostCRate);
    return Error(Errc::out_of_range, cannot_be_held(demand.kind, demand.end,
                                                    found.is_at_limit ? beyond : found.reason));
  }

  [[nodiscard]] Attempt trouble_of(const State& state) const {
    using enum Attempt::Outcome;
    const double x = negative_at(state.soc), y = positive_at(state.soc);
    if (!(x > 0 && y < 1)) return failure(depleted, "no lithium is left to be discharged");
    if (!(x < 1 && y > 0)) return failure(depleted, "no lithium is left to be charged");
    if (!(state.temperature_k > kColdest_k && state.temperature_k < kHottest_k))
      return failure(no_solution,
                     fmt::format("the temperature leaves the range of the model, {} to {} K",
                                 kColdest_k, kHottest_k));
    return {};
  }

  [[nodiscard]] Result<State> at_part(double part, double dt, const Demand& demand) const {
    return find(now_, part * dt, {demand.kind, demand.begin, demanded(demand, part)});
  }

  Attempt put(const Result<State>& found, State& state) const {
    if (!found) return failure(Attempt::Outcome::no_solution, found.error().detail);
    state = *found;
    Attempt result = trouble_of(state);
    if (result.outcome != Attempt::Outcome::solved) return result;
    result.voltage_v = state.voltage_v;
    result.current_a = state.current_a;
    result.temperature_k = state.temperature_k;
    return result;
  }

  /// Of the voltage with the current as it is, V/s.
  [[nodiscard]] double slope(const State& at, double current_a, double dt) const {
    const double ahead = kAhead * dt;
    const State here = moved(at, 0, current_a, current_a);
    return (moved(at, ahead, current_a, current_a).voltage_v - here.voltage_v) / ahead;
  }

  [[nodiscard]] double heat(const State& at) const {
    return at.current_a * (ocv(at.soc) - at.voltage_v);
  }

  /// What is not exact: a step takes current, sources of the pairs and heat as linear up to its
  /// stage and after it. What a line through begin and end is off by at the stage tells.
  [[nodiscard]] double error_v(double dt, const State& middle) const {
    const auto off = [&](auto&& value) {
      return kOfLine *
             std::abs(value(middle) - (1 - kStagePart) * value(now_) - kStagePart * value(next_));
    };
    const double charge = off([](const State& s) { return s.current_a; }) * dt / 3600;
    const double by_soc = std::abs(ocv(next_.soc) - ocv(now_.soc)) /
                          std::max(std::abs(next_.soc - now_.soc), 1e-9) / limits_.capacity_ah;
    const auto pair = [&](const std::vector<double>& r, double tau) {
      if (r.empty()) return 0.0;
      return off([&](const State& s) { return fit_.at(r, s.soc) * s.current_a; }) *
             -std::expm1(-dt / tau);
    };
    double volts =
        charge * by_soc + pair(fit_.r1_ohm, fit_.tau1_s) + pair(fit_.r2_ohm, fit_.tau2_s);
    if (settings_.is_thermal)
      volts += off([&](const State& s) { return heat(s); }) * dt /
               set_.thermal.heat_capacity_j_per_k / kKelvinPerVolt;
    return volts;
  }

  /// What rows inside the step may be off by: it passes bends of the open-circuit curve and knots
  /// of the resistances without any error of its own.
  [[nodiscard]] double row_error_v(double dt, const Demand& demand, const State& middle,
                                   const Attempt& step) const {
    const Hermite curve(now_.voltage_v, step, dt);
    double worst = 0;
    for (const double part : kLookedAt) {
      const auto state = at_part(part, dt, demand);
      if (!state) return kMuch_v;
      const double drawn =
          curve.is_known() ? curve.at(part) : parabola(&State::voltage_v, middle, part);
      const double kelvin = parabola(&State::temperature_k, middle, part) - state->temperature_k;
      worst =
          std::max({worst, std::abs(drawn - state->voltage_v), std::abs(kelvin) / kKelvinPerVolt});
    }
    return worst;
  }

  /// Through begin, stage and end.
  [[nodiscard]] double parabola(double State::*value, const State& middle, double part) const {
    const double begin = now_.*value, rise = next_.*value - begin;
    const double bow = middle.*value - begin - kStagePart * rise;
    return begin + part * rise + bow * part * (1 - part) / (kStagePart * (1 - kStagePart));
  }

  [[nodiscard]] Attempt failure(Attempt::Outcome outcome, std::string reason) const {
    Attempt result;
    result.outcome = outcome;
    result.voltage_v = now_.voltage_v;
    result.current_a = now_.current_a;
    result.temperature_k = now_.temperature_k;
    result.reason = std::move(reason);
    return result;
  }

  CellSet set_;
  EcmSet fit_;
  StoichiometryLimits limits_;
  SolverSettings settings_;
  State now_, next_;
};

bool are_positive(const std::vector<double>& values, std::size_t count) {
  return values.size() == count && std::all_of(values.begin(), values.end(),
                                               [](double v) { return std::isfinite(v) && v > 0; });
}

Result<> check_fit(const EcmSet& fit, bool has_two) {
  const std::string name = has_two ? "ecm_2rc" : "ecm_1rc";
  if (fit.soc.empty())
    return Error(Errc::not_supported, "this parameter set has no values for the model " + name +
                                          "; use spm, spme or dfn");
  const bool is_rising =
      std::adjacent_find(fit.soc.begin(), fit.soc.end(), std::greater_equal<>()) == fit.soc.end();
  const std::size_t count = fit.soc.size();
  if (!is_rising || !are_positive(fit.r0_ohm, count) || !are_positive(fit.r1_ohm, count) ||
      !(fit.tau1_s > 0) || (has_two && !(are_positive(fit.r2_ohm, count) && fit.tau2_s > 0)))
    return Error(Errc::out_of_range, name + ": soc has to rise, and r0, r1" +
                                         (has_two ? std::string(", r2") : std::string()) +
                                         " need a value above 0 at each of its knots");
  return {};
}

}  // namespace

Result<std::unique_ptr<Solver>> make_ecm(ModelKind kind, const CellSet& set,
                                         const SolverSettings& settings) {
  const bool has_two = kind == ModelKind::ecm_2rc;
  EcmSet fit = has_two ? set.ecm_2rc : set.ecm_1rc;
  if (auto fine = check_fit(fit, has_two); !fine) return fine.error();
  if (!has_two) fit.r2_ohm.clear(), fit.tau2_s = 1;
  const Result<StoichiometryLimits> limits =
      settings.limits ? Result<StoichiometryLimits>(*settings.limits) : find_limits(set);
  if (!limits) return limits.error();
  return std::unique_ptr<Solver>(std::make_unique<Ecm>(set, std::move(fit), *limits, settings));
}

}  // namespace b2m::sim

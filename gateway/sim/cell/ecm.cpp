// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/ecm.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

namespace b2m::sim {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

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
    Attempt result = solve(0, demand, demand.begin);
    if (result.outcome == Attempt::Outcome::solved) now_ = next_;
    return result;
  }

  Attempt attempt(double dt_s, const Demand& demand) override {
    return solve(dt_s, demand, demand.end);
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

  [[nodiscard]] double at_knots(const std::vector<double>& values, double soc) const {
    if (values.empty()) return 0;
    const auto above = std::upper_bound(fit_.soc.begin(), fit_.soc.end(), soc);
    if (above == fit_.soc.begin()) return values.front();
    if (above == fit_.soc.end()) return values.back();
    const auto i = static_cast<std::size_t>(above - fit_.soc.begin());
    const double part = (soc - fit_.soc[i - 1]) / (fit_.soc[i] - fit_.soc[i - 1]);
    return values[i - 1] + part * (values[i] - values[i - 1]);
  }

  /// The state after dt with this current at its end; the one at its beginning is known.
  void move(double dt, double begin_a, double end_a) {
    next_ = now_;
    next_.soc -= 0.5 * (begin_a + end_a) * dt / 3600 / limits_.capacity_ah;
    const double open = ocv(next_.soc);
    if (dt > 0) {
      next_.v1 = relax(now_.v1, at_knots(fit_.r1_ohm, now_.soc) * begin_a,
                       at_knots(fit_.r1_ohm, next_.soc) * end_a, dt, fit_.tau1_s);
      next_.v2 = relax(now_.v2, at_knots(fit_.r2_ohm, now_.soc) * begin_a,
                       at_knots(fit_.r2_ohm, next_.soc) * end_a, dt, fit_.tau2_s);
    }
    next_.current_a = end_a;
    next_.voltage_v = open - at_knots(fit_.r0_ohm, next_.soc) * end_a - next_.v1 - next_.v2;
    if (settings_.is_thermal && dt > 0) warm(dt, begin_a, open);
  }

  void warm(double dt, double begin_a, double open) {
    const ThermalSet& thermal = set_.thermal;
    const double before = begin_a * (ocv(now_.soc) - now_.voltage_v);
    const double after = next_.current_a * (open - next_.voltage_v);
    if (!(thermal.cooling_w_per_k > 0)) {
      next_.temperature_k += 0.5 * (before + after) * dt / thermal.heat_capacity_j_per_k;
      return;
    }
    const double g0 = settings_.ambient_k + before / thermal.cooling_w_per_k;
    const double g1 = settings_.ambient_k + after / thermal.cooling_w_per_k;
    next_.temperature_k = relax(now_.temperature_k, g0, g1, dt,
                                thermal.heat_capacity_j_per_k / thermal.cooling_w_per_k);
  }

  /// How far voltage and current are from what is asked for: falls while the current rises, up to
  /// the largest power.
  static double miss(const Demand& demand, double wanted, const State& state) {
    switch (demand.kind) {
      case Demand::Kind::voltage:
        return state.voltage_v - wanted;
      case Demand::Kind::power:
        return wanted - state.voltage_v * state.current_a;
      case Demand::Kind::resistance:
        return state.voltage_v - wanted * state.current_a;
      case Demand::Kind::current:
        break;
    }
    return wanted - state.current_a;
  }

  Attempt solve(double dt, const Demand& demand, double wanted) {
    if (demand.kind == Demand::Kind::current) {
      move(dt, dt > 0 ? demand.begin : wanted, wanted);
    } else if (!search(dt, demand, wanted)) {
      return failure(Attempt::Outcome::no_solution, "no current gives what is asked for");
    }
    const double x = negative_at(next_.soc), y = positive_at(next_.soc);
    if (!(x > 0 && y < 1))
      return failure(Attempt::Outcome::depleted, "no lithium is left to be discharged");
    if (!(x < 1 && y > 0))
      return failure(Attempt::Outcome::depleted, "no lithium is left to be charged");
    return {Attempt::Outcome::solved, error(dt),           next_.voltage_v,
            next_.current_a,          next_.temperature_k, {}};
  }

  /// By secants from the present current.
  bool search(double dt, const Demand& demand, double wanted) {
    const auto missed = [&](double current) {
      move(dt, dt > 0 ? now_.current_a : current, current);
      return miss(demand, wanted, next_);
    };
    double a = now_.current_a, fa = missed(a);
    double b = a + 1e-3 * set_.nominal_capacity_ah, fb = missed(b);
    for (int i = 0; i < 50; ++i) {
      if (std::abs(fb) < 1e-12) return true;
      if (fb == fa || !std::isfinite(fb)) return std::abs(fb) < 1e-9;
      const double next = b - fb * (b - a) / (fb - fa);
      if (std::abs(next) > 1000 * set_.nominal_capacity_ah) return false;
      a = b, fa = fb, b = next, fb = missed(b);
    }
    return std::abs(fb) < 1e-9;
  }

  /// What is not exact: a source that is not linear over the step because it crosses a knot.
  [[nodiscard]] double error(double dt) const {
    if (dt == 0) return 0;
    const double soc = 0.5 * (now_.soc + next_.soc);
    const double current = 0.5 * (now_.current_a + next_.current_a);
    const auto bend = [&](const std::vector<double>& r, double tau) {
      if (r.empty()) return 0.0;
      const double ends =
          at_knots(r, now_.soc) * now_.current_a + at_knots(r, next_.soc) * next_.current_a;
      return std::abs(at_knots(r, soc) * current - 0.5 * ends) * -std::expm1(-dt / tau);
    };
    return (bend(fit_.r1_ohm, fit_.tau1_s) + bend(fit_.r2_ohm, fit_.tau2_s)) /
           settings_.tolerance_v;
  }

  [[nodiscard]] Attempt failure(Attempt::Outcome outcome, std::string reason) const {
    return {outcome, 0, now_.voltage_v, now_.current_a, now_.temperature_k, std::move(reason)};
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
  auto limits = find_limits(set);
  if (!limits) return limits.error();
  return std::unique_ptr<Solver>(std::make_unique<Ecm>(set, std::move(fit), *limits, settings));
}

}  // namespace b2m::sim

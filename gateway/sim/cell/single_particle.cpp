// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/single_particle.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "gateway/sim/cell/tr_bdf2.hpp"

namespace b2m::sim {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kMostCRate = 1000;
constexpr double kAhead = 1e-4;  // of a step, for slopes

// Solid's ohmic resistance; less what the extrapolation of the potential from the last two nodes to
// the collector leaves out, as in PyBaMM.
double solid_resistance(const CellSet& set, int positive_nodes) {
  const ElectrodeSet &n = set.negative, &p = set.positive;
  const double width = p.thickness_m / positive_nodes;
  return (n.thickness_m / (3 * n.conductivity_s_per_m) +
          p.thickness_m / (3 * p.conductivity_s_per_m) -
          0.375 * width * width / (p.conductivity_s_per_m * p.thickness_m)) /
         set.area_m2;
}

}  // namespace

SingleParticle::SingleParticle(ModelKind model, const CellSet& set,
                               const StoichiometryLimits& limits, const SolverSettings& settings)
    : set_(set),
      limits_(limits),
      settings_(settings),
      negative_(set.negative, 1, set.area_m2, settings.mesh.shells_negative),
      positive_(set.positive, -1, set.area_m2, settings.mesh.shells_positive),
      negative_salt_(1, salt_factor(set.electrolyte.concentration_start)),
      positive_salt_(negative_salt_) {
  const double soc = std::isnan(settings.soc) ? limits.soc_of_set_start : settings.soc;
  const auto between = [&](double empty, double full) { return empty + soc * (full - empty); };
  negative_.particles.fill(between(limits.negative_empty, limits.negative_full) *
                           set.negative.concentration_max);
  positive_.particles.fill(between(limits.positive_empty, limits.positive_full) *
                           set.positive.concentration_max);
  if (model == ModelKind::spme) {
    electrolyte_.emplace(set, settings.mesh);
    negative_salt_.resize(static_cast<std::size_t>(settings.mesh.negative));
    positive_salt_.resize(static_cast<std::size_t>(settings.mesh.positive));
    solid_ohm_ = solid_resistance(set, settings.mesh.positive);
  }
  if (model == ModelKind::spm_rc) rc_ = set.spm_rc;
  now_.temperature_k = settings.start_temperature_k;
  (void)settle({});
}

void SingleParticle::add_rc(const Stage& stage, Point& point) const {
  if (rc_.soc.empty()) return;
  const double charge_as = 0.5 * (begin_.current_a + point.current_a) * stage.dt_s;
  const double soc = begin_soc_ - charge_as / 3600 / limits_.capacity_ah;
  const double rate = 1 / rc_.tau1_s;
  const double r1 = rc_.at(rc_.r1_ohm, soc);
  point.rc_v = tr_bdf2::relax(stage.right_rc_v, stage.g, rate * r1 * point.current_a, rate);
  point.rc_target_v = r1 * point.current_a;
  // They stand for the electrolyte.
  point.electrolyte = {-point.rc_v, -rc_.at(rc_.r0_ohm, soc) * point.current_a};
  point.voltage_v += point.electrolyte.eta_v + point.electrolyte.dphi_v;
}

bool SingleParticle::evaluate(const Stage& stage, double current_a, Point& point) {
  const bool in_step = stage.dt_s > 0;
  const auto surface = [&](const SingleElectrode& electrode) {
    const Particles& p = electrode.particles;
    return in_step ? p.alpha()[0] + p.beta()[0] * electrode.density(current_a) : p.surface()[0];
  };
  point.current_a = current_a;
  point.negative_surface = surface(negative_);
  point.positive_surface = surface(positive_);
  if (electrolyte_ && in_step && !electrolyte_->solve(current_a, point.temperature_k)) return false;
  add_up(in_step ? Electrolyte::Of::stage : Electrolyte::Of::accepted, point);
  add_rc(stage, point);
  point.heat_w = heat(point);
  return std::isfinite(point.voltage_v);
}

// The voltage of current, surfaces, temperature and salt.
void SingleParticle::add_up(Electrolyte::Of salt, Point& point) {
  const double current = point.current_a, t = point.temperature_k;
  point.electrolyte = {};
  if (electrolyte_) {
    electrolyte_->salt_factors(salt, negative_salt_, positive_salt_);
    point.electrolyte = electrolyte_->effect(current, t, salt);
  }
  point.negative = negative_.potential(point.negative_surface, current, t, negative_salt_);
  point.positive = positive_.potential(point.positive_surface, current, t, positive_salt_);
  point.dphi_solid_v = -solid_ohm_ * current;
  point.voltage_v = point.positive.ocp_v - point.negative.ocp_v + point.positive.eta_v -
                    point.negative.eta_v + point.electrolyte.eta_v + point.electrolyte.dphi_v +
                    point.dphi_solid_v;
}

// With the current as it is: everything else goes a little further the way it goes.
double SingleParticle::voltage_slope(bool at_end, double dt_s) {
  if (!rc_.soc.empty()) return kUnknown;
  const double seconds = kAhead * dt_s;
  Point from = at_end ? end_ : begin_;
  // Its temperature has moved a little since its voltage was found.
  if (settings_.is_thermal)
    add_up(at_end ? Electrolyte::Of::stage : Electrolyte::Of::accepted, from);
  const auto slope = [&](const SingleElectrode& electrode) {
    return electrode.particles.surface_slope(at_end, 0);
  };
  Point later = from;
  later.negative_surface += seconds * slope(negative_);
  later.positive_surface += seconds * slope(positive_);
  later.temperature_k += seconds * warming(from);
  if (electrolyte_) electrolyte_->shift(at_end, seconds);
  add_up(Electrolyte::Of::shifted, later);
  return (later.voltage_v - from.voltage_v) / seconds;
}

// Against the open circuit at the surfaces, so without heat of mixing; as PyBaMM.
double SingleParticle::heat(const Point& p) const {
  const double reversible =
      p.temperature_k * (p.negative.entropic_v_per_k - p.positive.entropic_v_per_k);
  return p.current_a * (p.positive.ocp_v - p.negative.ocp_v - p.voltage_v + reversible);
}

double SingleParticle::warming(const Point& point) const {
  if (!settings_.is_thermal) return 0;
  const ThermalSet& thermal = set_.thermal;
  return (point.heat_w - thermal.cooling_w_per_k * (point.temperature_k - settings_.ambient_k)) /
         thermal.heat_capacity_j_per_k;
}

// At the stage's end, with the heat of a point.
double SingleParticle::warmed(const Stage& stage, const Point& point) const {
  const ThermalSet& thermal = set_.thermal;
  const double rate = thermal.cooling_w_per_k / thermal.heat_capacity_j_per_k;
  const double source = point.heat_w / thermal.heat_capacity_j_per_k + rate * settings_.ambient_k;
  return tr_bdf2::relax(stage.right_temperature_k, stage.g, source, rate);
}

double SingleParticle::rc_slope(const Point& point) const {
  return rc_.soc.empty() ? 0 : (point.rc_target_v - point.rc_v) / rc_.tau1_s;
}

CurrentSearch SingleParticle::search_range(const Stage& stage) const {
  CurrentSearch search;
  search.high_a = kMostCRate * set_.nominal_capacity_ah;
  search.low_a = -search.high_a;
  if (stage.dt_s == 0) return search;
  for (const SingleElectrode* electrode : {&negative_, &positive_}) {
    const Particles& p = electrode->particles;
    const auto range = electrode->current_range(p.alpha()[0], p.beta()[0]);
    search.low_a = std::max(search.low_a, range.low_a);
    search.high_a = std::min(search.high_a, range.high_a);
  }
  return search;
}

std::string SingleParticle::beyond_bound() const {
  const bool has_resistance = electrolyte_ || !rc_.soc.empty();
  return fmt::format("it would take more than {:.0f}C{}", kMostCRate,
                     has_resistance ? ""
                                    : "; spm has no resistance of electrolyte and solid, use spme "
                                      "or dfn");
}

SingleParticle::Trouble SingleParticle::solve_current(const Stage& stage, Demand::Kind kind,
                                                      double wanted, Point& result) {
  if (kind == Demand::Kind::current) {
    if (evaluate(stage, wanted, result)) return {};
    return {Attempt::Outcome::no_solution,
            fmt::format("no state of the cell found for {:.6g} A", wanted)};
  }
  CurrentSearch search = search_range(stage);
  search.kind = kind;
  search.wanted = wanted;
  search.guess_a = result.current_a;
  search.slope_v_per_a = result.slope_v_per_a;
  const FoundCurrent found = find_current(search, [&](double current) {
    return evaluate(stage, current, result) ? result.voltage_v
                                            : std::numeric_limits<double>::quiet_NaN();
  });
  result.slope_v_per_a = found.slope_v_per_a;
  if (found.is_found) return {};
  // A jump leaves the surfaces as they are: it is the bound of the search that was met.
  if (found.is_at_limit && stage.dt_s == 0)
    return {Attempt::Outcome::no_solution, cannot_be_held(kind, wanted, beyond_bound())};
  return {found.is_at_limit ? Attempt::Outcome::depleted : Attempt::Outcome::no_solution,
          cannot_be_held(kind, wanted, found.reason)};
}

Particles::Commit SingleParticle::commit(const Point& point) {
  const double n = negative_.density(point.current_a), p = positive_.density(point.current_a);
  const auto first = negative_.particles.commit({&n, 1});
  const auto second = positive_.particles.commit({&p, 1});
  return std::max(first, second);
}

SingleParticle::Trouble SingleParticle::solve_point(const Stage& stage, Demand::Kind kind,
                                                    double wanted, Point& result) {
  for (;;) {
    if (Trouble trouble = solve_current(stage, kind, wanted, result); trouble.is_there())
      return trouble;
    if (stage.dt_s == 0) return {};
    const Particles::Commit state = commit(result);
    if (state == Particles::Commit::done) return find_depletion(result);
    if (state == Particles::Commit::failed)
      return {Attempt::Outcome::no_solution, "the diffusion in the particles has no solution"};
  }
}

SingleParticle::Trouble SingleParticle::find_depletion(const Point& point) const {
  const auto trouble = [&](const char* electrode, bool is_full) {
    return Trouble{Attempt::Outcome::depleted,
                   fmt::format("at {:.4g} A the surface of the {} electrode's particles has {}",
                               point.current_a, electrode,
                               is_full ? "no room for lithium left" : "no lithium left")};
  };
  const double x = negative_.stoichiometry(point.negative_surface);
  const double y = positive_.stoichiometry(point.positive_surface);
  if (!(x > 0 && x < 1)) return trouble("negative", x >= 1);
  if (!(y > 0 && y < 1)) return trouble("positive", y >= 1);
  if (!electrolyte_) return {};
  const auto salt = electrolyte_->extremes(Electrolyte::Of::stage);
  if (salt.min > 0) return {};
  return {Attempt::Outcome::depleted,
          fmt::format("at {:.4g} A the electrolyte is depleted in {}", point.current_a,
                      electrolyte_->place(salt.at_min))};
}

Terms SingleParticle::terms() const {
  const double t = now_.temperature_k;
  const auto salt = electrolyte_ ? electrolyte_->extremes(Electrolyte::Of::accepted)
                                 : Electrolyte::Extremes{set_.electrolyte.concentration_start,
                                                         set_.electrolyte.concentration_start, 0};
  return {
      now_.negative.ocp_v,
      now_.positive.ocp_v,
      positive_.ocp(positive_.particles.mean(0), t) - negative_.ocp(negative_.particles.mean(0), t),
      now_.negative.eta_v,
      now_.positive.eta_v,
      now_.electrolyte.eta_v,
      now_.electrolyte.dphi_v,
      now_.dphi_solid_v,
      now_.heat_w,
      negative_.stoichiometry(now_.negative_surface),
      positive_.stoichiometry(now_.positive_surface),
      salt.min,
      salt.max};
}

SingleParticle::Content SingleParticle::content() const {
  const auto lithium = [&](const SingleElectrode& electrode, const ElectrodeSet& set) {
    return electrode.particles.mean(0) * set.active_fraction * set.thickness_m * set_.area_m2;
  };
  double salt = 0;
  if (electrolyte_)
    for (std::size_t k = 0; k < electrolyte_->concentrations().size(); ++k)
      salt += electrolyte_->concentrations()[k] * electrolyte_->weight(k) * set_.area_m2;
  return {lithium(negative_, set_.negative), lithium(positive_, set_.positive), salt};
}

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
// What the DFN says about a step: the result, or where the cell is used up.
#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "gateway/sim/cell/dfn_solver.hpp"

namespace b2m::sim {

namespace {

constexpr double kDepletedSalt = 0;      // mol/m3; the equations mean nothing below
constexpr double kNearlyDepleted = 30;   // without a solution: that is why
constexpr double kNearlyUsedUp = 0.005;  // stoichiometry

const char* const kUnits[] = {"A", "V", "W", "Ohm"};

}  // namespace

Attempt DfnSolver::report() {
  Attempt done;
  done.voltage_v = end_.voltage_v;
  done.current_a = end_.point.total * set_.area_m2;
  done.temperature_k = end_.temperature_k;
  done.stage_voltage_v = middle_.voltage_v;
  done.stage_current_a = middle_.point.total * set_.area_m2;
  done.stage_temperature_k = middle_.temperature_k;
  done.error = time_error();
  done.reason = depletion(end_.point, negative_.stage_surface(), positive_.stage_surface(),
                          {kDepletedSalt, 0});
  if (!done.reason.empty()) done.outcome = Attempt::Outcome::depleted;
  return done;
}

/// Of a step: from the accepted state, where it is nearly used up; else what was asked for.
Attempt DfnSolver::no_step(const Demand& demand, double value) const {
  Attempt done = no_solution(demand, value);
  const std::string used_up = depletion(begin_.point, negative_.surface(), positive_.surface(),
                                        {kNearlyDepleted, kNearlyUsedUp});
  if (used_up.empty()) return done;
  done.outcome = Attempt::Outcome::depleted;
  done.reason = used_up;
  return done;
}

/// After a jump what is used up says nothing: the demand may lead away from there.
Attempt DfnSolver::no_solution(const Demand& demand, double value) const {
  Attempt done;
  done.outcome = Attempt::Outcome::no_solution;
  done.voltage_v = begin_.voltage_v;
  done.current_a = begin_.point.total * set_.area_m2;
  done.temperature_k = begin_.temperature_k;
  done.reason = fmt::format("the equations have no solution at {:.6g} {}", value,
                            kUnits[static_cast<std::size_t>(demand.kind)]);
  if (demand.kind == Demand::Kind::power) done.reason += ", more than the cell can give";
  return done;
}

std::string DfnSolver::depletion(const DfnPoint& point, std::span<const double> negative,
                                 std::span<const double> positive, const Margin& margin) const {
  const auto least = std::min_element(point.salt.begin(), point.salt.end());
  if (*least < margin.salt)
    return fmt::format("the electrolyte is depleted in the {}",
                       place(static_cast<std::size_t>(least - point.salt.begin())));
  const auto side = [&](std::span<const double> surface, const ElectrodeSet& set,
                        std::size_t first) -> std::string {
    const double empty = margin.stoichiometry * set.concentration_max;
    const double full = set.concentration_max - empty;
    for (std::size_t k = 0; k < surface.size(); ++k) {
      if (surface[k] > empty && surface[k] < full) continue;
      const char* what =
          surface[k] <= empty ? "lithium is used up" : "there is no room for lithium";
      return fmt::format("{} at the surface of the particles in the {}", what, place(first + k));
    }
    return {};
  };
  const std::string found = side(negative, set_.negative, 0);
  return found.empty() ? side(positive, set_.positive, grid_.first_positive()) : found;
}

std::string DfnSolver::place(std::size_t node) const {
  const auto from = [](std::size_t nodes, double width) {
    return (static_cast<double>(nodes) + 0.5) * width * 1e6;
  };
  if (node < grid_.negative)
    return fmt::format("negative electrode, {:.0f} um from its collector",
                       from(node, grid_.width_negative));
  if (node >= grid_.first_positive())
    return fmt::format("positive electrode, {:.0f} um from its collector",
                       from(grid_.nodes() - 1 - node, grid_.width_positive));
  return fmt::format("separator, {:.0f} um from the negative electrode",
                     from(node - grid_.negative, grid_.width_separator));
}

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/simulation_start.hpp"

#include <cmath>

#include <fmt/format.h>

#include "gateway/sim/cell/course.hpp"
#include "gateway/sim/cell/simulation_check.hpp"

namespace b2m::sim {
namespace {

// A full cell stands at its upper limit, an empty one at its lower.
constexpr double kSlack_v = 1e-6;

Result<> check_rest(const SimulationInput& input, double ocv_v) {
  const char* mend = "; another soc or another limit helps";
  if (ocv_v < input.lower_v - kSlack_v)
    return Error(Errc::out_of_range,
                 fmt::format("lower_v: {:.4f} V is above the start voltage at rest, {:.4f} V{}",
                             input.lower_v, ocv_v, mend));
  if (ocv_v > input.upper_v + kSlack_v)
    return Error(Errc::out_of_range,
                 fmt::format("upper_v: {:.4f} V is below the start voltage at rest, {:.4f} V{}",
                             input.upper_v, ocv_v, mend));
  return {};
}

/// Under the first step's load.
Result<> check_load(const SimulationInput& input, Solver& solver, double ocv_v) {
  Course course(input.experiment.steps.front(), input.lower_v, input.upper_v, input.at_limit);
  const Attempt first = solver.settle(course.demand(0, 0));
  if (first.outcome != Attempt::Outcome::solved)
    return Error(Errc::out_of_range,
                 "experiment: step 1 is more than this cell can do: " + first.reason);
  course.begin(ocv_v, first.voltage_v);
  const auto gap = course.gap(0, first.voltage_v, first.current_a);
  const bool is_limit =
      gap.event == Course::Event::lower_limit || gap.event == Course::Event::upper_limit;
  if (gap.value > 0 || !is_limit || course.clamps()) return {};
  const bool is_lower = gap.event == Course::Event::lower_limit;
  return Error(
      Errc::out_of_range,
      fmt::format("{}: {:.4f} V is passed at once: the cell starts at {:.4f} V with {:.4g} A",
                  is_lower ? "lower_v" : "upper_v", is_lower ? input.lower_v : input.upper_v,
                  first.voltage_v, first.current_a));
}

SolverSettings solver_settings(const SimulationInput& input) {
  SolverSettings settings;
  settings.mesh = input.mesh;
  settings.is_thermal = input.is_thermal;
  settings.start_temperature_k = input.temperature_k;
  settings.ambient_k = input.ambient_k;
  settings.tolerance_v = tolerance_of(input.preset);
  settings.soc = input.soc;
  return settings;
}

}  // namespace

double tolerance_of(Preset preset) { return preset == Preset::exact ? 4e-5 : 5e-4; }

Result<SimulationStart> start(const SimulationInput& input) {
  if (auto fine = check_numbers(input); !fine) return fine.error();
  SimulationStart begin;
  auto limits = find_limits(input.set);
  if (!limits) return limits.error();
  begin.limits = *limits;
  begin.soc = std::isnan(input.soc) ? limits->soc_of_set_start : input.soc;
  begin.ocv_v = ocv_at(input.set, *limits, begin.soc);
  if (auto fine = check_rest(input, begin.ocv_v); !fine) return fine.error();
  auto settings = solver_settings(input);
  settings.limits = begin.limits;
  auto solver = make_solver(input.model, input.set, settings);
  if (!solver) return solver.error();
  begin.solver = std::move(*solver);
  if (auto fine = check_load(input, *begin.solver, begin.ocv_v); !fine) return fine.error();
  return begin;
}

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/simulation_check.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "gateway/sim/cell/recorder.hpp"

namespace b2m::sim {
namespace {

using Kind = ExperimentStep::Kind;

constexpr double kHighest_v = 10;
constexpr double kMaxC = 100;
constexpr int kMaxCycles = 100'000;
constexpr std::size_t kMaxSteps = 10'000;
// Characters of formulas times the points at which they are evaluated, many times in each step:
// some 50 ms each time. The usual mesh allows any formula, the finest one of 300 characters.
constexpr double kMaxEffort = 5e7;

template <class... T>
Error wrong(fmt::format_string<T...> format, T&&... values) {
  return {Errc::out_of_range, fmt::format(format, std::forward<T>(values)...)};
}

bool is_in(double value, double low, double high) { return value >= low && value <= high; }

Result<> check_temperature(const char* field, double kelvin) {
  if (is_in(kelvin, kLowestStart_k, kHighestStart_k)) return {};
  return wrong("{}: {:.6g} K is not within {} to {} K (-50 to 100 C)", field, kelvin,
               kLowestStart_k, kHighestStart_k);
}

Result<> check_thermal(const SimulationInput& input) {
  if (!input.is_thermal || input.set.thermal.heat_capacity_j_per_k > 0) return {};
  return wrong(
      "thermal: the set \"{}\" has no heat capacity, so its temperature cannot be calculated; add "
      "it "
      "to the set, or leave thermal out",
      input.set.name);
}

Result<> check_mesh(const Mesh& mesh) {
  const struct {
    const char* name;
    int value, most;
  } counts[] = {{"nodes of the negative electrode", mesh.negative, kMostNodes},
                {"nodes of the separator", mesh.separator, kMostNodes},
                {"nodes of the positive electrode", mesh.positive, kMostNodes},
                {"shells of the negative particles", mesh.shells_negative, kMostShells},
                {"shells of the positive particles", mesh.shells_positive, kMostShells}};
  for (const auto& count : counts)
    if (count.value < 2 || count.value > count.most)
      return wrong("mesh: {} {} are not within 2 to {}; usual are 20", count.value, count.name,
                   count.most);
  return {};
}

/// Of one evaluation of the functions that are evaluated in all particles.
double effort_of(const SimulationInput& input) {
  const auto of = [&](const ElectrodeSet& electrode, int nodes, int shells) {
    const double points = (input.model == ModelKind::dfn ? nodes : 1.0) * shells;
    return points * static_cast<double>(electrode.diffusivity.text().size());
  };
  return of(input.set.negative, input.mesh.negative, input.mesh.shells_negative) +
         of(input.set.positive, input.mesh.positive, input.mesh.shells_positive);
}

Result<> check_effort(const SimulationInput& input) {
  const double effort = effort_of(input);
  if (effort <= kMaxEffort) return {};
  return wrong(
      "mesh: it is too fine for formulas of the diffusivity as long as this set's: {:.3g} "
      "characters at a time, and at most {:.3g} are possible; a coarser mesh, a shorter formula or "
      "a table helps",
      effort, kMaxEffort);
}

Result<> check_limits(const SimulationInput& input) {
  const double low = input.lower_v, high = input.upper_v;
  if (!is_in(low, 0, kHighest_v))
    return wrong("lower_v: {:.6g} V is not within 0 to {} V", low, kHighest_v);
  if (!is_in(high, 0, kHighest_v))
    return wrong("upper_v: {:.6g} V is not within 0 to {} V", high, kHighest_v);
  if (!(low < high)) return wrong("lower_v: {:.6g} V is not below upper_v, {:.6g} V", low, high);
  return {};
}

Result<> check_rows(const SimulationInput& input) {
  if (input.max_rows < 2) return wrong("max_rows: {} is below 2", input.max_rows);
  if (!(input.max_time_s > 0)) return wrong("max_time_s: has to be above 0");
  if (!is_in(input.step_s, 0, 1e9) || (input.step_s > 0 && input.step_s < 1e-6))
    return wrong("step_s: {:.6g} s is neither 0 nor within 1e-6 to 1e9 s", input.step_s);
  const auto& times = input.row_times_s;
  if (static_cast<std::int64_t>(times.size()) > input.max_rows)
    return wrong("row_times_s: {} times are more than {} rows", times.size(), input.max_rows);
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (!std::isfinite(times[i]) || times[i] < 0)
      return wrong("row_times_s: time {} is {}; times are finite and not below 0", i + 1, times[i]);
    if (i > 0 && !(times[i] > times[i - 1]))
      return wrong("row_times_s: time {} is {:.9g} s after {:.9g} s; times have to rise", i + 1,
                   times[i], times[i - 1]);
  }
  return {};
}

Result<> check_columns(const std::vector<std::string>& columns) {
  for (const auto& name : columns) {
    if (find_column(name)) continue;
    std::string known;
    for (const auto& column : output_columns())
      known += (known.empty() ? "" : ", ") + std::string(column.name);
    return wrong("columns: there is no \"{}\"; known are {}", name.substr(0, 40), known);
  }
  return {};
}

Error wrong_step(const ExperimentStep& step, std::size_t number, const std::string& what) {
  if (step.text.empty()) return wrong("experiment: step {}: {}", number, what);
  return wrong("experiment: step {} (\"{}\"): {}", number, step.text, what);
}

std::string fault_of_cycle(const ExperimentStep& step, double max_a) {
  if (!step.cycle || step.cycle->time_s.size() < 2) return "a cycle needs two points at least";
  const auto& [times, currents] = *step.cycle;
  if (times.size() != currents.size()) return "a cycle needs a current for each of its times";
  if (times.front() != 0) return "the first time of a cycle is 0";
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (!std::isfinite(times[i]) || (i > 0 && !(times[i] > times[i - 1])))
      return fmt::format("the times of a cycle have to rise; point {} does not", i + 1);
    if (!(std::abs(currents[i]) <= max_a))
      return fmt::format("point {} of the cycle has {:.6g} A; at most {:.6g} A ({} C) are possible",
                         i + 1, currents[i], max_a, kMaxC);
  }
  return {};
}

std::string fault_of_value(const ExperimentStep& step, const SimulationInput& input) {
  const double max_a = kMaxC * input.set.nominal_capacity_ah;
  if (step.kind == Kind::cycle) return fault_of_cycle(step, max_a);
  if (!std::isfinite(step.value)) return "the value is not a number";
  if (step.kind == Kind::current && std::abs(step.value) > max_a)
    return fmt::format("{:.6g} A are more than {:.6g} A ({} C)", std::abs(step.value), max_a,
                       kMaxC);
  if (step.kind == Kind::voltage && !is_in(step.value, input.lower_v, input.upper_v))
    return fmt::format("{:.6g} V is not within the limits {:.6g} to {:.6g} V", step.value,
                       input.lower_v, input.upper_v);
  if (step.kind == Kind::power && std::abs(step.value) > max_a * input.upper_v)
    return fmt::format("{:.6g} W are more than {:.6g} W", std::abs(step.value),
                       max_a * input.upper_v);
  if (step.kind == Kind::resistance && !(step.value > 0))
    return fmt::format("a load of {:.6g} Ohm is not above 0", step.value);
  return {};
}

std::string fault_of_ends(const ExperimentStep& step) {
  if (step.duration_s && !(*step.duration_s > 0 && std::isfinite(*step.duration_s)))
    return fmt::format("a duration of {:.6g} s is not above 0", *step.duration_s);
  if (step.until_v && !is_in(*step.until_v, 0, kHighest_v))
    return fmt::format("until {:.6g} V is not within 0 to {} V", *step.until_v, kHighest_v);
  if (step.until_v && step.kind == Kind::voltage)
    return "a voltage that is held cannot reach another one; end it by a time or a current";
  if (step.until_a && !(*step.until_a > 0 && std::isfinite(*step.until_a)))
    return fmt::format("until {:.6g} A is not above 0", *step.until_a);
  if (step.until_a && (step.kind == Kind::current || step.kind == Kind::cycle))
    return "a current that is given cannot fall; end it by a time or a voltage";
  return {};
}

bool has_end(const ExperimentStep& step) {
  return step.duration_s || step.until_v || step.until_a || step.kind == Kind::cycle;
}

Result<> check_experiment(const SimulationInput& input) {
  const auto& steps = input.experiment.steps;
  if (steps.empty()) return wrong("experiment: there are no steps");
  if (steps.size() > kMaxSteps)
    return wrong("experiment: {} steps are more than {}", steps.size(), kMaxSteps);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    std::string fault = fault_of_value(steps[i], input);
    if (fault.empty()) fault = fault_of_ends(steps[i]);
    const bool is_discharge_to_limit = steps[i].kind != Kind::voltage && steps[i].value != 0;
    if (fault.empty() && !has_end(steps[i]) && !is_discharge_to_limit)
      fault = "nothing ends it; add for example \"for 1 hour\"";
    if (!fault.empty()) return wrong_step(steps[i], i + 1, fault);
  }
  return {};
}

/// Of the steps that say how long they take.
double known_span_s(const SimulationInput& input) {
  double span = 0;
  for (const auto& step : input.experiment.steps) {
    if (step.kind == Kind::cycle)
      span += std::min(step.cycle->time_s.back(), step.duration_s.value_or(1e300));
    else if (step.duration_s && !step.until_v && !step.until_a)
      span += *step.duration_s;
  }
  return span * input.cycles;
}

Result<> check_size(const SimulationInput& input) {
  if (input.cycles < 1 || input.cycles > kMaxCycles)
    return wrong("cycles: {} is not within 1 to {}", input.cycles, kMaxCycles);
  const double span = known_span_s(input);
  if (span > input.max_time_s)
    return wrong("experiment: its steps take {:.6g} s; at most {:.6g} s are possible", span,
                 input.max_time_s);
  const bool is_stepped = input.row_times_s.empty() && input.step_s > 0;
  if (is_stepped && span / input.step_s > static_cast<double>(input.max_rows))
    return wrong("step_s: a row each {:.6g} s makes {:.0f} rows; at most {} are possible",
                 input.step_s, span / input.step_s, input.max_rows);
  return {};
}

}  // namespace

Result<> check_numbers(const SimulationInput& input) {
  if (auto fine = check(input.set); !fine) return fine;
  if (!std::isnan(input.soc) && !is_in(input.soc, 0, 1))
    return wrong("soc: {:.6g} is not within 0 to 1", input.soc);
  if (auto fine = check_temperature("temperature_k", input.temperature_k); !fine) return fine;
  if (auto fine = check_temperature("ambient_k", input.ambient_k); !fine) return fine;
  if (auto fine = check_thermal(input); !fine) return fine;
  if (auto fine = check_mesh(input.mesh); !fine) return fine;
  if (auto fine = check_effort(input); !fine) return fine;
  if (auto fine = check_limits(input); !fine) return fine;
  if (auto fine = check_rows(input); !fine) return fine;
  if (auto fine = check_columns(input.columns); !fine) return fine;
  if (auto fine = check_experiment(input); !fine) return fine;
  return check_size(input);
}

}  // namespace b2m::sim

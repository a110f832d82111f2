// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/simulation.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "gateway/sim/cell/simulation_start.hpp"
#include "gateway/sim/cell/stepper.hpp"

namespace b2m::sim {
namespace {

// Between two looks at the time: so many points of the mesh, which a single particle has in 16
// steps and a full cell in one. Looking takes as long as a tenth of a step of the single particle.
constexpr double kBetweenTimes = 640;
constexpr int kBetweenProgress = 64;  // steps of the solver

double points_of(const SimulationInput& input) {
  const Mesh& m = input.mesh;
  const bool is_full = input.model == ModelKind::dfn;
  return (is_full ? m.negative : 1.0) * m.shells_negative +
         (is_full ? m.positive : 1.0) * m.shells_positive;
}

/// Looks at cancellation, time and progress.
class Control final : public Watch {
 public:
  Control(const SimulationInput& input, const RunControl& control, double capacity_ah)
      : control_(control), points_(points_of(input)) {
    for (const auto& step : input.experiment.steps) {
      expected_s_.push_back(expected(step, capacity_ah));
      total_s_ += expected_s_.back();
    }
    total_s_ *= input.cycles;
  }

  void begin_step(std::size_t index) {
    if (is_started_) done_s_ += expected_s_[index_];
    is_started_ = true;
    index_ = index;
  }

  std::optional<StepEnd> look(const Instant&, double step_time_s) override {
    if (control_.is_cancelled && control_.is_cancelled->load(std::memory_order_relaxed))
      return StepEnd{true, EndReason::cancelled, "the run was cancelled"};
    ++looks_;
    unseen_ += points_;
    if (unseen_ >= kBetweenTimes) {
      unseen_ = 0;
      if (control_.is_out_of_time && control_.is_out_of_time())
        return StepEnd{true, EndReason::out_of_time, "the time for calculating is used up"};
    }
    if (looks_ % kBetweenProgress == 0 && control_.progress)
      control_.progress(
          std::min(1.0, (done_s_ + std::min(step_time_s, expected_s_[index_])) / total_s_));
    return {};
  }

 private:
  /// A step that ends by voltage or current may need as long as a whole charge.
  static double expected(const ExperimentStep& step, double capacity_ah) {
    double longest = 3600;
    const double full_s = capacity_ah * 3600;
    if (step.kind == ExperimentStep::Kind::cycle) longest = step.cycle->time_s.back();
    if (step.kind == ExperimentStep::Kind::current && step.value != 0)
      longest = full_s / std::abs(step.value);
    if (step.kind == ExperimentStep::Kind::power && step.value != 0)
      longest = full_s * 3.7 / std::abs(step.value);
    if (step.kind == ExperimentStep::Kind::resistance) longest = full_s * step.value / 3.7;
    return step.duration_s ? std::min(*step.duration_s, std::max(longest, 1.0)) : longest;
  }

  const RunControl& control_;
  std::vector<double> expected_s_;
  double total_s_ = 0, done_s_ = 0;
  std::size_t index_ = 0;
  bool is_started_ = false;
  std::int64_t looks_ = 0;
  double points_, unseen_ = 0;
};

StepperSettings stepper_settings(const SimulationInput& input) {
  // While a voltage is held it is the current that errs, by up to 1 A for each 30 mV, and the time
  // at which it has fallen to where the hold ends, by a second for each 10 to 50 uA.
  const bool is_exact = input.preset == Preset::exact;
  return {tolerance_of(input.preset), is_exact ? 1e-5 : 1e-4, is_exact ? 200.0 : 8.0,
          input.set.nominal_capacity_ah, input.max_time_s};
}

/// Steps whose end lay behind the cell already when they began.
struct Skipped {
  int count = 0;
  std::size_t first = 0;
};

std::string name_of(const SimulationInput& input, std::size_t index) {
  const std::string& text = input.experiment.steps[index].text;
  return fmt::format("step {}{}", index + 1,
                     text.empty() ? std::string() : fmt::format(" (\"{}\")", text));
}

std::string describe(const SimulationInput& input, const Skipped& skipped) {
  if (skipped.count == 0) return {};
  const ExperimentStep& step = input.experiment.steps[skipped.first];
  const std::string passed = step.until_v ? fmt::format("{:.6g} V", *step.until_v)
                                          : fmt::format("{:.6g} A", step.until_a.value_or(0));
  return fmt::format("; {} took no time: {} was passed already{}", name_of(input, skipped.first),
                     passed,
                     skipped.count > 1 ? fmt::format("; so it was {} times", skipped.count) : "");
}

std::string describe(const SimulationInput& input, const SimulationEnd& end) {
  if (end.reason == EndReason::finished) return "the experiment is finished";
  const bool is_zero = std::abs(end.voltage_v) < 5e-5;  // with no sign
  return fmt::format("{} after {:.6g} s at {:.4f} V, in {}", end.text, end.time_s,
                     is_zero ? 0.0 : end.voltage_v,
                     name_of(input, static_cast<std::size_t>(end.step - 1)));
}

/// Through the whole experiment, as often as asked for.
StepEnd go(const SimulationInput& input, Stepper& stepper, Control& control, SimulationEnd& end,
           Skipped& skipped) {
  for (int cycle = 1; cycle <= input.cycles; ++cycle) {
    for (std::size_t i = 0; i < input.experiment.steps.size(); ++i) {
      control.begin_step(i);
      end.step = static_cast<int>(i) + 1;
      Course course(input.experiment.steps[i], input.lower_v, input.upper_v, input.at_limit);
      const double begin_s = stepper.now().time_s;
      StepEnd ended = stepper.run(course, end.step, cycle);
      if (ended.ends_run) return ended;
      if (stepper.now().time_s == begin_s && skipped.count++ == 0) skipped.first = i;
    }
  }
  return {};
}

}  // namespace

Result<> check(const SimulationInput& input) {
  auto started = start(input);
  if (!started) return started.error();
  return {};
}

Result<SimulationOutput> run(const SimulationInput& input, const RunControl& control) {
  auto started = start(input);
  if (!started) return started.error();
  Recorder recorder(input, started->soc, started->limits.capacity_ah);
  Control watch(input, control, started->limits.capacity_ah);
  const Instant begin{0, started->ocv_v, 0, input.temperature_k, 0};
  Stepper stepper(*started->solver, recorder, watch, stepper_settings(input), begin);

  SimulationOutput output;
  Skipped skipped;
  const StepEnd ended = go(input, stepper, watch, output.end, skipped);
  stepper.finish();
  output.end.reason = ended.reason;
  output.end.text = ended.text;
  output.end.time_s = stepper.now().time_s;
  output.end.voltage_v = stepper.now().voltage_v;
  output.end.solver_steps = stepper.solver_steps();
  output.end.text = describe(input, output.end) + describe(input, skipped);
  output.table = recorder.take();
  if (control.progress && ended.reason != EndReason::cancelled) control.progress(1);
  return output;
}

}  // namespace b2m::sim

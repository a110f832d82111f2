// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/stepper.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gateway/sim/cell/root.hpp"

namespace b2m::sim {
namespace {

using Outcome = Attempt::Outcome;
using Event = Course::Event;

// A solver that finds no solution in a step this short has none.
constexpr double kShortest_s = 1e-4;
// Holding a limit and letting it go again each take at least this long.
constexpr double kShortestHold_s = 1e-3;
// An event that is further away than this and has no solution behind it has not been reached.
constexpr double kNearEvent = 1e-6;  // V or A
constexpr double kGrowth = 4;
// Of the charge: a step with rows in it must not pass unseen over a bend of the open-circuit
// curves.
constexpr double kMostMoved = 0.03;

StepEnd failure(const Attempt& attempt) {
  const bool is_depleted = attempt.outcome == Outcome::depleted;
  return {true, is_depleted ? EndReason::depleted : EndReason::no_solution, attempt.reason};
}

// What a diffusion that has just begun is off by in one step: 6 uV after a second at 1C (measured),
// with the square of the step and in proportion to the jump.
double first_step(double tolerance_v, double jump_c) {
  constexpr double kAfterASecond_v = 6e-6;
  return std::clamp(std::sqrt(tolerance_v / (kAfterASecond_v * std::max(jump_c, 0.02))), 0.02,
                    60.0);
}

/// What is left of the way to `stop_s` is rounding.
bool is_here(double stop_s, double time_s, double run_time_s) {
  return stop_s - time_s <= 64 * std::numeric_limits<double>::epsilon() * run_time_s;
}

}  // namespace

const Terms* Stepper::terms() {
  if (!recorder_.wants_terms()) return nullptr;
  terms_ = solver_.terms();
  return &terms_;
}

StepEnd Stepper::run(Course& course, int step, int cycle) {
  const Instant before = now_;
  begin_s_ = now_.time_s;
  time_s_ = 0;
  switched_s_ = -1;
  if (auto end = may_go_on()) return *end;
  if (auto end = settle(course, 0)) return *end;
  course.begin(before.voltage_v, now_.voltage_v);
  if (auto end = hold_at_once(course)) return *end;
  recorder_.begin_step(step, cycle, now_, terms());
  auto end = go(course);
  recorder_.end_step(now_, terms());
  return end.value_or(StepEnd{});
}

/// A limit that is to be held, and that the jump has passed: no row stands beyond it.
std::optional<StepEnd> Stepper::hold_at_once(Course& course) {
  if (!course.clamps()) return {};
  const auto gap = course.gap(0, now_.voltage_v, now_.current_a);
  const bool is_limit = gap.event == Event::lower_limit || gap.event == Event::upper_limit;
  return is_limit && gap.value <= RootLimits{}.f ? handle(course, gap) : std::nullopt;
}

/// Asked before every jump and every try: steps that take no time go on for ever, too.
std::optional<StepEnd> Stepper::may_go_on() {
  if (auto end = watch_.look(now_, time_s_)) return end;
  if (recorder_.is_full()) return StepEnd{true, EndReason::row_limit, "the table is full"};
  return {};
}

/// The demand has jumped.
std::optional<StepEnd> Stepper::settle(Course& course, double time_s) {
  const Attempt settled = solver_.settle(course.demand(time_s, time_s));
  if (settled.outcome != Outcome::solved) return failure(settled);
  const double jump_c = std::abs(settled.current_a - now_.current_a) / settings_.nominal_ah;
  wanted_s_ = first_step(settings_.tolerance_v, jump_c);
  now_.voltage_v = settled.voltage_v;
  now_.current_a = settled.current_a;
  now_.temperature_k = settled.temperature_k;
  dense_.restart(now_);
  return {};
}

std::optional<StepEnd> Stepper::go(Course& course) {
  const auto at_once = course.gap(0, now_.voltage_v, now_.current_a);
  gap_before_ = at_once.value;
  if (gap_before_ <= RootLimits{}.f)
    if (auto end = handle(course, at_once)) return end;
  for (;;) {
    if (auto end = may_go_on()) return end;
    const double stop = next_stop(course);
    if (is_here(stop, time_s_, now_.time_s)) {
      time_s_ = std::max(time_s_, stop);  // no step is that short
    } else if (auto end = advance(course, stop)) {
      return end;
    }
    if (time_s_ >= course.end_s()) return StepEnd{};
    if (is_here(settings_.max_time_s - begin_s_, time_s_, now_.time_s))
      return StepEnd{true, EndReason::time_limit, "the longest time that a run may take is over"};
  }
}

double Stepper::next_stop(Course& course) const {
  double stop = std::min(course.next_stop(time_s_), settings_.max_time_s - begin_s_);
  // Kinks spoil the curves between steps, and terms have none.
  if (course.has_kinks() || recorder_.wants_terms())
    stop = std::min(stop, recorder_.next_row_s() - begin_s_);
  return stop;
}

double Stepper::length_to(double stop_s) const {
  const double rest = stop_s - time_s_;
  if (wanted_s_ >= rest * (1 - 1e-9)) return rest;
  return wanted_s_ > 0.5 * rest ? 0.5 * rest : wanted_s_;
}

Stepper::Try Stepper::attempt(const Course& course, double dt_s) {
  ++solver_steps_;
  Try done{dt_s, solver_.attempt(dt_s, course.demand(time_s_, time_s_ + dt_s)), {}};
  if (done.attempt.outcome != Outcome::solved) return done;
  if (course.holds_voltage()) done.attempt.error *= settings_.hold_factor;
  done.gap = course.gap(time_s_ + dt_s, done.attempt.voltage_v, done.attempt.current_a);
  return done;
}

/// How long the step may be instead; the same: it is good.
double Stepper::shorter(const Course& course, const Try& done) const {
  if (done.attempt.outcome != Outcome::solved) return done.dt_s * 0.25;
  double part = 1;
  if (!(done.attempt.error <= 1)) part = std::clamp(0.8 / std::cbrt(done.attempt.error), 0.1, 0.8);
  const double end_s = begin_s_ + time_s_ + done.dt_s;
  if (!course.has_kinks() && !recorder_.wants_terms() && recorder_.next_row_s() < end_s) {
    const Instant end{end_s, done.attempt.voltage_v, done.attempt.current_a, 0, 0};
    const auto off = dense_.error_of(end, done.attempt);
    const double moved = std::abs(done.attempt.current_a) * done.dt_s / 3600 / settings_.nominal_ah;
    const bool has_slopes = std::isfinite(done.attempt.end_slope_v_per_s);
    const double bend = has_slopes ? 0 : std::pow(moved / kMostMoved, 3);
    const double error = std::max(
        {off.voltage_v / settings_.dense_v, 0.1 * off.current_a / settings_.dense_v, bend});
    if (!(error <= 1)) part = std::min(part, std::clamp(0.8 / std::cbrt(error), 0.1, 0.8));
  }
  return done.dt_s * part;
}

std::optional<StepEnd> Stepper::advance(Course& course, double stop_s) {
  const double planned = length_to(stop_s);
  double dt = planned;
  Try done;
  for (;;) {
    done = attempt(course, dt);
    const double next = shorter(course, done);
    const bool is_solved = done.attempt.outcome == Outcome::solved;
    if (next >= dt || (is_solved && dt <= kShortest_s)) break;
    if (dt <= kShortest_s) return failure(done.attempt);
    if (!(next > 0)) return StepEnd{true, EndReason::no_solution, "the error is no number"};
    if (auto end = watch_.look(now_, time_s_)) return end;
    dt = std::max(next, kShortest_s);
    wanted_s_ = dt;
  }
  edge_.reset();
  const bool is_event = done.gap.value <= 0 && locate(course, done);
  if (done.attempt.outcome != Outcome::solved) return failure(done.attempt);
  const bool has_arrived = done.dt_s == planned && planned == stop_s - time_s_;
  const double grown = done.dt_s * std::clamp(0.9 / std::cbrt(done.attempt.error), 0.3, kGrowth);
  // A step that was cut short says nothing against longer ones.
  wanted_s_ = done.dt_s < wanted_s_ ? std::max(wanted_s_, grown) : grown;
  take(course, done, has_arrived ? stop_s : time_s_ + done.dt_s);
  if (edge_ && done.gap.value > kNearEvent) return failure(*edge_);
  return is_event ? handle(course, done.gap) : std::nullopt;
}

/// Goes back to where the event is; false: it is none after all.
bool Stepper::locate(const Course& course, Try& crossed) {
  const double longest = crossed.dt_s;
  if (gap_before_ > 0 && std::abs(crossed.gap.value) > RootLimits{}.f) {
    const Bracket bracket{0, gap_before_, crossed.dt_s, crossed.gap.value};
    find_root(bracket, {}, [&](double dt) {
      crossed = attempt(course, dt);
      if (crossed.attempt.outcome == Outcome::solved) return crossed.gap.value;
      edge_ = crossed.attempt;
      return -1.0;
    });
  } else if (gap_before_ <= 0) {
    crossed = attempt(course, std::min(longest, kShortest_s));
  }
  const bool is_hold_new = switched_s_ >= 0 && time_s_ - switched_s_ < kShortestHold_s;
  if (!is_hold_new || crossed.dt_s >= kShortestHold_s) return true;
  crossed = attempt(course, std::min(longest, kShortestHold_s));
  return crossed.gap.value <= 0;
}

void Stepper::take(const Course& course, const Try& done, double time_s) {
  solver_.accept();
  const double before_s = now_.time_s;
  time_s_ = time_s;
  now_.time_s = begin_s_ + time_s;
  now_.voltage_v = done.attempt.voltage_v;
  now_.current_a = done.attempt.current_a;
  now_.temperature_k = done.attempt.temperature_k;
  gap_before_ = done.gap.value;
  if (is_here(now_.time_s, before_s, before_s)) {  // no curve lies between equal times
    now_.charge_ah += now_.current_a * done.dt_s / 3600;
    dense_.restart(now_);
  } else {
    dense_.step(now_, done.attempt);
    now_.charge_ah = dense_.charge_to(now_.time_s);
    dense_.set_charge_of_end(now_.charge_ah);
  }
  recorder_.reach(dense_, now_, terms());
  if (course.has_kinks()) dense_.restart(now_);
}

/// An event is here. Nothing: the step goes on.
std::optional<StepEnd> Stepper::handle(Course& course, const Course::Gap& gap) {
  switch (gap.event) {
    case Event::lower_limit:
    case Event::upper_limit: {
      const bool is_lower = gap.event == Event::lower_limit;
      if (!course.clamps())
        return StepEnd{true, is_lower ? EndReason::lower_voltage : EndReason::upper_voltage,
                       is_lower ? "the voltage has fallen to its lower limit"
                                : "the voltage has risen to its upper limit"};
      course.clamp(gap.event);
      break;
    }
    case Event::release:
      course.release();
      break;
    default:
      return StepEnd{};
  }
  switched_s_ = time_s_;
  const double wanted = wanted_s_;
  if (auto end = settle(course, time_s_)) return end;
  wanted_s_ = wanted;
  gap_before_ = course.gap(time_s_, now_.voltage_v, now_.current_a).value;
  return {};
}

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/course.hpp"

#include <algorithm>
#include <cmath>

namespace b2m::sim {
namespace {

using Kind = ExperimentStep::Kind;

// At rest a full cell stands at its limit, give or take what the solver leaves over. A limit that
// the current does not lead to needs to be passed by this much.
constexpr double kSlack_v = 1e-5;
// What rounding may leave of a limit that the step before ended at.
constexpr double kRounding_v = 1e-9;

double end_of(const ExperimentStep& step) {
  double end = step.duration_s.value_or(std::numeric_limits<double>::infinity());
  if (step.kind == Kind::cycle) end = std::min(end, step.cycle->time_s.back());
  return end;
}

}  // namespace

Course::Course(const ExperimentStep& step, double lower_v, double upper_v, AtLimit at_limit)
    : step_(step),
      lower_v_(lower_v),
      upper_v_(upper_v),
      at_limit_(step.kind == Kind::cycle ? at_limit : AtLimit::stop),
      end_s_(end_of(step)) {}

double Course::cycle_current(double time_s) const {
  const DriveCycle& cycle = *step_.cycle;
  const std::size_t to = std::clamp<std::size_t>(segment_, 1, cycle.time_s.size() - 1);
  const double t0 = cycle.time_s[to - 1], t1 = cycle.time_s[to];
  const double part = (time_s - t0) / (t1 - t0);
  // At the ends exactly the file's numbers.
  return cycle.current_a[to - 1] * (1 - part) + cycle.current_a[to] * part;
}

Demand::Kind Course::kind() const {
  if (held_ != Event::none) return Demand::Kind::voltage;
  switch (step_.kind) {
    case Kind::voltage:
      return Demand::Kind::voltage;
    case Kind::power:
      return Demand::Kind::power;
    case Kind::resistance:
      return Demand::Kind::resistance;
    case Kind::current:
    case Kind::cycle:
      break;
  }
  return Demand::Kind::current;
}

Demand Course::demand(double from_s, double to_s) const {
  if (held_ != Event::none) {
    const double limit = held_ == Event::lower_limit ? lower_v_ : upper_v_;
    return {Demand::Kind::voltage, limit, limit};
  }
  if (step_.kind == Kind::cycle)
    return {Demand::Kind::current, cycle_current(from_s), cycle_current(to_s)};
  return {kind(), step_.value, step_.value};
}

double Course::next_stop(double now_s) {
  if (step_.kind != Kind::cycle) return end_s_;
  const auto& times = step_.cycle->time_s;
  while (segment_ + 1 < times.size() && times[segment_] <= now_s) ++segment_;
  return std::min(end_s_, times[segment_]);
}

void Course::begin(double voltage_before, double voltage_after) {
  if (!step_.until_v) return;
  const bool has_sign =
      (step_.kind == Kind::current || step_.kind == Kind::power) && step_.value != 0;
  if (has_sign || step_.kind == Kind::resistance) {
    until_sign_ = step_.value > 0 ? 1 : -1;
    return;
  }
  // A rest or a cycle: towards it from where the cell stands.
  const double from = voltage_after == *step_.until_v ? voltage_before : voltage_after;
  until_sign_ = from >= *step_.until_v ? 1 : -1;
}

void Course::add_limits(Gap& nearest, double voltage_v, double current_a) const {
  const double above = voltage_v - lower_v_ + (current_a > 0 ? kRounding_v : kSlack_v);
  const double below = upper_v_ - voltage_v + (current_a < 0 ? kRounding_v : kSlack_v);
  if (above < nearest.value) nearest = {above, Event::lower_limit};
  if (below < nearest.value) nearest = {below, Event::upper_limit};
}

/// The step is to end where the limit stands: charging to 4.2 V with 4.2 V as upper limit.
bool Course::is_until(Event limit) const {
  const double at = limit == Event::lower_limit ? lower_v_ : upper_v_;
  return step_.until_v && std::abs(*step_.until_v - at) <= kRounding_v;
}

// What the step itself ends by comes first: of two that happen together it is the one that counts.
Course::Gap Course::gap(double time_s, double voltage_v, double current_a) const {
  Gap nearest;
  if (step_.until_v) nearest = {until_sign_ * (voltage_v - *step_.until_v), Event::until_v};
  if (step_.until_a) {
    const double left = std::abs(current_a) - *step_.until_a;
    if (left < nearest.value) nearest = {left, Event::until_a};
  }
  if (held_ != Event::none) {
    const double more = cycle_current(time_s) - current_a;
    const double left = held_ == Event::lower_limit ? more : -more;
    if (left < nearest.value) nearest = {left, Event::release};
  } else if (step_.kind != Kind::voltage && at_limit_ != AtLimit::ignore) {
    Gap limit;
    add_limits(limit, voltage_v, current_a);
    const bool is_jumped = time_s == 0 && limit.value < 0 && !is_until(limit.event);
    if (is_jumped || limit.value < nearest.value) nearest = limit;
  }
  return nearest;
}

void Course::clamp(Event limit) { held_ = limit; }
void Course::release() { held_ = Event::none; }

}  // namespace b2m::sim

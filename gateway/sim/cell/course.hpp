// SPDX-License-Identifier: MIT
// One step of an experiment as it goes: what it asks of the cell over its time, and what ends it.
#pragma once

#include <limits>

#include "gateway/sim/cell/simulation.hpp"

namespace b2m::sim {

/// Times are those since the step's begin.
class Course {
 public:
  enum class Event { none, until_v, until_a, lower_limit, upper_limit, release };

  Course(const ExperimentStep& step, double lower_v, double upper_v, AtLimit at_limit);

  /// From one time to a later one, without a kink between them.
  [[nodiscard]] Demand demand(double from_s, double to_s) const;
  /// The step's end or the cycle's next point, whatever comes first after `now`; infinity: neither.
  [[nodiscard]] double next_stop(double now_s);
  [[nodiscard]] double end_s() const { return end_s_; }
  [[nodiscard]] bool holds_voltage() const { return kind() == Demand::Kind::voltage; }
  [[nodiscard]] bool has_kinks() const { return step_.kind == ExperimentStep::Kind::cycle; }
  /// The voltage before and right after the jump to this step.
  void begin(double voltage_before, double voltage_after);

  /// The event that is nearest; below 0 it has been passed. At the step's begin, after its jump, a
  /// limit that has been passed comes before all others: nothing lies between that could come
  /// first.
  struct Gap {
    double value = std::numeric_limits<double>::infinity();  // V or A
    Event event = Event::none;
  };
  [[nodiscard]] Gap gap(double time_s, double voltage_v, double current_a) const;
  /// Holds the limit, or goes back to the cycle. The demand jumps.
  void clamp(Event limit);
  void release();
  [[nodiscard]] bool clamps() const { return at_limit_ == AtLimit::clamp; }

 private:
  [[nodiscard]] double cycle_current(double time_s) const;
  [[nodiscard]] Demand::Kind kind() const;
  void add_limits(Gap& nearest, double voltage_v, double current_a) const;
  [[nodiscard]] bool is_until(Event limit) const;

  const ExperimentStep& step_;
  double lower_v_, upper_v_;
  AtLimit at_limit_;
  double end_s_;
  double until_sign_ = 0;  // +1: the voltage falls to until_v; -1: it rises to it
  Event held_ = Event::none;
  std::size_t segment_ = 0;  // of the cycle: to the point of this number
};

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
// Takes a cell through one step of an experiment: steps of the solver as long as the tolerance
// allows, events located inside them, rows on the way.
#pragma once

#include "gateway/sim/cell/course.hpp"
#include "gateway/sim/cell/recorder.hpp"

namespace b2m::sim {

struct StepperSettings {
  double tolerance_v = 1e-4;  // the solver's
  double dense_v = 1e-5;      // what a row between two steps may be off by
  double hold_factor = 1;     // how much more a voltage that is held weighs an error
  double nominal_ah = 1;
  double max_time_s = 0;  // of the run
};

/// How a step of the experiment ended: in the run's end, or not.
struct StepEnd {
  bool ends_run = false;
  EndReason reason = EndReason::finished;
  std::string text;  // without time and place
};

/// Asks whoever started the run whether to go on; called before every jump and every try.
class Watch {
 public:
  virtual ~Watch() = default;
  virtual std::optional<StepEnd> look(const Instant& now, double step_time_s) = 0;
};

class Stepper {
 public:
  Stepper(Solver& solver, Recorder& recorder, Watch& watch, const StepperSettings& settings,
          const Instant& start)
      : solver_(solver), recorder_(recorder), watch_(watch), settings_(settings), now_(start) {}

  StepEnd run(Course& course, int step, int cycle);
  [[nodiscard]] const Instant& now() const { return now_; }
  [[nodiscard]] std::int64_t solver_steps() const { return solver_steps_; }
  /// The last row of the run.
  void finish() { recorder_.finish(now_, terms()); }

 private:
  struct Try {
    double dt_s = 0;
    Attempt attempt;
    Course::Gap gap;
  };
  std::optional<StepEnd> may_go_on();
  std::optional<StepEnd> settle(Course& course, double time_s);
  std::optional<StepEnd> hold_at_once(Course& course);
  std::optional<StepEnd> go(Course& course);
  std::optional<StepEnd> advance(Course& course, double stop_s);
  std::optional<StepEnd> handle(Course& course, const Course::Gap& gap);
  [[nodiscard]] double length_to(double stop_s) const;
  [[nodiscard]] double next_stop(Course& course) const;
  Try attempt(const Course& course, double dt_s);
  [[nodiscard]] double shorter(const Course& course, const Try& done) const;
  bool locate(const Course& course, Try& crossed);
  void take(const Course& course, const Try& done, double time_s);
  const Terms* terms();

  Solver& solver_;
  Recorder& recorder_;
  Watch& watch_;
  StepperSettings settings_;
  Instant now_;
  Dense dense_;
  Terms terms_{};
  std::optional<Attempt> edge_;  // what has no solution behind an event, as found by locate()
  double begin_s_ = 0;           // of the step, in the run
  double time_s_ = 0;            // in the step
  double wanted_s_ = 1;          // the next step of the solver
  double switched_s_ = -1;       // when a limit was held or let go
  double gap_before_ = 0;
  std::int64_t solver_steps_ = 0;
};

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
// Between the ends of a step: a curve through begin, stage and end of the step and one point
// before it (or, for the voltage, its slopes at both ends), so that rows need no steps of their
// own.
#pragma once

#include <array>
#include <optional>

#include "gateway/sim/cell/hermite.hpp"

namespace b2m::sim {

/// What is known of a cell at one instant.
struct Instant {
  double time_s = 0;
  double voltage_v = 0, current_a = 0, temperature_k = 0;
  double charge_ah = 0;  // discharged since the run's start
};

class Dense {
 public:
  /// The cell has jumped, or its current has a kink: nothing before counts.
  void restart(const Instant& now);
  /// A step from the newest point; the charge of `end` is still to be found by charge_to().
  void step(const Instant& end, const Attempt& attempt);
  /// The same, only tried: what voltage and current may be off by inside it.
  struct Error {
    double voltage_v = 0, current_a = 0;
  };
  [[nodiscard]] Error error_of(const Instant& end, const Attempt& attempt) const;
  /// Inside the newest step.
  [[nodiscard]] Instant at(double time_s) const;
  /// Charge at a time inside the newest step: the integral of the current's curve.
  [[nodiscard]] double charge_to(double time_s) const;
  void set_charge_of_end(double ah) { points_[count_ - 1].charge_ah = ah; }

 private:
  [[nodiscard]] Dense with(const Instant& end, const Attempt& attempt) const;
  [[nodiscard]] std::array<double, 4> weights(double time_s) const;
  [[nodiscard]] double current_at(double time_s) const;

  std::array<Instant, 4> points_;
  std::size_t count_ = 0;
  std::size_t begin_ = 0;           // of the newest step
  std::optional<Hermite> voltage_;  // where its slopes are known
};

}  // namespace b2m::sim

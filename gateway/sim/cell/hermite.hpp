// SPDX-License-Identifier: MIT
// The voltage inside a step from the step's own values: polynomial of fourth degree through begin,
// stage and end with the slopes at both ends.
#pragma once

#include <cmath>

#include "gateway/sim/cell/solver.hpp"

namespace b2m::sim {

class Hermite {
 public:
  Hermite(double begin_v, const Attempt& step, double dt_s)
      : begin_v_(begin_v),
        end_v_(step.voltage_v),
        begin_slope_(step.begin_slope_v_per_s * dt_s),
        end_slope_(step.end_slope_v_per_s * dt_s),
        miss_((step.stage_voltage_v - cubic(kStagePart)) / bump(kStagePart)) {}

  /// The attempt has all that it takes.
  [[nodiscard]] bool is_known() const { return std::isfinite(miss_); }
  /// `part` from 0 to 1.
  [[nodiscard]] double at(double part) const { return cubic(part) + miss_ * bump(part); }
  /// A bound for what it may be off by, in V: what the fourth degree has added, in the middle.
  [[nodiscard]] double error() const { return kErrorPart * std::abs(miss_) * bump(0.5); }

 private:
  // The fifth degree adds this part of what the fourth has added, or less: measured over whole
  // discharges of the SPM and SPMe, from C/20 to 2C.
  static constexpr double kErrorPart = 0.05;

  [[nodiscard]] double cubic(double part) const {
    const double rest = 1 - part;
    return rest * rest * ((1 + 2 * part) * begin_v_ + part * begin_slope_) +
           part * part * ((1 + 2 * rest) * end_v_ - rest * end_slope_);
  }
  static double bump(double part) { return part * part * (1 - part) * (1 - part); }

  double begin_v_, end_v_, begin_slope_, end_slope_, miss_;
};

}  // namespace b2m::sim

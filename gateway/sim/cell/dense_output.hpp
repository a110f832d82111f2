// SPDX-License-Identifier: MIT
// Values inside a step, between the accepted state and the attempt's end, so that rows need no
// steps of their own.
#pragma once

#include <cmath>

#include "gateway/sim/cell/solver.hpp"

namespace b2m::sim {

/// The parabola through begin, stage and end, at `part` (0 to 1) of the step; a straight line where
/// there is no stage. For currents and temperatures.
inline double parabola_inside(double begin, double stage, double end, double part) {
  const double straight = begin + part * (end - begin);
  if (!std::isfinite(stage)) return straight;
  const double bow = stage - (begin + kStagePart * (end - begin));
  return straight + bow * part * (1 - part) / (kStagePart * (1 - kStagePart));
}

/// The voltage at `part` of the step: with slopes the polynomial of fourth degree through all five
/// values, whose error is far below the step's own.
inline double voltage_inside(double begin_v, const Attempt& step, double dt_s, double part) {
  const double begin_slope = step.begin_slope_v_per_s * dt_s;
  const double end_slope = step.end_slope_v_per_s * dt_s;
  if (!std::isfinite(begin_slope + end_slope + step.stage_voltage_v))
    return parabola_inside(begin_v, step.stage_voltage_v, step.voltage_v, part);
  const auto cubic = [&](double p) {
    const double rest = 1 - p;
    return rest * rest * ((1 + 2 * p) * begin_v + p * begin_slope) +
           p * p * ((1 + 2 * rest) * step.voltage_v - rest * end_slope);
  };
  const auto bump = [](double p) { return p * p * (1 - p) * (1 - p); };
  const double miss = step.stage_voltage_v - cubic(kStagePart);
  return cubic(part) + miss * bump(part) / bump(kStagePart);
}

}  // namespace b2m::sim

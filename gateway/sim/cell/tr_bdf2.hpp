// SPDX-License-Identifier: MIT
// One step of TR-BDF2 for y' = f(y), the time stepping of every electrochemical model: second
// order, L-stable, two stages with the same implicit weight, an embedded error (Bank 1985; Hosea
// and Shampine 1996). With g = kImplicit * dt:
//   stage 1, at kStage * dt:  y1 - g f(y1) = y0 + g f(y0)
//   stage 2, at dt:           y2 - g f(y2) = kFromStage * y1 - kFromBegin * y0
// The stages' slopes need no evaluation: f(y) = (y - right-hand side) / g.
#pragma once

namespace b2m::sim::tr_bdf2 {

inline constexpr double kRootOfTwo = 1.4142135623730950488;
inline constexpr double kStage = 2 - kRootOfTwo;
inline constexpr double kImplicit = 1 - kRootOfTwo / 2;
inline constexpr double kFromStage = (kRootOfTwo + 1) / 2;
inline constexpr double kFromBegin = (kRootOfTwo - 1) / 2;
// Error of y2 = dt * (kError0 f(y0) + kError1 f(y1) + kError2 f(y2)), to be filtered by
// (1 - g f')^-1, else fast and long settled parts make it too large. y2 less this error is of third
// order, for what is not stiff.
inline constexpr double kError0 = (kRootOfTwo - 1) / 3;
inline constexpr double kError1 = -1.0 / 3;
inline constexpr double kError2 = 2 * kImplicit / 3;

/// The same error from the three values and the slope at the beginning alone.
constexpr double error(double y0, double y1, double y2, double slope0_times_dt) {
  return (kError0 - kError1) * slope0_times_dt +
         (kError1 * (y1 - y0) + kError2 * (y2 - kFromStage * y1 + kFromBegin * y0)) / kImplicit;
}

/// One variable with y' = source - rate * y, for what hangs on a cell: temperature, an RC pair.
/// The value at the end of a stage whose right-hand side is `right`.
constexpr double relax(double right, double g, double source, double rate) {
  return (right + g * source) / (1 + g * rate);
}

}  // namespace b2m::sim::tr_bdf2

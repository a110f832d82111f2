// SPDX-License-Identifier: MIT
// Where a function changes its sign, found with few evaluations: each of them is a step of a
// solver.
#pragma once

#include <algorithm>
#include <cmath>

namespace b2m::sim {

struct Bracket {
  double low = 0, f_low = 0;
  double high = 0, f_high = 0;
};
struct RootLimits {
  double x = 1e-6;  // the bracket need not be narrower
  double f = 1e-9;  // a value this small is zero
  int tries = 60;
};

/// Chandrupatla's method: inverse quadratic interpolation where that is safe, halves otherwise. The
/// bracket's two values differ in sign (or one is zero). The last x that was evaluated is the one
/// that is returned, so that whoever keeps the state of the last evaluation has that of the root.
template <class F>
double find_root(const Bracket& bracket, const RootLimits& limits, F&& f) {
  double a = bracket.high, fa = bracket.f_high;  // the newer end
  double b = bracket.low, fb = bracket.f_low;
  double c = a, fc = fa;
  double part = fa == fb ? 0.5 : fb / (fb - fa);  // of the way from b to a: a secant to begin with
  double x = b;
  for (int i = 0; i < limits.tries; ++i) {
    const double narrowest = 0.5 * limits.x / std::max(std::abs(b - a), limits.x);
    part = std::min(std::max(part, narrowest), 1 - narrowest);
    x = i == 0 ? b + part * (a - b) : a + part * (b - a);
    const double fx = f(x);
    if (std::abs(fx) <= limits.f) return x;
    if ((fx > 0) == (fa > 0)) {
      c = a, fc = fa;
    } else {
      c = b, fc = fb, b = a, fb = fa;
    }
    a = x, fa = fx;
    if (std::abs(b - a) <= limits.x) return x;
    const double xi = (a - b) / (c - b), phi = (fa - fb) / (fc - fb);
    const bool is_safe = phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi;
    part = is_safe ? fa / (fb - fa) * fc / (fb - fc) +
                         (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
                   : 0.5;
  }
  return x;
}

}  // namespace b2m::sim

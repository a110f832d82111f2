// SPDX-License-Identifier: MIT
// The current that gives a cell the voltage, power or load resistance asked for.
#pragma once

#include <functional>
#include <string>

#include "gateway/sim/cell/solver.hpp"

namespace b2m::sim {

/// What a demand asks for at a part (0 to 1) of its step.
inline double demanded(const Demand& demand, double part) {
  return demand.begin + part * (demand.end - demand.begin);
}

struct CurrentSearch {
  Demand::Kind kind = Demand::Kind::voltage;
  double wanted = 0;
  double low_a = 0, high_a = 0;  // between them the cell can be evaluated
  double guess_a = 0;
  double slope_v_per_a = -0.03;  // of the voltage by the current, about
  double tolerance_v = 1e-9;
};

struct FoundCurrent {
  bool is_found = false;
  bool is_at_limit = false;  // not found because more current is wanted than low_a or high_a
  double current_a = 0;      // the last one evaluated
  double slope_v_per_a = 0;
  std::string reason;  // where there is none
};

/// `voltage` falls while the current rises. Few evaluations near the guess, and never more than
/// about a hundred.
FoundCurrent find_current(const CurrentSearch& search,
                          const std::function<double(double current_a)>& voltage);

/// "5 W cannot be held: " and why.
std::string cannot_be_held(Demand::Kind kind, double wanted, const std::string& reason);

}  // namespace b2m::sim

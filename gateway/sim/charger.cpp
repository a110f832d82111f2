// SPDX-License-Identifier: MIT
#include "gateway/sim/charger.hpp"

#include <algorithm>

namespace b2m::sim {
namespace {

// Below 1 the regulator approaches its target from one side and never swings.
constexpr double kGain = 0.5;
// An emptied pack must recover by this part before its load comes back.
constexpr double kRecovery = 1.03;

}  // namespace

Amperes Charger::regulate(Volts pack, Ohms resistance) {
  if (!is_on_) return current_ = Amperes(0);
  const Amperes wanted = current_ + (target_ - pack) / resistance * kGain;
  return current_ = std::clamp(wanted, Amperes(0), limit_);
}

Amperes Load::draw(Volts lowest_cell) {
  if (lowest_cell < cell_cutoff_) is_connected_ = false;
  if (lowest_cell > cell_cutoff_ * kRecovery) is_connected_ = true;
  return is_connected_ ? current_ : Amperes(0);
}

}  // namespace b2m::sim

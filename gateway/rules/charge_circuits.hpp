// SPDX-License-Identifier: MIT
// Chargers that share a fuse: who may start, and when one has to give way.
#pragma once

#include <span>
#include <string>

#include "gateway/rules/charge_types.hpp"

namespace b2m::rules {

/// A charger of the circuit whose relay is on, or may be.
struct CircuitLoad {
  std::string name;
  double power_w = 0;  // measured, else its peak; 0: not known at all
};

/// Why a charger that draws so much at most (0: unknown) must wait. Empty: it may start.
std::string circuit_objection(const Circuit& circuit, std::span<const CircuitLoad> loads,
                              double peak_w);
/// More than a measuring error above the limit.
bool is_overloaded(const Circuit& circuit, std::span<const CircuitLoad> loads);
double total_w(std::span<const CircuitLoad> loads);

}  // namespace b2m::rules

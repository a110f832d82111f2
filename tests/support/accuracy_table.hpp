// SPDX-License-Identifier: MIT
// The table of docs/simulation.md that says how far our runs are from PyBaMM's.
#pragma once

#include <string>

#include "tests/support/reference_runs.hpp"

namespace b2m::test {

bool accuracy_table_has(const std::string& run);
/// Only where B2M_UPDATE_GOLDEN is set: writes the run's line.
void update_accuracy_table(const std::string& run, const Difference& off);

/// A profile through the cell against the terms at the same times.
struct ProfileDifference {
  double stoichiometry = 0, salt_mol_m3 = 0;
  std::size_t values = 0;
};
ProfileDifference compare_profile(const std::string& name);

}  // namespace b2m::test

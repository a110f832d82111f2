// SPDX-License-Identifier: MIT
// Runs that PyBaMM has made (../shared/data/simulation): what was run, what came out, and how far
// our own answer is from it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gateway/sim/cell/simulation.hpp"
#include "tests/support/cell_sets.hpp"

namespace b2m::test {

/// Columns by name, all of one length.
struct ReferenceTable {
  std::map<std::string, std::vector<double>> columns;
  [[nodiscard]] std::size_t rows() const {
    return columns.empty() ? 0 : columns.begin()->second.size();
  }
  [[nodiscard]] const std::vector<double>& at(const std::string& name) const {
    return columns.at(name);
  }
  [[nodiscard]] bool has(const std::string& name) const { return columns.count(name) > 0; }
};

struct ReferenceRun {
  std::string name;  // of the file, without folder and ending
  sim::SimulationInput input;
  ReferenceTable table;
};

/// Empty: the data are not there.
std::string reference_folder();
/// Names of all runs that start so, sorted; "cc_DFN".
std::vector<std::string> reference_names(const std::string& start);
/// The file read, and the input that its name stands for.
ReferenceRun reference_run(const std::string& name);

/// The largest differences from the reference, and how long our run took.
struct Difference {
  double rms_mv = 0, max_mv = 0;
  double max_ma = 0;
  double max_mk = 0;
  double max_uah = 0;
  double event_s = 0;  // of the last row, or of the end of any step
  double terms_mv = 0;
  double milliseconds = 0;
  std::int64_t solver_steps = 0;
  std::size_t rows = 0;  // compared
  std::string end;       // ours
};
Difference compare(const ReferenceRun& reference, const sim::SimulationOutput& ours);
/// Runs it and compares.
Difference run_and_compare(const std::string& name, sim::Preset preset = sim::Preset::exact);

}  // namespace b2m::test

// SPDX-License-Identifier: MIT
// Short runs of one cell for tests.
#pragma once

#include "tests/support/reference_runs.hpp"

namespace b2m::test {

/// Of a cell that is quick to calculate; `steps` in the notation of experiments.
inline sim::SimulationInput cell_run(const std::string& steps, double soc = 0.5,
                                     sim::ModelKind model = sim::ModelKind::spm) {
  sim::SimulationInput input;
  input.set = chen2020();
  input.model = model;
  input.soc = soc;
  input.experiment = sim::parse_experiment(steps, 5).value();
  return input;
}

inline std::shared_ptr<const sim::DriveCycle> drive_cycle(std::vector<double> time_s,
                                                          std::vector<double> current_a) {
  return std::make_shared<sim::DriveCycle>(
      sim::DriveCycle{std::move(time_s), std::move(current_a)});
}

inline sim::SimulationInput cycle_run(std::vector<double> time_s, std::vector<double> current_a,
                                      double soc = 0.5,
                                      sim::ModelKind model = sim::ModelKind::spm) {
  sim::SimulationInput input = cell_run("Rest for 1 s", soc, model);
  sim::ExperimentStep step;
  step.kind = sim::ExperimentStep::Kind::cycle;
  step.cycle = drive_cycle(std::move(time_s), std::move(current_a));
  input.experiment.steps = {step};
  return input;
}

/// A column of a table by its name.
inline std::vector<double> column_of(const sim::SimulationTable& table, const std::string& name) {
  std::vector<double> values;
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    for (std::size_t row = 0; table.columns[c] == name && row < table.rows(); ++row)
      values.push_back(table.values[row * table.columns.size() + c]);
  return values;
}

}  // namespace b2m::test

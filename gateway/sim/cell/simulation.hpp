// SPDX-License-Identifier: MIT
// A whole run: a model with its parameters through an experiment, to a table of rows and the reason
// why it ended. Pure: no files, no clock, no threads.
#pragma once

#include <atomic>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "gateway/sim/cell/experiment.hpp"
#include "gateway/sim/cell/solver.hpp"

namespace b2m::sim {

/// One column that a run can give; the table is in simulation.cpp and is the only list.
struct OutputColumn {
  const char* name;         // "voltage_v"
  const char* description;  // "Terminal voltage"
  bool is_default;  // time_s, current_a, voltage_v, discharge_capacity_ah, soc, temperature_c
  int decimals;     // for CSV
};
const std::vector<OutputColumn>& output_columns();

/// What a cycle does at the voltage limits: end the run; hold the limit until the cycle's current
/// leads away from it; go on.
enum class AtLimit { stop, clamp, ignore };

enum class Preset { fast, exact };  // at most 0.5 mV and 0.1 mV of time error

struct SimulationInput {
  ModelKind model = ModelKind::dfn;
  CellSet set;
  Mesh mesh;
  double soc = 1;  // NaN: the set's own start concentrations
  double temperature_k = kReferenceTemperature_k;
  bool is_thermal = false;
  double ambient_k = kReferenceTemperature_k;
  Experiment experiment;
  int cycles = 1;                       // times that the whole experiment is run through
  double lower_v = 2.5, upper_v = 4.2;  // end the run in every step
  AtLimit at_limit = AtLimit::stop;
  double step_s = 10;  // between rows, from each step's begin; 0: every step of the solver
  std::vector<double>
      row_times_s;  // instead of step_s: exactly these, from the run's start, and the end
  std::vector<std::string> columns;  // empty: the default ones
  Preset preset = Preset::exact;
  std::int64_t max_rows = 1'000'000;
  double max_time_s = 10 * 365 * 86400.0;  // simulated
};

/// Why a run ended.
enum class EndReason {
  finished,
  lower_voltage,
  upper_voltage,
  depleted,
  no_solution,
  row_limit,
  time_limit,   // simulated: max_time_s
  out_of_time,  // of calculation: RunControl
  cancelled
};
inline constexpr const char* kEndReasons[] = {"finished",   "lower_voltage", "upper_voltage",
                                              "depleted",   "no_solution",   "row_limit",
                                              "time_limit", "out_of_time",   "cancelled"};

struct SimulationEnd {
  EndReason reason = EndReason::finished;
  std::string text;  // for the user: what, when, at which voltage, in which step
  double time_s = 0;
  double voltage_v = std::numeric_limits<double>::quiet_NaN();
  int step = 0;  // from 1, of the experiment
  std::int64_t solver_steps = 0;
};

/// Rows of one length, one after the other.
struct SimulationTable {
  std::vector<std::string> columns;
  std::vector<double> values;  // [row][column]; the last row is the event
  [[nodiscard]] std::size_t rows() const {
    return columns.empty() ? 0 : values.size() / columns.size();
  }
};

struct SimulationOutput {
  SimulationTable table;
  SimulationEnd end;
};

struct RunControl {
  const std::atomic<bool>* is_cancelled = nullptr;  // looked at before every try
  std::function<void(double part)> progress;        // 0 to 1 of the time or charge expected; called
                                                    // at most every few milliseconds of work
  std::function<bool()>
      is_out_of_time;  // asked every few steps, of a full cell each; true ends the run
};

/// The first thing wrong with an input, with the field's name before a colon: "lower_v: 4.1 V is
/// not below the start voltage 4.05 V". What run() would refuse; it makes the cell and puts the
/// first step's load on it (20 to 50 us, more on finer meshes).
Result<> check(const SimulationInput& input);
/// The error is that of check(); everything that happens later is an end with a reason, and the
/// rows up to there.
Result<SimulationOutput> run(const SimulationInput& input, const RunControl& control = {});

/// A heading and a line for each row.
std::string to_csv(const SimulationTable& table);

}  // namespace b2m::sim

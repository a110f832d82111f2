// SPDX-License-Identifier: MIT
// The rows of a run: which instants they stand for, and what stands in them.
#pragma once

#include "gateway/sim/cell/dense.hpp"
#include "gateway/sim/cell/simulation.hpp"

namespace b2m::sim {

/// What a row is made of.
struct RowSource {
  const Instant& now;
  const Terms* terms;  // null where nobody asks for one
  double soc;
  int step, cycle;
};
struct Column {
  OutputColumn output;
  bool needs_terms;
  double (*value)(const RowSource& row);
};
/// Null: there is no such column.
const Column* find_column(std::string_view name);

class Recorder {
 public:
  /// The input's columns are known ones.
  Recorder(const SimulationInput& input, double start_soc, double capacity_ah);

  /// Whether the solver has to be asked for its terms, and so has to step on every row.
  [[nodiscard]] bool wants_terms() const { return wants_terms_; }
  [[nodiscard]] bool is_full() const { return rows_ >= max_rows_; }
  /// Of the run; infinity: none to be waited for.
  [[nodiscard]] double next_row_s() const { return next_row_s_; }

  void begin_step(int step, int cycle, const Instant& now, const Terms* terms);
  /// A step of the solver has been taken: the rows that lie in it.
  void reach(const Dense& dense, const Instant& now, const Terms* terms);
  void end_step(const Instant& now, const Terms* terms);
  /// The run is over: the last row is the event.
  void finish(const Instant& now, const Terms* terms);
  [[nodiscard]] SimulationTable take() { return std::move(table_); }

 private:
  void add_row(const Instant& now, const Terms* terms);
  void find_next_row();
  [[nodiscard]] bool has_row_at(double time_s) const;

  const std::vector<double>& row_times_s_;
  double step_s_;
  std::int64_t max_rows_;
  double start_soc_, capacity_ah_;
  std::vector<const Column*> columns_;
  bool wants_terms_ = false;
  SimulationTable table_;
  std::int64_t rows_ = 0;
  double last_row_s_ = -1;
  double next_row_s_ = 0;
  double step_begin_s_ = 0;
  std::int64_t rows_of_step_ = 0;
  std::size_t next_time_ = 0;  // of row_times_s_
  int step_ = 1, cycle_ = 1;
};

}  // namespace b2m::sim

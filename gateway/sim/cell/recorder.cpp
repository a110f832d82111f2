// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/recorder.hpp"

#include <algorithm>
#include <cmath>

namespace b2m::sim {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

// Times that differ by no more than rounding.
bool are_same(double a, double b) { return std::abs(a - b) <= 1e-9 + 1e-12 * std::abs(b); }

}  // namespace

Recorder::Recorder(const SimulationInput& input, double start_soc, double capacity_ah)
    : row_times_s_(input.row_times_s),
      step_s_(input.step_s),
      max_rows_(input.max_rows),
      start_soc_(start_soc),
      capacity_ah_(capacity_ah) {
  for (const auto& column : output_columns())
    if (input.columns.empty() && column.is_default) table_.columns.emplace_back(column.name);
  if (!input.columns.empty()) table_.columns = input.columns;
  for (const auto& name : table_.columns) {
    columns_.push_back(find_column(name));
    wants_terms_ = wants_terms_ || columns_.back()->needs_terms;
  }
}

bool Recorder::has_row_at(double time_s) const {
  return rows_ > 0 && are_same(last_row_s_, time_s);
}

void Recorder::add_row(const Instant& now, const Terms* terms) {
  if (is_full()) return;
  const RowSource source{now, terms, start_soc_ - now.charge_ah / capacity_ah_, step_, cycle_};
  for (const Column* column : columns_) table_.values.push_back(column->value(source));
  ++rows_;
  last_row_s_ = now.time_s;
}

void Recorder::find_next_row() {
  if (!row_times_s_.empty()) {
    next_row_s_ = next_time_ < row_times_s_.size() ? row_times_s_[next_time_] : kNever;
    return;
  }
  next_row_s_ = step_s_ > 0 ? step_begin_s_ + step_s_ * static_cast<double>(rows_of_step_) : kNever;
}

void Recorder::begin_step(int step, int cycle, const Instant& now, const Terms* terms) {
  step_ = step;
  cycle_ = cycle;
  step_begin_s_ = now.time_s;
  rows_of_step_ = 1;
  if (row_times_s_.empty()) add_row(now, terms);
  find_next_row();
  while (are_same(next_row_s_, now.time_s)) {
    if (!has_row_at(now.time_s)) add_row(now, terms);
    ++next_time_;
    find_next_row();
  }
}

void Recorder::reach(const Dense& dense, const Instant& now, const Terms* terms) {
  while (!is_full() && (next_row_s_ < now.time_s || are_same(next_row_s_, now.time_s))) {
    add_row(are_same(next_row_s_, now.time_s) ? now : dense.at(next_row_s_), terms);
    ++next_time_;
    ++rows_of_step_;
    find_next_row();
  }
  if (step_s_ == 0 && row_times_s_.empty()) add_row(now, terms);
}

void Recorder::end_step(const Instant& now, const Terms* terms) {
  if (row_times_s_.empty() && !has_row_at(now.time_s)) add_row(now, terms);
}

void Recorder::finish(const Instant& now, const Terms* terms) {
  if (!has_row_at(now.time_s)) add_row(now, terms);
}

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
#include "gateway/store/simulations.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace b2m::store {
namespace {

constexpr std::string_view kSave =
    "INSERT OR REPLACE INTO simulation_job (id, id_json, simulation_type, state, end_reason, "
    "request, reason, callback_url, is_callback_pending, is_csv, priority, attempt, losses, "
    "time_limit_s, "
    "calculated_s, rows, sequence, fingerprint, created_ms, ended_ms) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kLoad =
    "SELECT id, id_json, simulation_type, state, end_reason, request, reason, callback_url, "
    "is_callback_pending, is_csv, priority, attempt, losses, time_limit_s, calculated_s, rows, "
    "sequence, "
    "fingerprint, created_ms, ended_ms FROM simulation_job ORDER BY sequence, id";

StoredJob read(const Statement& row) {
  StoredJob job;
  job.id = row.text(0);
  job.id_json = row.text(1);
  job.simulation_type = row.text(2);
  job.state = row.text(3);
  job.end = row.text(4);
  job.request = row.text(5);
  job.reason = row.text(6);
  job.callback_url = row.text(7);
  job.is_callback_pending = row.integer(8) != 0;
  job.is_csv = row.integer(9) != 0;
  job.priority = static_cast<int>(row.integer(10));
  job.attempt = static_cast<int>(row.integer(11));
  job.losses = static_cast<int>(row.integer(12));
  job.time_limit_s = row.number(13);
  job.calculated_s = row.number(14);
  job.rows = row.integer(15);
  job.sequence = row.integer(16);
  job.fingerprint = row.integer(17);
  job.created_ms = row.integer(18);
  job.ended_ms = row.integer(19);
  return job;
}

Result<> run(Statement& statement) {
  const auto done = statement.step();
  if (!done) return done.error();
  return {};
}

/// The numbers as they lie in memory; every machine that this runs on has them little-endian.
std::string_view bytes_of(const std::vector<double>& values) {
  return {reinterpret_cast<const char*>(values.data()),  // NOLINT: bytes of a blob
          values.size() * sizeof(double)};
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    words.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return words;
}

}  // namespace

Result<> Simulations::save(const StoredJob& job) {
  Statement change = database_.prepare(kSave);
  change.bind(0, job.id)
      .bind(1, job.id_json)
      .bind(2, job.simulation_type)
      .bind(3, job.state)
      .bind(4, job.end)
      .bind(5, job.request)
      .bind(6, job.reason)
      .bind(7, job.callback_url)
      .bind(8, std::int64_t{job.is_callback_pending})
      .bind(9, std::int64_t{job.is_csv})
      .bind(10, std::int64_t{job.priority})
      .bind(11, std::int64_t{job.attempt})
      .bind(12, std::int64_t{job.losses})
      .bind(13, job.time_limit_s)
      .bind(14, job.calculated_s)
      .bind(15, job.rows)
      .bind(16, job.sequence)
      .bind(17, job.fingerprint)
      .bind(18, job.created_ms)
      .bind(19, job.ended_ms);
  return run(change);
}

Result<> Simulations::save_table(const std::string& id, const sim::SimulationTable& table) {
  Statement change = database_.prepare(
      "INSERT OR REPLACE INTO simulation_result (job, column_names, numbers) VALUES (?, ?, ?)");
  change.bind(0, id)
      .bind(1, fmt::format("{}", fmt::join(table.columns, ",")))
      .bind_blob(2, bytes_of(table.values));
  return run(change);
}

Result<std::vector<StoredJob>> Simulations::load_all() {
  std::vector<StoredJob> all;
  Statement query = database_.prepare(kLoad);
  for (;;) {
    const auto row = query.step();
    if (!row) return row.error();
    if (!*row) return all;
    all.push_back(read(query));
  }
}

Result<sim::SimulationTable> Simulations::table(const std::string& id) {
  Statement query =
      database_.prepare("SELECT column_names, numbers FROM simulation_result WHERE job = ?");
  const auto row = query.bind(0, id).step();
  if (!row) return row.error();
  if (!*row) return Error(Errc::not_found, fmt::format("no rows are kept of the job \"{}\"", id));
  sim::SimulationTable table;
  table.columns = split(query.text(0));
  const std::string_view numbers = query.bytes(1);
  table.values.resize(numbers.size() / sizeof(double));
  if (!table.values.empty())
    std::memcpy(table.values.data(), numbers.data(), table.values.size() * sizeof(double));
  return table;
}

Result<> Simulations::remove(const std::string& id) {
  for (const char* sql :
       {"DELETE FROM simulation_result WHERE job = ?", "DELETE FROM simulation_job WHERE id = ?"}) {
    Statement change = database_.prepare(sql);
    change.bind(0, id);
    if (const auto done = run(change); !done) return done.error();
  }
  return {};
}

}  // namespace b2m::store

// SPDX-License-Identifier: MIT
#include "gateway/store/simulations.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace b2m::store {
namespace {

/// The request, which may be long, has a table of its own: a row is written whole.
constexpr const char* kMigrations[] = {
    "CREATE TABLE simulation_job (id TEXT PRIMARY KEY, id_json TEXT NOT NULL, simulation_type TEXT "
    "NOT NULL, state TEXT NOT NULL, end_reason TEXT NOT NULL, reason TEXT NOT NULL, callback_url "
    "TEXT NOT NULL, is_callback_pending INTEGER NOT NULL, is_csv INTEGER NOT NULL, priority "
    "INTEGER NOT NULL, attempt INTEGER NOT NULL, losses INTEGER NOT NULL, time_limit_s REAL NOT "
    "NULL, calculated_s REAL NOT NULL, rows INTEGER NOT NULL, result_bytes INTEGER NOT NULL, "
    "sequence INTEGER NOT NULL, fingerprint INTEGER NOT NULL, created_ms INTEGER NOT NULL, "
    "ended_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE simulation_request (job TEXT PRIMARY KEY, request TEXT NOT NULL);"
    "CREATE TABLE simulation_result (job TEXT PRIMARY KEY, column_names TEXT NOT NULL, numbers "
    "BLOB NOT NULL);"
    "CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;",
};

constexpr std::string_view kSave =
    "INSERT OR REPLACE INTO simulation_job (id, id_json, simulation_type, state, end_reason, "
    "reason, callback_url, is_callback_pending, is_csv, priority, attempt, losses, time_limit_s, "
    "calculated_s, rows, result_bytes, sequence, fingerprint, created_ms, ended_ms) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kLoad =
    "SELECT id, id_json, simulation_type, state, end_reason, request, reason, callback_url, "
    "is_callback_pending, is_csv, priority, attempt, losses, time_limit_s, calculated_s, rows, "
    "result_bytes, sequence, fingerprint, created_ms, ended_ms FROM simulation_job LEFT JOIN "
    "simulation_request ON job = id ORDER BY sequence, id";

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
  job.result_bytes = row.integer(16);
  job.sequence = row.integer(17);
  job.fingerprint = row.integer(18);
  job.created_ms = row.integer(19);
  job.ended_ms = row.integer(20);
  return job;
}

Result<> run(Statement& statement) {
  const auto done = statement.step();
  if (!done) return done.error();
  return {};
}

/// The numbers as they lie in memory; every machine that this runs on has them little-endian.
std::string_view bytes_of(const std::vector<double>& values) {
  return {reinterpret_cast<const char*>(values.data()),  // bytes of a blob
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

Result<std::unique_ptr<Database>> Simulations::open(const std::string& path) {
  return Database::open(path, {.migrations = kMigrations, .checked_table = "simulation_job"});
}

Result<> Simulations::save(const StoredJob& job) {
  Statement change = database_.prepare(kSave);
  change.bind(0, job.id)
      .bind(1, job.id_json)
      .bind(2, job.simulation_type)
      .bind(3, job.state)
      .bind(4, job.end)
      .bind(5, job.reason)
      .bind(6, job.callback_url)
      .bind(7, std::int64_t{job.is_callback_pending})
      .bind(8, std::int64_t{job.is_csv})
      .bind(9, std::int64_t{job.priority})
      .bind(10, std::int64_t{job.attempt})
      .bind(11, std::int64_t{job.losses})
      .bind(12, job.time_limit_s)
      .bind(13, job.calculated_s)
      .bind(14, job.rows)
      .bind(15, job.result_bytes)
      .bind(16, job.sequence)
      .bind(17, job.fingerprint)
      .bind(18, job.created_ms)
      .bind(19, job.ended_ms);
  if (const auto done = run(change); !done) return done.error();
  return save_request(job);
}

Result<> Simulations::save_request(const StoredJob& job) {
  if (job.request.empty()) return change("DELETE FROM simulation_request WHERE job = ?", job.id);
  Statement insert = database_.prepare("INSERT OR IGNORE INTO simulation_request VALUES (?, ?)");
  insert.bind(0, job.id).bind(1, job.request);
  return run(insert);
}

Result<> Simulations::change(std::string_view sql, const std::string& id) {
  Statement statement = database_.prepare(sql);
  statement.bind(0, id);
  return run(statement);
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
       {"DELETE FROM simulation_result WHERE job = ?",
        "DELETE FROM simulation_request WHERE job = ?", "DELETE FROM simulation_job WHERE id = ?"})
    if (const auto done = change(sql, id); !done) return done.error();
  return {};
}

}  // namespace b2m::store

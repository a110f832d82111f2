// SPDX-License-Identifier: MIT
#include "gateway/store/database.hpp"

#include <chrono>
#include <ctime>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "gateway/log.hpp"

namespace b2m::store {
namespace {

constexpr const char* kMigrations[] = {
    "CREATE TABLE announcement (topic TEXT PRIMARY KEY, payload TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE backlog (id INTEGER PRIMARY KEY, device TEXT NOT NULL, key TEXT NOT NULL, value "
    "TEXT NOT NULL,"
    " time_ms INTEGER NOT NULL);",
    "CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;",
    "CREATE TABLE charge_session (id INTEGER PRIMARY KEY AUTOINCREMENT, charger TEXT NOT NULL, "
    "plug "
    "TEXT NOT NULL, pack TEXT NOT NULL, profile TEXT NOT NULL, mode TEXT NOT NULL, target TEXT NOT "
    "NULL, result TEXT NOT NULL, reason TEXT NOT NULL, started_ms INTEGER NOT NULL, ended_ms "
    "INTEGER NOT NULL, on_s REAL NOT NULL, energy_wh REAL NOT NULL, battery_ah REAL NOT NULL, "
    "peak_w REAL NOT NULL, cost REAL);"
    "CREATE INDEX charge_session_started ON charge_session (started_ms);"
    "CREATE TABLE charge_curve (session INTEGER NOT NULL, t_s REAL NOT NULL, power_w REAL NOT NULL,"
    " PRIMARY KEY (session, t_s)) WITHOUT ROWID;",
};

Error error_of(sqlite3* db, std::string_view doing) {
  const int code = sqlite3_errcode(db);
  const Errc kind = code == SQLITE_FULL                               ? Errc::buffer_full
                    : code == SQLITE_READONLY                         ? Errc::permission
                    : code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? Errc::malformed
                                                                      : Errc::io_error;
  return {kind, fmt::format("the database cannot {}: {}", doing, sqlite3_errmsg(db))};
}

std::string utc_stamp() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return text;
}

/// The log of a damaged file goes with it: left behind, it would be played into the new one.
Result<std::string> set_aside(const std::string& path) {
  const std::string name = path + ".damaged-" + utc_stamp();
  std::string aside = name;
  for (int n = 2; std::filesystem::exists(aside); ++n) aside = fmt::format("{}-{}", name, n);
  for (const char* part : {"", "-wal", "-shm"}) {
    std::error_code failed;
    std::filesystem::rename(path + part, aside + part, failed);
    if (failed && failed != std::errc::no_such_file_or_directory)
      return Error(Errc::io_error, fmt::format("{}{} is damaged and cannot be renamed: {}", path,
                                               part, failed.message()));
  }
  return aside;
}

}  // namespace

Statement::Statement(sqlite3* db, std::string_view sql) : db_(db) {
  sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr);
}
Statement::Statement(Statement&& other) noexcept
    : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)) {}
Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text(statement_, index + 1, text.data(), static_cast<int>(text.size()),
                    SQLITE_TRANSIENT);
  return *this;
}
Statement& Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_, index + 1, value);
  return *this;
}
Statement& Statement::bind(int index, double value) {
  sqlite3_bind_double(statement_, index + 1, value);
  return *this;
}
Statement& Statement::bind_blob(int index, std::string_view bytes) {
  sqlite3_bind_blob64(statement_, index + 1, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
  return *this;
}
Result<bool> Statement::step() {
  if (!statement_) return error_of(db_, "read its tables");
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return error_of(db_, "be used");
}
void Statement::reset() { sqlite3_reset(statement_); }
std::string_view Statement::bytes(int column) const {
  const auto* first = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return first ? std::string_view(first, size) : std::string_view();
}
std::string Statement::text(int column) const { return std::string(bytes(column)); }
std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}
double Statement::number(int column) const { return sqlite3_column_double(statement_, column); }
bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
  return open(path, {.migrations = kMigrations, .checked_table = {}});
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, const Schema& schema) {
  for (const bool is_second_try : {false, true}) {
    sqlite3* db = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    std::unique_ptr<Database> opened(new Database(db));
    if (code != SQLITE_OK)
      return Error(Errc::io_error,
                   fmt::format("{} cannot be opened: {}; the folder must exist and be writable",
                               path, sqlite3_errmsg(db)));
    // Buffers for speed that nobody needs here; without them, 48 kB less.
    sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, nullptr, 0, 0);
    const Result<> ready = opened->prepare_schema(schema);
    if (ready) return opened;
    if (ready.error().code != Errc::malformed || is_second_try) return ready.error();
    opened.reset();
    const auto aside = set_aside(path);
    if (!aside) return aside.error();
    log::error("store", "{} is damaged ({}); it is kept as {}, and a new one begins", path,
               ready.error().text(), *aside);
  }
  return Errc::io_error;
}

Database::~Database() { sqlite3_close(db_); }

std::int64_t Database::last_id() const { return sqlite3_last_insert_rowid(db_); }

Result<> Database::execute(const std::string& sql) {
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return error_of(db_, "be changed");
  return {};
}

Result<std::unique_ptr<Database>> Database::open_again() {
  sqlite3* db = nullptr;
  const int code =
      sqlite3_open_v2(sqlite3_db_filename(db_, "main"), &db, SQLITE_OPEN_READWRITE, nullptr);
  std::unique_ptr<Database> opened(new Database(db));
  if (code != SQLITE_OK) return error_of(db, "be opened");
  if (const auto ready = opened->set_up_connection(); !ready) return ready.error();
  return opened;
}

Result<> Database::set_up_connection() {
  for (const char* sql :
       {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA cache_size=-256",
        "PRAGMA temp_store=MEMORY", "PRAGMA busy_timeout=1000"})
    if (const auto done = execute(sql); !done) return done.error();
  return {};
}

Result<> Database::prepare_schema(const Schema& schema) {
  if (const auto ready = set_up_connection(); !ready) return ready.error();
  if (const auto sound = check_pages(schema.checked_table); !sound) return sound.error();
  std::size_t version = 0;
  {
    Statement query = prepare("PRAGMA user_version");
    const auto row = query.step();
    if (!row) return row.error();
    version = static_cast<std::size_t>(query.integer(0));
  }
  if (version > schema.migrations.size())
    return Error(Errc::not_supported,
                 "the database was written by a newer version of battery2mqtt; install that one");
  for (; version < schema.migrations.size(); ++version) {
    const auto done = execute(fmt::format("BEGIN;{}PRAGMA user_version={};COMMIT;",
                                          schema.migrations[version], version + 1));
    if (!done) return done.error();
  }
  return {};
}

/// A table that is not there yet is sound.
Result<> Database::check_pages(std::string_view table) {
  if (!table.empty()) {
    Statement query = prepare("SELECT 1 FROM sqlite_schema WHERE name = ?");
    const auto row = query.bind(0, table).step();
    if (!row) return row.error();
    if (!*row) return {};
  }
  Statement check = prepare(fmt::format("PRAGMA quick_check({})", table.empty() ? "1" : table));
  const auto row = check.step();
  if (!row) return row.error();
  if (check.text(0) != "ok") return Error(Errc::malformed, check.text(0));
  return {};
}

std::optional<std::string> Database::setting(std::string_view key) {
  Statement query = prepare("SELECT value FROM setting WHERE key = ?");
  const auto row = query.bind(0, key).step();
  if (!row || !*row) return std::nullopt;
  return query.text(0);
}

Result<> Database::set_setting(std::string_view key, std::string_view value) {
  Statement change = prepare(
      "INSERT INTO setting VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2 "
      "WHERE value <> ?2");
  const auto done = change.bind(0, key).bind(1, value).step();
  if (!done) return done.error();
  return {};
}

Result<> Database::transaction(const std::function<Result<>()>& work) {
  if (const auto begun = execute("BEGIN IMMEDIATE"); !begun) return begun.error();
  Result<> done = work();
  if (done) done = execute("COMMIT");
  if (!done && sqlite3_get_autocommit(db_) == 0) {  // a full disk has rolled back already
    const auto undone = execute("ROLLBACK");
    if (!undone) log::error("store", "{}", undone.error().text());
  }
  return done;
}

std::map<std::string, std::string> Database::load_announcements() {
  std::map<std::string, std::string> announced;
  Statement query = prepare("SELECT topic, payload FROM announcement");
  for (auto row = query.step(); row && *row; row = query.step())
    announced[query.text(0)] = query.text(1);
  return announced;
}

Result<> Database::save_announcements(const std::map<std::string, std::string>& announced) {
  const auto former = load_announcements();
  if (former == announced) return {};  // flash cards wear out
  return transaction([&]() -> Result<> {
    Statement forget = prepare("DELETE FROM announcement WHERE topic = ?");
    for (const auto& [topic, payload] : former) {
      if (announced.contains(topic)) continue;
      if (const auto done = forget.bind(0, topic).step(); !done) return done.error();
      forget.reset();
    }
    Statement insert = prepare("INSERT OR REPLACE INTO announcement VALUES (?, ?)");
    for (const auto& [topic, payload] : announced) {
      const auto same = former.find(topic);
      if (same != former.end() && same->second == payload) continue;
      if (const auto done = insert.bind(0, topic).bind(1, payload).step(); !done)
        return done.error();
      insert.reset();
    }
    return {};
  });
}

}  // namespace b2m::store

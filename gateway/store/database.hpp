// SPDX-License-Identifier: MIT
// A SQLite file of a gateway: numbered migrations, durable writes, damage set aside and said.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace b2m::store {

/// A prepared statement; parameters and columns count from 0.
class Statement {
 public:
  Statement(sqlite3* db, std::string_view sql);
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, double value);
  Statement& bind_blob(int index, std::string_view bytes);
  /// True while there is a row.
  Result<bool> step();
  void reset();
  [[nodiscard]] std::string text(int column) const;
  /// Only until the next step.
  [[nodiscard]] std::string_view bytes(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double number(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
};

struct Schema {
  /// Migration n brings user_version from n to n + 1. Never change one that has been released.
  std::span<const char* const> migrations;
  /// Looked through at the start; empty: all of the file.
  std::string_view checked_table;
};

class Database {
 public:
  /// A damaged file is renamed to *.damaged-UTC and a new one begun. The error says what to mend.
  static Result<std::unique_ptr<Database>> open(const std::string& path, const Schema& schema);
  /// The gateway's own file.
  static Result<std::unique_ptr<Database>> open(const std::string& path);
  /// A second connection to the same file, for another thread.
  Result<std::unique_ptr<Database>> open_again();
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<> execute(const std::string& sql);
  [[nodiscard]] Statement prepare(std::string_view sql) { return {db_, sql}; }
  /// Of the row inserted last.
  [[nodiscard]] std::int64_t last_id() const;
  /// All of `work` or nothing of it.
  Result<> transaction(const std::function<Result<>()>& work);

  /// What was set by command and has to survive a restart.
  [[nodiscard]] std::optional<std::string> setting(std::string_view key);
  Result<> set_setting(std::string_view key, std::string_view value);

  /// Discovery topics and what was last published there.
  [[nodiscard]] std::map<std::string, std::string> load_announcements();
  Result<> save_announcements(const std::map<std::string, std::string>& announced);

 private:
  explicit Database(sqlite3* db) : db_(db) {}
  Result<> set_up_connection();
  Result<> prepare_schema(const Schema& schema);
  Result<> check_pages(std::string_view table);

  sqlite3* db_;
};

}  // namespace b2m::store

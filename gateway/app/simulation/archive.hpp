// SPDX-License-Identifier: MIT
// Where jobs and results are kept. A thread with a connection of its own writes and reads, since a
// disk that confirms what it has takes longer than the event loop may wait; it also does what else
// takes long about a job (reading a large request, writing rows as text).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gateway/io/awaitable.hpp"
#include "gateway/store/simulations.hpp"

namespace b2m::app {

using TablePtr = std::shared_ptr<const sim::SimulationTable>;

struct ArchiveLimits {
  std::size_t table_bytes = std::size_t{16} << 20;  // of results in memory
  std::chrono::milliseconds retry = std::chrono::seconds(10);
};

class Archive {
 public:
  using Told = std::function<void(const Result<>&)>;

  /// `store` may be null: then the newest results stay in memory, and nothing survives a restart.
  Archive(Executor executor, store::Simulations* store, ArchiveLimits limits = {});
  /// Writes what is left.
  ~Archive();
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  [[nodiscard]] bool is_lasting() const { return store_ != nullptr; }
  /// For the start; waits for the disk.
  [[nodiscard]] std::vector<store::StoredJob> load();

  /// These return at once. The newest state of a job counts; `table` may be null.
  void save(store::StoredJob job, TablePtr table = nullptr);
  void remove(const std::string& id);
  /// Calls back on the loop once everything so far has been tried: it is on the disk (at once
  /// without one), or why not.
  void when_written(Told then);
  /// `work` on the thread, then `done` on the loop; not called any more once the archive is gone.
  /// The error: `work` has thrown.
  void run(std::function<void()> work, Told done);
  /// Starts the thread where that has failed before.
  void tick();

  /// So much waits for the disk that no more results should be made.
  [[nodiscard]] bool is_full() const;
  /// Errc::not_found: none is kept. Only in the `work` of run().
  [[nodiscard]] Result<TablePtr> table(const std::string& id);

 private:
  struct Change {
    bool is_removed = false;                // before what else there is
    std::unique_ptr<store::StoredJob> job;  // null: nothing to write
    bool has_table = false;                 // in tables_, unless it was dropped
  };
  struct Work {
    std::function<void()> work;
    Told done;
  };
  using Changes = std::map<std::string, Change>;

  void start_thread();
  void serve();
  void do_one(std::unique_lock<std::mutex>& lock);
  void write_changes(std::unique_lock<std::mutex>& lock);
  void keep(const Changes& changes);
  void give_back(Changes changes);
  Result<> try_write(const Changes& changes, const std::map<std::string, TablePtr>& tables);
  Result<> write(const Changes& changes, const std::map<std::string, TablePtr>& tables);
  Result<> open();
  void put_table(const std::string& id, TablePtr table);
  void drop_table(const std::string& id);
  void tell(Told done, const Result<>& result);
  void tell_all(std::vector<Told> told, const Result<>& result);
  void tell_of(const Result<>& written);
  [[nodiscard]] bool may_write() const;
  [[nodiscard]] bool has_calm_news() const;

  Executor executor_;
  store::Simulations* store_;
  ArchiveLimits limits_;

  mutable std::mutex mutex_;
  std::condition_variable news_;
  Changes waiting_;
  std::set<std::string> on_disk_;
  std::map<std::string, TablePtr> tables_;  // not on the disk yet; without a database, all
  std::deque<std::string> table_order_;     // the oldest first
  std::size_t table_bytes_ = 0;
  std::deque<Work> work_;
  std::vector<Told> told_when_written_;
  bool is_writing_ = false;
  bool is_broken_ = false;  // the last try has failed
  bool is_ending_ = false;
  bool is_threadless_ = false;  // it could not be started
  std::chrono::steady_clock::time_point next_try_{};
  std::unique_ptr<store::Database> own_;                        // the thread's connection
  std::thread thread_;                                          // from the first work on
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what is posted
};

}  // namespace b2m::app

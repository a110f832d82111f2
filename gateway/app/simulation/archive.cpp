// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/archive.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "gateway/log.hpp"

namespace b2m::app {
namespace {

std::size_t bytes_of(const sim::SimulationTable& table) {
  return table.values.size() * sizeof(double);
}

Error no_rows(const std::string& id) {
  return {Errc::not_found, fmt::format("no rows are kept of the job \"{}\"", id)};
}

Result<TablePtr> read(store::Simulations& store, const std::string& id) {
  auto table = store.table(id);
  if (!table) return table.error();
  return std::make_shared<const sim::SimulationTable>(std::move(*table));
}

}  // namespace

Archive::Archive(Executor executor, store::Simulations* store, ArchiveLimits limits)
    : executor_(std::move(executor)), store_(store), limits_(limits) {}

Archive::~Archive() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  news_.notify_one();
  thread_.join();
}

std::vector<store::StoredJob> Archive::load() {
  if (!store_) return {};
  auto all = store_->load_all();
  if (all) return std::move(*all);
  log::error("simulation", "{}; the jobs of the last run are not known", all.error().text());
  return {};
}

void Archive::save(store::StoredJob job, TablePtr table) {
  {
    const std::lock_guard lock(mutex_);
    if (table) put_table(job.id, std::move(table));
    if (!store_) return;
    Change& change = waiting_[job.id];
    change.has_table = change.has_table || tables_.contains(job.id);
    change.job = std::make_unique<store::StoredJob>(std::move(job));
  }
  start_thread();
}

void Archive::remove(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    drop_table(id);
    if (!store_) return;
    Change& change = waiting_[id];
    change = Change();
    change.is_removed = true;
  }
  start_thread();
}

void Archive::when_written(std::function<void()> then) {
  {
    const std::lock_guard lock(mutex_);
    if (!store_ || (waiting_.empty() && !is_writing_)) return tell(std::move(then));
    told_when_written_.push_back(std::move(then));
  }
  start_thread();
}

void Archive::run(std::function<void()> work, std::function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    work_.push_back({std::move(work), std::move(done)});
  }
  start_thread();
}

void Archive::start_thread() {
  news_.notify_one();
  if (!thread_.joinable()) thread_ = std::thread([this] { serve(); });
}

bool Archive::is_full() const {
  const std::lock_guard lock(mutex_);
  return store_ && !is_broken_ && table_bytes_ > limits_.table_bytes;
}

/// While the disk takes nothing, and without a database, the oldest results go. The newest one
/// stays, however large.
void Archive::put_table(const std::string& id, TablePtr table) {
  drop_table(id);
  table_bytes_ += bytes_of(*table);
  tables_.emplace(id, std::move(table));
  table_order_.push_back(id);
  if (store_ && !is_broken_) return;
  while (table_bytes_ > limits_.table_bytes && table_order_.size() > 1)
    drop_table(std::string(table_order_.front()));
}

void Archive::drop_table(const std::string& id) {
  const auto at = tables_.find(id);
  if (at == tables_.end()) return;
  table_bytes_ -= bytes_of(*at->second);
  tables_.erase(at);
  std::erase(table_order_, id);
}

Result<TablePtr> Archive::table(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = tables_.find(id); at != tables_.end()) return at->second;
  }
  if (!store_) return no_rows(id);
  if (const auto opened = open(); !opened) return opened.error();
  store::Simulations store(*own_);
  return read(store, id);
}

Result<TablePtr> Archive::table_now(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = tables_.find(id); at != tables_.end()) return at->second;
  }
  if (!store_) return no_rows(id);
  return read(*store_, id);
}

void Archive::flush() {
  std::unique_lock lock(mutex_);
  calm_.wait(lock,
             [this] { return work_.empty() && !is_writing_ && (waiting_.empty() || is_broken_); });
}

bool Archive::may_write() const {
  return !waiting_.empty() &&
         (is_ending_ || !is_broken_ || std::chrono::steady_clock::now() >= next_try_);
}

void Archive::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto has_work = [this] { return is_ending_ || !work_.empty() || may_write(); };
    if (is_broken_)
      news_.wait_until(lock, next_try_, has_work);
    else
      news_.wait(lock, has_work);
    do_work(lock);
    const bool is_last = is_ending_;
    if (may_write()) write_changes(lock);
    calm_.notify_all();
    if (is_last) return;
  }
}

void Archive::do_work(std::unique_lock<std::mutex>& lock) {
  while (!work_.empty() && !is_ending_) {
    Work next = std::move(work_.front());
    lock.unlock();
    next.work();
    tell(std::move(next.done));
    next.work = nullptr;
    lock.lock();
    work_.pop_front();
  }
}

void Archive::write_changes(std::unique_lock<std::mutex>& lock) {
  Changes changes = std::exchange(waiting_, {});
  std::vector<std::function<void()>> told = std::exchange(told_when_written_, {});
  std::map<std::string, TablePtr> tables;
  for (const auto& [id, change] : changes)
    if (const auto at = tables_.find(id); change.has_table && at != tables_.end())
      tables.emplace(id, at->second);
  is_writing_ = true;
  lock.unlock();
  const Result<> written = write(changes, tables);
  tell_of(written);
  for (auto& then : told) tell(std::move(then));
  lock.lock();
  is_writing_ = false;
  is_broken_ = !written;
  next_try_ = std::chrono::steady_clock::now() + limits_.retry;
  if (!written) return give_back(std::move(changes));
  for (const auto& [id, table] : tables)
    if (const auto at = tables_.find(id); at != tables_.end() && at->second == table)
      drop_table(id);
}

/// What could not be written waits again, behind what has become newer meanwhile.
void Archive::give_back(Changes changes) {
  for (auto& [id, old] : changes) {
    Change& now = waiting_[id];
    if (now.is_removed) continue;
    now.is_removed = old.is_removed;
    now.has_table = now.has_table || old.has_table;
    if (!now.job) now.job = std::move(old.job);
  }
}

void Archive::tell_of(const Result<>& written) {
  if (written && is_broken_) log::info("simulation", "the database can be written again");
  if (written || is_broken_) return;
  log::error("simulation", "{}; jobs go on, but a restart would forget the latest ones",
             written.error().text());
}

/// The executor is used under the mutex of nobody: a posted call may come at any time.
void Archive::tell(std::function<void()> done) {
  boost::asio::post(executor_, [done = std::move(done), alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) done();
  });
}

Result<> Archive::open() {
  if (own_) return {};
  auto opened = store_->database().open_again();
  if (!opened) return opened.error();
  own_ = std::move(*opened);
  return {};
}

Result<> Archive::write(const Changes& changes, const std::map<std::string, TablePtr>& tables) {
  if (const auto opened = open(); !opened) return opened.error();
  store::Simulations store(*own_);
  return own_->transaction([&]() -> Result<> {
    for (const auto& [id, change] : changes) {
      if (change.is_removed)
        if (const auto done = store.remove(id); !done) return done.error();
      if (change.job)
        if (const auto done = store.save(*change.job); !done) return done.error();
      if (const auto at = tables.find(id); at != tables.end())
        if (const auto done = store.save_table(id, *at->second); !done) return done.error();
    }
    return {};
  });
}

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/archive.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "gateway/io/workers.hpp"
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
  if (!all) {
    log::error("simulation", "{}; the jobs of the last run are not known", all.error().text());
    return {};
  }
  const std::lock_guard lock(mutex_);
  for (const store::StoredJob& job : *all) on_disk_.insert(job.id);
  return std::move(*all);
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

/// What the disk has never seen need not be removed from it; while the thread writes, it may be
/// just about to see it.
void Archive::remove(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    drop_table(id);
    if (!store_) return;
    waiting_.erase(id);
    if (is_writing_ || on_disk_.contains(id)) waiting_[id].is_removed = true;
  }
  start_thread();
}

void Archive::when_written(Told then) {
  {
    const std::lock_guard lock(mutex_);
    if (!store_ || (waiting_.empty() && !is_writing_)) return tell(std::move(then), {});
    told_when_written_.push_back(std::move(then));
  }
  start_thread();
}

void Archive::run(std::function<void()> work, Told done) {
  {
    const std::lock_guard lock(mutex_);
    work_.push_back({std::move(work), std::move(done)});
  }
  start_thread();
}

void Archive::tick() {
  if (is_threadless_) start_thread();
}

/// A system without threads left is no reason to end: what is to be done waits.
void Archive::start_thread() {
  news_.notify_one();
  if (thread_.joinable()) return;
  try {
    thread_ = std::thread([this] { serve(); });
    is_threadless_ = false;
  } catch (const std::system_error& e) {
    if (!std::exchange(is_threadless_, true))
      log::error("simulation", "no thread can be started ({}); jobs wait until one can", e.what());
  }
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

bool Archive::may_write() const {
  return !waiting_.empty() &&
         (is_ending_ || !is_broken_ || std::chrono::steady_clock::now() >= next_try_);
}

/// Nothing waits any more for those who want to hear of it.
bool Archive::has_calm_news() const { return waiting_.empty() && !told_when_written_.empty(); }

/// By turns, so that neither many requests nor a slow disk keep the other from being served.
void Archive::serve() {
  step_back();
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto has_work = [this] {
      return is_ending_ || !work_.empty() || may_write() || has_calm_news();
    };
    if (is_broken_ && !waiting_.empty())
      news_.wait_until(lock, next_try_, has_work);
    else
      news_.wait(lock, has_work);
    const bool is_last = is_ending_;
    if (!work_.empty() && !is_last) do_one(lock);
    if (may_write()) write_changes(lock);
    if (has_calm_news()) tell_all(std::exchange(told_when_written_, {}), {});
    if (is_last) return;
  }
}

void Archive::do_one(std::unique_lock<std::mutex>& lock) {
  Work next = std::move(work_.front());
  work_.pop_front();
  lock.unlock();
  Result<> done;
  try {
    next.work();
  } catch (const std::exception& e) {
    done = Error(Errc::io_error, fmt::format("not enough memory, or worse: {}", e.what()));
  }
  next.work = nullptr;  // what it holds is gone before anybody hears that it is done
  tell(std::move(next.done), done);
  lock.lock();
}

void Archive::write_changes(std::unique_lock<std::mutex>& lock) {
  Changes changes = std::exchange(waiting_, {});
  std::vector<Told> told = std::exchange(told_when_written_, {});
  std::map<std::string, TablePtr> tables;
  for (const auto& [id, change] : changes)
    if (const auto at = tables_.find(id); change.has_table && at != tables_.end())
      tables.emplace(id, at->second);
  is_writing_ = true;
  lock.unlock();
  const Result<> written = try_write(changes, tables);
  tell_of(written);
  lock.lock();
  is_writing_ = false;
  is_broken_ = !written;
  next_try_ = std::chrono::steady_clock::now() + limits_.retry;
  tell_all(std::move(told), written);
  if (!written) {
    // Whoever has asked meanwhile need not wait for the next try.
    tell_all(std::exchange(told_when_written_, {}), written);
    return give_back(std::move(changes));
  }
  keep(changes);
  for (const auto& [id, table] : tables)
    if (const auto at = tables_.find(id); at != tables_.end() && at->second == table)
      drop_table(id);
}

/// A removal that came meanwhile stays, although there may be nothing left to remove.
void Archive::keep(const Changes& changes) {
  for (const auto& [id, change] : changes) {
    if (change.job)
      on_disk_.insert(id);
    else if (change.is_removed)
      on_disk_.erase(id);
  }
}

/// What could not be written waits again, behind what has become newer meanwhile. What was to be
/// removed and is not there is done with.
void Archive::give_back(Changes changes) {
  for (auto& [id, old] : changes) {
    Change& now = waiting_[id];
    if (!now.is_removed) {
      now.is_removed = old.is_removed;
      now.has_table = now.has_table || old.has_table;
      if (!now.job) now.job = std::move(old.job);
    }
  }
  for (auto& [id, change] : waiting_)
    if (!on_disk_.contains(id)) change.is_removed = false;
  std::erase_if(waiting_, [](const auto& e) { return !e.second.is_removed && !e.second.job; });
}

void Archive::tell_of(const Result<>& written) {
  if (written && is_broken_) log::info("simulation", "the database can be written again");
  if (written || is_broken_) return;
  log::error("simulation",
             "{}; what runs goes on, but no more jobs are taken, and a restart would forget the "
             "latest ones",
             written.error().text());
}

void Archive::tell(Told done, const Result<>& result) {
  boost::asio::post(executor_,
                    [done = std::move(done), result, alive = std::weak_ptr<bool>(alive_)] {
                      if (!alive.expired()) done(result);
                    });
}

void Archive::tell_all(std::vector<Told> told, const Result<>& result) {
  for (Told& then : told) tell(std::move(then), result);
}

Result<> Archive::open() {
  if (own_) return {};
  auto opened = store_->database().open_again();
  if (!opened) return opened.error();
  own_ = std::move(*opened);
  return {};
}

Result<> Archive::try_write(const Changes& changes, const std::map<std::string, TablePtr>& tables) {
  try {
    return write(changes, tables);
  } catch (const std::exception& e) {
    return Error(Errc::io_error, fmt::format("jobs cannot be written: {}", e.what()));
  }
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

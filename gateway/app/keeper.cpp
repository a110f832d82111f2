// SPDX-License-Identifier: MIT
#include "gateway/app/keeper.hpp"

#include <utility>

#include "gateway/log.hpp"

namespace b2m::app {
namespace {

constexpr std::string_view kPrefix = "rule.";
constexpr std::size_t kMostRecords = 100;  // that wait for a disk

std::string name_of(std::string_view key) { return std::string(kPrefix) + std::string(key); }

}  // namespace

Keeper::Keeper(store::Database* database, std::chrono::milliseconds retry)
    : database_(database), retry_(retry) {
  if (database_) sessions_.emplace(*database_);
}

Keeper::~Keeper() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  news_.notify_one();
  thread_.join();
}

std::optional<std::string> Keeper::recall(std::string_view key) const {
  return database_ ? database_->setting(name_of(key)) : std::nullopt;
}

void Keeper::keep(const Decision& decision) {
  if (!database_ || (decision.kept.empty() && decision.sessions.empty())) return;
  {
    const std::lock_guard lock(mutex_);
    for (const Kept& kept : decision.kept) waiting_.settings.insert_or_assign(kept.key, kept.value);
    for (const SessionRecord& record : decision.sessions)
      if (waiting_.records.size() < kMostRecords) waiting_.records.push_back(record);
  }
  news_.notify_one();
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
}

void Keeper::flush() {
  std::unique_lock lock(mutex_);
  calm_.wait(lock, [this] { return (waiting_.is_empty() && !is_writing_) || is_broken_; });
}

Keeper::Work Keeper::take() {
  std::unique_lock lock(mutex_);
  if (is_broken_) news_.wait_for(lock, retry_, [this] { return is_ending_; });
  news_.wait(lock, [this] { return is_ending_ || !waiting_.is_empty(); });
  is_writing_ = !waiting_.is_empty();
  return std::exchange(waiting_, {});
}

/// What could not be written waits again, behind what has become newer meanwhile.
void Keeper::give_back(Work work) {
  for (auto& [key, value] : work.settings) waiting_.settings.try_emplace(key, std::move(value));
  work.records.insert(work.records.end(), waiting_.records.begin(), waiting_.records.end());
  if (work.records.size() > kMostRecords) work.records.resize(kMostRecords);
  waiting_.records = std::move(work.records);
}

void Keeper::work() {
  for (;;) {
    Work next = take();
    if (next.is_empty()) return;  // the end
    const Result<> written = write(next);
    tell(written);
    const std::lock_guard lock(mutex_);
    is_writing_ = false;
    is_broken_ = !written;
    if (!written) give_back(std::move(next));
    calm_.notify_all();
    if (is_ending_ && (is_broken_ || waiting_.is_empty())) return;
  }
}

void Keeper::tell(const Result<>& written) {
  if (written && is_broken_) log::info("store", "the database can be written again");
  if (written || is_broken_) return;
  log::error("store", "{}; charging goes on, but a restart would forget the latest state",
             written.error().text());
}

Result<> Keeper::write(const Work& work) {
  if (!own_) {
    auto opened = database_->open_again();
    if (!opened) return opened.error();
    own_ = std::move(*opened);
  }
  store::Sessions sessions(*own_);
  return own_->transaction([&]() -> Result<> {
    for (const auto& [key, value] : work.settings)
      if (const auto done = own_->set_setting(name_of(key), value); !done) return done.error();
    for (const SessionRecord& record : work.records)
      if (const auto done = sessions.add(record); !done) return done.error();
    return {};
  });
}

}  // namespace b2m::app

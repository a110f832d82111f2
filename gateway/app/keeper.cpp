// SPDX-License-Identifier: MIT
#include "gateway/app/keeper.hpp"

#include "gateway/log.hpp"

namespace b2m::app {
namespace {

constexpr std::string_view kPrefix = "rule.";
constexpr SteadyDuration kRetry = std::chrono::seconds(10);
constexpr std::size_t kMostRecords = 100;  // that wait for a disk

std::string name_of(std::string_view key) { return std::string(kPrefix) + std::string(key); }

}  // namespace

Keeper::Keeper(store::Database* database) : database_(database) {
  if (database_) sessions_.emplace(*database_);
}

std::optional<std::string> Keeper::recall(std::string_view key) const {
  return database_ ? database_->setting(name_of(key)) : std::nullopt;
}

void Keeper::keep(const Decision& decision, SteadyTime now) {
  if (!database_) return;
  for (const Kept& kept : decision.kept) settings_.insert_or_assign(kept.key, kept.value);
  for (const SessionRecord& record : decision.sessions)
    if (records_.size() < kMostRecords) records_.push_back(record);
  if ((settings_.empty() && records_.empty()) || now < retry_at_) return;
  const Result<> written = database_->transaction([this] { return write(); });
  if (written) {
    if (has_complained_) log::info("store", "the database can be written again");
    has_complained_ = false;
    retry_at_ = {};
    settings_.clear();
    records_.clear();
    return;
  }
  retry_at_ = now + kRetry;
  if (has_complained_) return;
  has_complained_ = true;
  log::error("store", "{}; charging goes on, but a restart would forget the latest state",
             written.error().text());
}

Result<> Keeper::write() {
  for (const auto& [key, value] : settings_)
    if (const auto done = database_->set_setting(name_of(key), value); !done) return done.error();
  for (const SessionRecord& record : records_)
    if (const auto done = sessions_->add(record); !done) return done.error();
  return {};
}

}  // namespace b2m::app

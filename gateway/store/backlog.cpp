// SPDX-License-Identifier: MIT
#include "gateway/store/backlog.hpp"

#include <algorithm>
#include <ctime>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "gateway/log.hpp"

namespace b2m::store {
namespace {

constexpr std::size_t kRowOverhead = 32;  // SQLite's own bytes a row, roughly

std::string iso_time(std::int64_t ms) {
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+00:00", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, ms % 1000);
}

std::string text_json(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// As it stands on the value's topic: a number, `None` for unknown, or text.
std::string value_json(const std::string& value) {
  if (value == "None") return "null";
  const bool is_plain =
      !value.empty() && value.find_first_not_of("0123456789.-") == std::string::npos;
  if (is_plain && nlohmann::json::accept(value)) return value;
  return text_json(value);
}

std::string sample_json(const std::string& key, const std::string& value, std::int64_t time_ms) {
  return fmt::format(R"({{"time":"{}","key":{},"value":{}}})", iso_time(time_ms), text_json(key),
                     value_json(value));
}

}  // namespace

Backlog::Backlog(Database& database, BacklogLimits limits) : database_(database), limits_(limits) {
  Statement query = database_.prepare(
      "SELECT count(*), ifnull(sum(length(CAST(device || key || value AS BLOB))), 0), "
      "ifnull(max(time_ms), 0) FROM backlog");
  const auto row = query.step();
  if (!row || !*row) return;
  stored_ = static_cast<std::size_t>(query.integer(0));
  stored_bytes_ = static_cast<std::size_t>(query.integer(1)) + stored_ * kRowOverhead;
  newest_ms_ = query.integer(2);
}

void Backlog::add(const std::string& device, const std::string& key, const std::string& value,
                  WallTime measured) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(measured.time_since_epoch()).count();
  newest_ms_ = std::max<std::int64_t>(newest_ms_, ms);
  memory_.push_back({device, key, value, ms});
  if (memory_.size() < limits_.in_memory) return;
  if (!has_complained_) save();  // a full disk is tried again once a minute, not with every sample
  drop_surplus();
}

void Backlog::tick(SteadyTime now) {
  if (memory_.empty()) {
    next_write_ = now + limits_.write_interval;
  } else if (now >= next_write_) {
    next_write_ = now + limits_.write_interval;
    save();
  }
}

void Backlog::save() {
  if (memory_.empty()) return;
  const std::size_t samples = stored_;
  const std::size_t bytes = stored_bytes_;
  const std::uint64_t dropped = dropped_;
  const Result<> done = database_.transaction([&]() -> Result<> {
    if (const auto written = write(); !written) return written.error();
    return trim();
  });
  if (done) {
    memory_.clear();
    has_complained_ = false;
    return;
  }
  stored_ = samples;  // nothing of it has happened
  stored_bytes_ = bytes;
  dropped_ = dropped;
  if (!std::exchange(has_complained_, true))
    log::error("store", "samples cannot be written: {}; only the newest {} are kept, in memory",
               done.error().text(), limits_.in_memory);
  drop_surplus();
}

void Backlog::drop_surplus() {
  while (memory_.size() > limits_.in_memory) {
    memory_.pop_front();
    ++dropped_;
  }
}

Result<> Backlog::write() {
  Statement insert =
      database_.prepare("INSERT INTO backlog (device, key, value, time_ms) VALUES (?, ?, ?, ?)");
  for (const Sample& s : memory_) {
    const auto done =
        insert.bind(0, s.device).bind(1, s.key).bind(2, s.value).bind(3, s.time_ms).step();
    if (!done) return done.error();
    insert.reset();
    stored_bytes_ += s.device.size() + s.key.size() + s.value.size() + kRowOverhead;
  }
  stored_ += memory_.size();
  return {};
}

/// Too old goes first, then the oldest until the rest fits.
Result<> Backlog::trim() {
  const auto age_ms = std::chrono::duration_cast<std::chrono::milliseconds>(limits_.age).count();
  const auto aged = forget("time_ms < ?", newest_ms_ - age_ms);
  if (!aged) return aged.error();
  dropped_ += *aged;
  while (stored_ > 0 && stored_bytes_ > limits_.bytes) {
    Statement cut =
        database_.prepare("SELECT max(id) FROM (SELECT id FROM backlog ORDER BY id LIMIT ?)");
    const auto found =
        cut.bind(0, static_cast<std::int64_t>(std::max<std::size_t>(stored_ / 64, 1))).step();
    if (!found) return found.error();
    const auto gone = forget("id <= ?", cut.integer(0));
    if (!gone) return gone.error();
    if (*gone == 0) break;
    dropped_ += *gone;
  }
  return {};
}

/// How many went.
Result<std::size_t> Backlog::forget(const std::string& which, std::int64_t limit) {
  Statement counting = database_.prepare(
      "SELECT count(*), ifnull(sum(length(CAST(device || key || value AS BLOB))), 0) FROM backlog "
      "WHERE " +
      which);
  const auto found = counting.bind(0, limit).step();
  if (!found) return found.error();
  const auto samples = static_cast<std::size_t>(counting.integer(0));
  const auto bytes = static_cast<std::size_t>(counting.integer(1)) + samples * kRowOverhead;
  if (samples == 0) return samples;
  Statement deleting = database_.prepare("DELETE FROM backlog WHERE " + which);
  const auto gone = deleting.bind(0, limit).step();
  if (!gone) return gone.error();
  stored_ -= std::min(stored_, samples);
  stored_bytes_ -= std::min(stored_bytes_, bytes);
  return samples;
}

std::vector<std::pair<std::string, std::string>> Backlog::next_batch(std::size_t samples) {
  save();
  batch_end_ = 0;
  if (stored_ == 0) return {};
  std::map<std::string, std::string> by_device;
  Statement query =
      database_.prepare("SELECT id, device, key, value, time_ms FROM backlog ORDER BY id LIMIT ?");
  query.bind(0, static_cast<std::int64_t>(samples));
  for (auto row = query.step(); row && *row; row = query.step()) {
    std::string& json = by_device[query.text(1)];
    json += json.empty() ? R"({"samples":[)" : ",";
    json += sample_json(query.text(2), query.text(3), query.integer(4));
    batch_end_ = query.integer(0);
  }
  std::vector<std::pair<std::string, std::string>> messages;
  for (auto& [device, json] : by_device) messages.emplace_back(device, json + "]}");
  return messages;
}

void Backlog::acknowledge() {
  if (batch_end_ == 0) return;
  const auto done = forget("id <= ?", batch_end_);
  if (!done)
    log::error("store", "samples that were sent cannot be deleted: {}", done.error().text());
  batch_end_ = 0;
}

std::string Backlog::stats_json() const {
  return fmt::format(R"({{"samples":{},"bytes":{},"dropped":{}}})", size(), stored_bytes_,
                     dropped_);
}

}  // namespace b2m::store

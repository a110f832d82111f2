// SPDX-License-Identifier: MIT
#include "gateway/store/backlog.hpp"

#include <algorithm>
#include <ctime>
#include <map>
#include <utility>

#include <fmt/format.h>

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

std::string sample_json(const std::string& key, const std::string& value, std::int64_t time_ms) {
  const bool is_number =
      !value.empty() && value.find_first_not_of("0123456789.-") == std::string::npos;
  return fmt::format(R"({{"time":"{}","key":"{}","value":{}}})", iso_time(time_ms), key,
                     is_number ? value : '"' + value + '"');
}

}  // namespace

Backlog::Backlog(Database& database, BacklogLimits limits) : database_(database), limits_(limits) {
  Statement query = database_.prepare(
      "SELECT count(*), ifnull(sum(length(device) + length(key) + length(value)), 0), "
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
  if (memory_.size() >= limits_.in_memory) save();
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
  const Result<> done = database_.transaction([&]() -> Result<> {
    if (const auto written = write(); !written) return written.error();
    return trim();
  });
  if (done) {
    has_complained_ = false;
    return;
  }
  if (!std::exchange(has_complained_, true))
    log::error("store", "samples cannot be kept: {}; the oldest are dropped", done.error().text());
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
  memory_.clear();
  return {};
}

/// Too old goes first, then the oldest until the rest fits.
Result<> Backlog::trim() {
  const auto age_ms = std::chrono::duration_cast<std::chrono::milliseconds>(limits_.age).count();
  Statement old = database_.prepare(
      "SELECT count(*), ifnull(sum(length(device) + length(key) + length(value)), 0) FROM "
      "backlog WHERE time_ms < ?");
  const auto found = old.bind(0, newest_ms_ - age_ms).step();
  if (!found) return found.error();
  if (old.integer(0) > 0) {
    Statement forget = database_.prepare("DELETE FROM backlog WHERE time_ms < ?");
    const auto gone = forget.bind(0, newest_ms_ - age_ms).step();
    if (!gone) return gone.error();
    lose(static_cast<std::size_t>(old.integer(0)), static_cast<std::size_t>(old.integer(1)), true);
  }
  while (stored_ > 0 && stored_bytes_ > limits_.bytes) {
    const auto cut = drop_oldest(std::max<std::size_t>(stored_ / 64, 1));
    if (!cut) return cut.error();
  }
  return {};
}

Result<> Backlog::drop_oldest(std::size_t samples) {
  Statement last = database_.prepare(
      "SELECT max(id), count(*), sum(length(device) + length(key) + length(value)) FROM (SELECT * "
      "FROM backlog ORDER BY id "
      "LIMIT ?)");
  const auto found = last.bind(0, static_cast<std::int64_t>(samples)).step();
  if (!found) return found.error();
  return forget_until(last.integer(0), static_cast<std::size_t>(last.integer(1)),
                      static_cast<std::size_t>(last.integer(2)), true);
}

Result<> Backlog::forget_until(std::int64_t id, std::size_t samples, std::size_t bytes,
                               bool is_loss) {
  Statement forget = database_.prepare("DELETE FROM backlog WHERE id <= ?");
  const auto gone = forget.bind(0, id).step();
  if (!gone) return gone.error();
  lose(samples, bytes, is_loss);
  return {};
}

void Backlog::lose(std::size_t samples, std::size_t bytes, bool is_loss) {
  stored_ -= std::min(stored_, samples);
  stored_bytes_ -= std::min(stored_bytes_, bytes + samples * kRowOverhead);
  if (is_loss) dropped_ += samples;
}

std::vector<std::pair<std::string, std::string>> Backlog::next_batch(std::size_t samples) {
  save();
  batch_ = {};
  if (stored_ == 0) return {};
  std::map<std::string, std::string> by_device;
  Statement query =
      database_.prepare("SELECT id, device, key, value, time_ms FROM backlog ORDER BY id LIMIT ?");
  query.bind(0, static_cast<std::int64_t>(samples));
  for (auto row = query.step(); row && *row; row = query.step()) {
    std::string& json = by_device[query.text(1)];
    json += json.empty() ? R"({"samples":[)" : ",";
    json += sample_json(query.text(2), query.text(3), query.integer(4));
    batch_.last_id = query.integer(0);
    ++batch_.samples;
    batch_.bytes += query.text(1).size() + query.text(2).size() + query.text(3).size();
  }
  std::vector<std::pair<std::string, std::string>> messages;
  for (auto& [device, json] : by_device) messages.emplace_back(device, json + "]}");
  return messages;
}

void Backlog::acknowledge() {
  if (batch_.samples == 0) return;
  const auto done = forget_until(batch_.last_id, batch_.samples, batch_.bytes, false);
  if (!done) log::error("store", "{}", done.error().text());
  batch_ = {};
}

std::string Backlog::stats_json() const {
  return fmt::format(R"({{"samples":{},"bytes":{},"dropped":{}}})", size(), stored_bytes_,
                     dropped_);
}

}  // namespace b2m::store

// SPDX-License-Identifier: MIT
// Samples that could not be sent while the broker was away: bounded by age and size, the oldest
// dropped and counted; written in batches, since flash cards wear out.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "gateway/store/database.hpp"
#include "gateway/units.hpp"

namespace b2m::store {

struct BacklogLimits {
  std::size_t bytes = 64U << 20;
  std::chrono::hours age{24};
  std::size_t in_memory = 2000;  // samples; more are written at once
  SteadyDuration write_interval = std::chrono::seconds(60);
};

class Backlog {
 public:
  explicit Backlog(Database& database, BacklogLimits limits = {});

  void add(const std::string& device, const std::string& key, const std::string& value,
           WallTime measured);
  /// Writes what has waited for long enough; call now and then.
  void tick(SteadyTime now);
  /// Writes everything.
  void save();

  /// Up to so many of the oldest samples as JSON by device; the same ones until acknowledge().
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> next_batch(std::size_t samples);
  /// The last batch has arrived.
  void acknowledge();

  [[nodiscard]] std::size_t size() const { return stored_ + memory_.size(); }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  [[nodiscard]] std::string stats_json() const;

 private:
  struct Sample {
    std::string device, key, value;
    std::int64_t time_ms;
  };
  Result<> write();
  Result<> trim();
  Result<std::size_t> forget(const std::string& which, std::int64_t limit);
  void drop_surplus();

  Database& database_;
  BacklogLimits limits_;
  std::deque<Sample> memory_;
  std::size_t stored_ = 0;
  std::size_t stored_bytes_ = 0;
  std::int64_t newest_ms_ = 0;
  std::int64_t batch_end_ = 0;  // id of the last sample of the batch under way; 0: none
  std::uint64_t dropped_ = 0;
  SteadyTime next_write_{};
  bool has_complained_ = false;
};

}  // namespace b2m::store

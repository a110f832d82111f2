// SPDX-License-Identifier: MIT
// The jobs that the service knows: the queue by priority and arrival, what is over by age, and
// their names.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "gateway/app/simulation/service.hpp"

namespace b2m::app {

struct Job {
  enum class News { none, progress, state };  // not published yet

  JobStatus status;
  std::string request;  // self-contained; empty once the job is over
  double time_limit_s = 0;
  std::int64_t sequence = 0;  // in the order of arrival
  std::int64_t fingerprint = 0;
  int losses = 0;
  int order = 0;                  // of the attempt that counts; no two have the same
  std::int64_t result_bytes = 0;  // of its rows
  SteadyTime known_over{};        // by the steady clock, since when it is known to be over
  JobPlace* place = nullptr;      // has it; null while it waits
  bool is_started = false;        // the place has been told
  bool is_survivor = false;       // of an earlier run of this program
  bool is_cancelling = false;
  News news = News::none;
  SteadyTime published{};
};

store::StoredJob to_stored(const Job& job);
/// Nothing for what cannot be understood, or would do harm where it is published.
std::unique_ptr<Job> from_stored(const store::StoredJob& stored);
std::int64_t fingerprint_of(std::string_view request);
/// Can stand in a topic: letters, digits, - _ . : only, and not too long.
bool is_usable_id(std::string_view id);

class JobTable {
 public:
  [[nodiscard]] Job* find(const std::string& id) const;
  /// By the caller's own id, as he wrote it.
  [[nodiscard]] Job* find_caller(const std::string& id_json) const;
  Job& add(std::unique_ptr<Job> job);
  void erase(const std::string& id);

  /// Jobs that wait for a place.
  void enqueue(const Job& job);
  void dequeue(const Job& job);
  [[nodiscard]] Job* first_queued() const;
  [[nodiscard]] std::size_t queued() const { return queue_.size(); }

  /// The job is over: its request is forgotten.
  void retire(Job& job);
  [[nodiscard]] std::size_t over() const { return over_.size(); }
  /// Of the rows of all that are over.
  [[nodiscard]] std::int64_t result_bytes() const { return result_bytes_; }
  /// Over, but somebody is still to be called back.
  [[nodiscard]] std::size_t pending_callbacks() const;
  /// Those that are over, the one that ended first first: end, arrival, id.
  using ByEnd = std::set<std::tuple<WallTime, std::int64_t, std::string>>;
  [[nodiscard]] const ByEnd& by_end() const { return over_; }

  [[nodiscard]] std::string free_id(WallTime now) const;
  [[nodiscard]] std::int64_t next_sequence() { return ++last_sequence_; }
  [[nodiscard]] std::size_t request_bytes() const { return request_bytes_; }
  [[nodiscard]] std::size_t size() const { return jobs_.size(); }
  [[nodiscard]] std::vector<const Job*> newest_first() const;

 private:
  std::map<std::string, std::unique_ptr<Job>> jobs_;
  std::map<std::string, std::string> by_caller_;
  std::set<std::tuple<int, std::int64_t, std::string>> queue_;
  ByEnd over_;
  std::int64_t last_sequence_ = 0;
  std::size_t request_bytes_ = 0;
  std::int64_t result_bytes_ = 0;
};

}  // namespace b2m::app

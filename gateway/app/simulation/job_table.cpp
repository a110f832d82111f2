// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/job_table.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace b2m::app {
namespace {

constexpr std::size_t kLongestId = 64;
constexpr std::size_t kLongestCallerId = 1000;

std::int64_t to_ms(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}
WallTime from_ms(std::int64_t ms) { return WallTime{} + std::chrono::milliseconds(ms); }

/// None, a text or a number, as a request may have it.
bool is_caller_id(const std::string& id_json) {
  if (id_json.empty()) return true;
  if (id_json.size() > kLongestCallerId || id_json.front() == '[' || id_json.front() == '{')
    return false;
  const auto json = nlohmann::json::parse(id_json, nullptr, false);
  return json.is_string() || json.is_number();
}

auto queue_key(const Job& job) {
  return std::tuple(-job.status.priority, job.sequence, job.status.id);
}
auto over_key(const Job& job) { return std::tuple(job.status.ended, job.sequence, job.status.id); }

}  // namespace

store::StoredJob to_stored(const Job& job) {
  const JobStatus& s = job.status;
  store::StoredJob stored;
  stored.id = s.id;
  stored.id_json = s.id_json;
  stored.simulation_type = s.simulation_type;
  stored.state = kJobStates[static_cast<int>(s.state)];
  stored.end = s.end;
  stored.request = job.request;
  stored.reason = s.reason;
  stored.callback_url = s.callback_url;
  stored.is_callback_pending = s.is_callback_pending;
  stored.is_csv = s.format == ResultFormat::csv;
  stored.priority = s.priority;
  stored.attempt = s.attempt;
  stored.losses = job.losses;
  stored.time_limit_s = job.time_limit_s;
  stored.calculated_s = s.calculated_s;
  stored.rows = s.rows;
  stored.result_bytes = job.result_bytes;
  stored.sequence = job.sequence;
  stored.fingerprint = job.fingerprint;
  stored.created_ms = to_ms(s.created);
  stored.ended_ms = is_over(s.state) ? to_ms(s.ended) : 0;
  return stored;
}

std::unique_ptr<Job> from_stored(const store::StoredJob& stored) {
  const auto state = std::ranges::find(kJobStates, stored.state);
  if (state == std::end(kJobStates) || !is_usable_id(stored.id) || !is_caller_id(stored.id_json))
    return nullptr;
  auto job = std::make_unique<Job>();
  JobStatus& s = job->status;
  s.id = stored.id;
  s.id_json = stored.id_json;
  s.simulation_type = stored.simulation_type;
  s.state = static_cast<JobState>(state - std::begin(kJobStates));
  s.end = stored.end;
  s.reason = stored.reason;
  s.callback_url = stored.callback_url;
  s.is_callback_pending = stored.is_callback_pending;
  s.format = stored.is_csv ? ResultFormat::csv : ResultFormat::json;
  s.priority = stored.priority;
  s.attempt = stored.attempt;
  s.progress = s.state == JobState::done ? 1 : 0;
  s.calculated_s = stored.calculated_s;
  s.rows = stored.rows;
  s.created = from_ms(stored.created_ms);
  s.ended = from_ms(stored.ended_ms);
  job->request = stored.request;
  job->time_limit_s = stored.time_limit_s;
  job->sequence = stored.sequence;
  job->fingerprint = stored.fingerprint;
  job->losses = stored.losses;
  job->result_bytes = std::max<std::int64_t>(stored.result_bytes, 0);
  job->is_survivor = true;
  return job;
}

/// FNV-1a: the same in every run of the program, unlike std::hash.
std::int64_t fingerprint_of(std::string_view request) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : request) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return static_cast<std::int64_t>(hash);
}

bool is_usable_id(std::string_view id) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':';
  };
  return !id.empty() && id.size() <= kLongestId && std::ranges::all_of(id, fits);
}

Job* JobTable::find(const std::string& id) const {
  const auto at = jobs_.find(id);
  return at == jobs_.end() ? nullptr : at->second.get();
}

Job* JobTable::find_caller(const std::string& id_json) const {
  const auto at = by_caller_.find(id_json);
  return id_json.empty() || at == by_caller_.end() ? nullptr : find(at->second);
}

Job& JobTable::add(std::unique_ptr<Job> added) {
  Job& job = *jobs_.insert_or_assign(added->status.id, std::move(added)).first->second;
  if (!job.status.id_json.empty()) by_caller_[job.status.id_json] = job.status.id;
  last_sequence_ = std::max(last_sequence_, job.sequence);
  request_bytes_ += job.request.size();
  if (is_over(job.status.state)) retire(job);
  return job;
}

void JobTable::erase(const std::string& id) {
  const auto at = jobs_.find(id);
  if (at == jobs_.end()) return;
  const Job& job = *at->second;
  dequeue(job);
  over_.erase(over_key(job));
  request_bytes_ -= job.request.size();
  if (is_over(job.status.state)) result_bytes_ -= job.result_bytes;
  if (const auto caller = by_caller_.find(job.status.id_json);
      caller != by_caller_.end() && caller->second == id)
    by_caller_.erase(caller);
  jobs_.erase(at);
}

void JobTable::enqueue(const Job& job) { queue_.insert(queue_key(job)); }

void JobTable::dequeue(const Job& job) { queue_.erase(queue_key(job)); }

Job* JobTable::first_queued() const {
  return queue_.empty() ? nullptr : find(std::get<2>(*queue_.begin()));
}

void JobTable::retire(Job& job) {
  dequeue(job);
  over_.insert(over_key(job));
  result_bytes_ += job.result_bytes;
  request_bytes_ -= job.request.size();
  job.request = std::string();
}

std::size_t JobTable::pending_callbacks() const {
  const auto is_pending = [this](const auto& key) {
    return find(std::get<2>(key))->status.is_callback_pending;
  };
  return static_cast<std::size_t>(std::ranges::count_if(over_, is_pending));
}

std::string JobTable::free_id(WallTime now) const {
  std::int64_t number = to_ms(now);
  std::string id = fmt::format("job-{:x}", number);
  while (jobs_.contains(id)) id = fmt::format("job-{:x}", ++number);
  return id;
}

std::vector<const Job*> JobTable::newest_first() const {
  std::vector<const Job*> all;
  all.reserve(jobs_.size());
  for (const auto& [id, job] : jobs_) all.push_back(job.get());
  std::ranges::sort(all, [](const Job* a, const Job* b) { return a->sequence > b->sequence; });
  return all;
}

}  // namespace b2m::app

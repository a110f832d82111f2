// SPDX-License-Identifier: MIT
#include "gateway/mqtt/outbox.hpp"

#include <limits>
#include <utility>

namespace b2m::mqtt {

void Outbox::Keyed::put(const std::string& key, Outgoing message) {
  auto at = entries.find(key);
  if (at == entries.end()) at = entries.try_emplace(key).first;
  Entry& entry = at->second;
  message.version = entry.version = ++last_version;
  entry.message = std::move(message);
  if (!std::exchange(entry.is_waiting, true)) order.push_back(&entry);
}

void Outbox::Keyed::put_back(const std::string& key, Outgoing message) {
  const auto at = entries.find(key);
  if (at == entries.end() || at->second.is_waiting || at->second.version != message.version) return;
  Entry& entry = at->second;
  entry.message = std::move(message);
  entry.is_waiting = true;
  order.push_front(&entry);
}

std::optional<Outgoing> Outbox::Keyed::take() {
  if (order.empty()) return std::nullopt;
  Entry& entry = *order.front();
  order.pop_front();
  entry.is_waiting = false;
  return std::move(entry.message);
}

void Outbox::Keyed::forget(const std::string& key, std::uint64_t version) {
  const auto at = entries.find(key);
  if (at != entries.end() && !at->second.is_waiting && at->second.version == version)
    entries.erase(at);
}

void Outbox::push(Outgoing message) {
  switch (message.lane) {
    case Lane::state: {
      const std::string key = message.topic;
      return states_.put(key, std::move(message));
    }
    case Lane::alert: {
      const std::string key = message.coalesce;
      return alerts_.put(key, std::move(message));
    }
    case Lane::response:
      return enqueue(std::move(message), limits_.responses);
    case Lane::event:
      return enqueue(std::move(message), limits_.events);
    case Lane::log:
      return enqueue(std::move(message), limits_.logs);
    case Lane::history:
      return enqueue(std::move(message), std::numeric_limits<std::size_t>::max());
  }
}

void Outbox::enqueue(Outgoing message, std::size_t limit) {
  auto& queue = queues_[index(message.lane)];
  if (queue.size() >= limit) {
    ++stats_[index(message.lane)].dropped;
    // An answer that is promised is kept; who asks beyond the limit is refused before it comes
    // here.
    if (message.lane == Lane::response) return;
    queue.pop_front();
  }
  queue.push_back(std::move(message));
}

std::optional<Outgoing> Outbox::pop() {
  const auto take = [&](Lane lane) -> std::optional<Outgoing> {
    auto& queue = queues_[index(lane)];
    if (queue.empty()) return std::nullopt;
    Outgoing message = std::move(queue.front());
    queue.pop_front();
    return message;
  };
  if (auto m = take(Lane::response)) return m;
  if (auto m = alerts_.take()) return m;
  if (auto m = states_.take()) return m;
  if (auto m = take(Lane::event)) return m;
  if (auto m = take(Lane::history)) return m;
  return take(Lane::log);
}

void Outbox::put_back(Outgoing message) {
  if (message.lane == Lane::state) {
    const std::string key = message.topic;
    return states_.put_back(key, std::move(message));
  }
  if (message.lane == Lane::alert) {
    const std::string key = message.coalesce;
    return alerts_.put_back(key, std::move(message));
  }
  if (message.lane == Lane::log ||
      (message.lane == Lane::event && depth(Lane::event) >= limits_.events)) {
    ++stats_[index(message.lane)].dropped;  // the oldest of all
    return;
  }
  queues_[index(message.lane)].push_front(std::move(message));
}

void Outbox::sent(const Outgoing& message) {
  ++stats_[index(message.lane)].sent;
  const bool is_farewell = message.retain && message.payload.empty();
  if (message.lane == Lane::state && is_farewell) states_.forget(message.topic, message.version);
}

void Outbox::drop_logs() {
  auto& queue = queues_[index(Lane::log)];
  stats_[index(Lane::log)].dropped += queue.size();
  queue.clear();
}

bool Outbox::empty() const {
  for (const auto& queue : queues_)
    if (!queue.empty()) return false;
  return states_.order.empty() && alerts_.order.empty();
}

std::size_t Outbox::depth(Lane lane) const {
  if (lane == Lane::state) return states_.order.size();
  if (lane == Lane::alert) return alerts_.order.size();
  return queues_[index(lane)].size();
}

std::map<std::string, QueueStats> Outbox::stats() const {
  std::map<std::string, QueueStats> all;
  for (std::size_t i = 0; i < std::size(kLanes); ++i) {
    QueueStats s = stats_[i];
    s.depth = depth(static_cast<Lane>(i));
    all.emplace(kLanes[i], s);
  }
  return all;
}

}  // namespace b2m::mqtt

// SPDX-License-Identifier: MIT
// What waits to be sent, by lane: newest per topic for states, latest per alert, bounded queues for
// the rest. A plain data structure; the link decides when something is taken out.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "gateway/mqtt/link.hpp"

namespace b2m::mqtt {

struct OutboxLimits {
  std::size_t responses = 1000, events = 1000, logs = 200;
};

class Outbox {
 public:
  explicit Outbox(OutboxLimits limits) : limits_(limits) {}

  void push(Outgoing message);
  /// The next one to send: responses and alerts first, then states in the order of their first
  /// change, events, history, logs.
  std::optional<Outgoing> pop();
  /// It was lost on the way: back it goes to the front, unless a newer one of its key is waiting or
  /// has been taken out since.
  void put_back(Outgoing message);
  void lost(Lane lane) { ++stats_[index(lane)].dropped; }
  void sent(const Outgoing& message);
  /// Log lines are not worth keeping while nobody can get them.
  void drop_logs();

  [[nodiscard]] bool empty() const;
  [[nodiscard]] std::size_t depth(Lane lane) const;
  /// Topics and alerts that something is known of.
  [[nodiscard]] std::size_t keys() const { return states_.entries.size() + alerts_.entries.size(); }
  [[nodiscard]] bool has_response_room() const { return depth(Lane::response) < limits_.responses; }
  [[nodiscard]] std::map<std::string, QueueStats> stats() const;

 private:
  static std::size_t index(Lane lane) { return static_cast<std::size_t>(lane); }
  /// Newest per key, in the order in which the keys came. A key keeps its entry: only so is it
  /// known that what comes back has been overtaken. Once the broker has forgotten a topic, so is
  /// its key here.
  struct Keyed {
    struct Entry {
      Outgoing message;
      std::uint64_t version = 0;
      bool is_waiting = false;
    };
    std::unordered_map<std::string, Entry> entries;
    std::deque<Entry*> order;
    void put(const std::string& key, Outgoing message);
    void put_back(const std::string& key, Outgoing message);
    std::optional<Outgoing> take();
    void forget(const std::string& key, std::uint64_t version);
    std::uint64_t last_version = 0;  // of all keys: one that is forgotten may come again
  };
  void enqueue(Outgoing message, std::size_t limit);

  OutboxLimits limits_;
  Keyed states_, alerts_;
  std::array<std::deque<Outgoing>, std::size(kLanes)> queues_;
  std::array<QueueStats, std::size(kLanes)> stats_{};
};

}  // namespace b2m::mqtt

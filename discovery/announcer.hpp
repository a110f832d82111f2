// SPDX-License-Identifier: MIT
// The life cycle of the discovery messages: announced, repeated, defended and taken back, in any
// order of restarts of gateway, broker and Home Assistant. No clock and no connection of its own.
// The facts behind it: docs/protocols/home-assistant.md, "Taking things back".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "discovery/home_assistant.hpp"
#include "discovery/retraction.hpp"
#include "discovery/topics.hpp"
#include "gateway/model/report.hpp"

namespace b2m::discovery {

struct AnnouncerSettings {
  bool enabled = true;  // false: take back whatever was announced before
  std::string status_topic = "homeassistant/status";
  std::uint32_t seed = 1;
  HomeAssistantOptions options{};
};

/// What is to be done now, in this order.
struct Announcement {
  bool save = false;          // Announcer::announced() has changed: write it to disk first
  bool availability = false;  // publish bridge/state and every device's availability again
  bool states = false;        // publish every value again
  std::vector<Message> messages;
  std::vector<std::pair<DeviceId, Note>> notes;
};

class Announcer {
 public:
  /// `announced` is what a former run saved; empty at the first start.
  Announcer(const Site& site, const Topics& topics, AnnouncerSettings settings,
            Announced announced);

  /// The filters to subscribe to; their messages go to on_message.
  [[nodiscard]] std::vector<std::string> filters() const;
  /// Connected and subscribed.
  void on_online(SteadyTime now);
  void on_offline();
  /// Ignores topics that are not its own, so every message may be handed in.
  void on_message(std::string_view topic, std::string_view payload, bool retained, SteadyTime now);
  /// The user asks for everything again.
  void rediscover(SteadyTime now);

  /// Call when `next_due` says so, and after every call above.
  Announcement poll(SteadyTime now);
  [[nodiscard]] std::optional<SteadyTime> next_due() const;
  /// What to keep on disk for the next run.
  [[nodiscard]] Announced announced() const;

 private:
  /// What comes next for one message. `rest` alone repeats it; `clear` before it takes away
  /// components that have changed their platform; `ghosts`, `retract`, `last` take back for sure.
  enum class Stage { idle, clear, rest, ghosts, retract, last };
  /// One discovery topic, ours or formerly ours.
  struct Entry {
    std::string topic;
    DeviceId device;
    Retraction retraction;
    Stage stage = Stage::idle;
    SteadyTime due{};
    bool is_deleted = false;            // by somebody else; will be sent again
    bool is_heard = false;              // since the connection was made
    std::vector<std::size_t> sent;      // hashes of our latest payloads, oldest first
    std::vector<SteadyTime> overwrote;  // within the last minute
  };
  void take_current(const Site& site);
  void take_former(const Announced& announced);
  void schedule(Entry& entry, SteadyTime due, bool is_home_assistant_up) const;
  void schedule_all(SteadyTime start, bool is_home_assistant_up);
  void on_birth(SteadyTime now);
  void on_death(SteadyTime now);
  void on_config(std::string_view topic, std::string_view payload, bool retained, SteadyTime now);
  void on_deleted(Entry& entry, SteadyTime now);
  void on_foreign(Entry& entry, SteadyTime now);
  void learn(Entry* entry, std::string_view topic, std::string_view payload, SteadyTime now);
  void step(Entry& entry, SteadyTime now, Announcement& out);
  void clear_values(const Entry& entry, Announcement& out) const;
  void note(const Entry& entry, std::string_view type, std::string message);
  [[nodiscard]] Entry* find(std::string_view topic);
  [[nodiscard]] bool is_learning(SteadyTime now) const;

  Topics topics_;
  AnnouncerSettings settings_;
  std::vector<Entry> entries_;              // in the order in which they are announced
  std::vector<std::string> topics_in_use_;  // sorted
  std::minstd_rand random_;
  bool online_ = false;
  bool was_online_ = false;
  bool save_ = false;
  bool clear_values_ = false;
  SteadyTime online_since_{};
  std::optional<SteadyTime> states_due_;
  std::vector<std::pair<DeviceId, Note>> notes_;
};

}  // namespace b2m::discovery

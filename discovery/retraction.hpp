// SPDX-License-Identifier: MIT
// One discovery message and what must still disappear from Home Assistant: components, or the whole
// device. Home Assistant forgets a component only while it is running and knows it, and says
// nothing about having done so; hence every form of the message that taking back needs.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "discovery/topics.hpp"

namespace b2m::discovery {

/// What was announced, as it is kept on disk: discovery topic -> its last payload, and
/// "TOPIC#PLATFORM/COMPONENT" -> a component that may still be in Home Assistant.
using Announced = std::map<std::string, std::string>;

inline constexpr std::size_t kMaxConfigBytes = 1024 * 1024;

class Retraction {
 public:
  Retraction() = default;
  /// `config` is the device's message now; empty: the device is gone.
  explicit Retraction(std::string config);

  [[nodiscard]] bool is_gone() const { return config_.empty(); }
  /// Nothing to take back.
  [[nodiscard]] bool is_settled() const { return !is_gone() && ghosts_.empty(); }
  /// The device is gone, and so it is from Home Assistant.
  [[nodiscard]] bool is_done() const { return is_done_; }
  [[nodiscard]] bool has_ghosts() const { return !ghosts_.empty(); }
  /// A component has changed its platform: the old one goes first, in a message of its own.
  [[nodiscard]] bool has_conflict() const { return has_conflict_; }

  /// Whatever `former`, an older message of the same device, has and the present one has not, is
  /// to be taken back. Returns true when that is news. Rubbish is no message and no news.
  bool add_former(std::string_view former);
  /// Likewise, for one component.
  bool add_ghost(const std::string& platform, const std::string& component, std::string json);
  /// The messages with ghosts and removals have been sent while Home Assistant was running. Of
  /// several ghosts with one id they held only one: when has_ghosts() still, do it once more.
  void settle();

  /// The message as it is to be; empty when the device is gone.
  [[nodiscard]] const std::string& config() const { return config_; }
  /// The same, with the order to remove what is to be taken back: retained until that is sure.
  [[nodiscard]] std::string resting() const;
  /// With everything to be taken back as it once was, so that Home Assistant knows it again.
  [[nodiscard]] std::string with_ghosts() const;
  /// With the order to remove all of it, also where a component of that id stands.
  [[nodiscard]] std::string with_removals() const;

  /// Topics that may hold retained values of what is to be taken back.
  [[nodiscard]] const std::vector<std::string>& value_topics() const { return value_topics_; }
  void save(const std::string& topic, Announced& into) const;

 private:
  using Id = std::pair<std::string, std::string>;  // component, platform
  [[nodiscard]] std::string build(bool as_they_were, bool override_present) const;

  void keep_value_topic(std::string topic, std::string_view base);

  std::string config_;
  std::string former_;  // of a gone device
  std::map<Id, std::string> ghosts_;
  std::map<std::string, std::string> present_;  // component -> platform
  std::vector<std::string> value_topics_;
  bool has_conflict_ = false;
  bool is_done_ = false;
};

/// "battery2mqtt" when the message's availability names battery2mqtt/bridge/state; empty: none of
/// this program's messages.
std::string base_of(std::string_view config);

}  // namespace b2m::discovery

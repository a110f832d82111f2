// SPDX-License-Identifier: MIT
// The names of all MQTT topics, both ways: from devices and entities to topics, and from an
// incoming topic back to what it addresses. The table stands in docs/topics.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/site.hpp"

namespace b2m::discovery {

/// A message to publish.
struct Message {
  std::string topic;
  std::string payload;
  bool retain = true;
  int qos = 1;
};

enum class Verb {
  set,         // BASE/DEVICE/KEY/set: device and key
  device_set,  // BASE/DEVICE/set: device
  request,     // BASE/bridge/request/VERB: key is the VERB
  config,      // PREFIX/device/GATEWAY_DEVICE/config: device
};

/// What an incoming topic addresses. Views into that topic.
struct Address {
  Verb verb;
  std::string_view device;
  std::string_view key;
};

class Topics {
 public:
  Topics(std::string base, std::string discovery_prefix, std::string gateway_id);

  [[nodiscard]] const std::string& base() const { return base_; }
  [[nodiscard]] const std::string& gateway_id() const { return gateway_id_; }

  [[nodiscard]] std::string value(const Device& device, const Entity& entity) const;
  [[nodiscard]] std::string set(const Device& device, const Entity& entity) const;
  /// Of the gateway itself: bridge/state.
  [[nodiscard]] std::string availability(std::string_view device) const;
  [[nodiscard]] std::string summary(std::string_view device) const;
  [[nodiscard]] std::string device_set(std::string_view device) const;
  [[nodiscard]] std::string history(std::string_view device) const;
  /// bridge("info") and so on.
  [[nodiscard]] std::string bridge(std::string_view what) const;
  [[nodiscard]] std::string response(std::string_view verb) const;
  /// Home Assistant's discovery topic of a device.
  [[nodiscard]] std::string config(std::string_view device) const;
  /// "battery2mqtt_pack1": Home Assistant's id of a device, and the start of its unique ids.
  [[nodiscard]] std::string device_id(std::string_view device) const;

  /// Filters of everything that is a command for us.
  [[nodiscard]] std::vector<std::string> command_filters() const;
  /// Filter that holds our own discovery topics (and those of others).
  [[nodiscard]] std::string config_filter() const;
  /// Empty for topics that are none of ours. Does not check that device and key exist.
  [[nodiscard]] std::optional<Address> parse(std::string_view topic) const;

 private:
  [[nodiscard]] std::optional<Address> parse_command(std::string_view below_base) const;
  [[nodiscard]] std::optional<Address> parse_config(std::string_view topic) const;

  std::string base_, prefix_, gateway_id_;
  std::string config_start_;  // "homeassistant/device/battery2mqtt_"
};

}  // namespace b2m::discovery

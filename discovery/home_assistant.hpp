// SPDX-License-Identifier: MIT
// Home Assistant's discovery message of one device. What Home Assistant takes and what it trips
// over: docs/protocols/home-assistant.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "discovery/topics.hpp"
#include "gateway/model/site.hpp"

namespace b2m::discovery {

struct HomeAssistantOptions {
  std::string software_version;   // empty: left out
  std::string origin_url;         // http(s) URL of the project; empty: left out
  std::string configuration_url;  // of the web page; empty: left out
};

/// As what an entity is announced: one that takes no commands is read-only. Empty: not at all.
std::optional<Platform> announced_platform(const Entity& entity);
std::string_view to_string(Platform platform);  // "binary_sensor"

/// The payload of the device's discovery topic, JSON. Always the same for the same input.
std::string device_config(const Site& site, const Device& device, const Topics& topics,
                          const HomeAssistantOptions& options);

}  // namespace b2m::discovery

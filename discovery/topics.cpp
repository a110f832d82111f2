// SPDX-License-Identifier: MIT
#include "discovery/topics.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace b2m::discovery {
namespace {

constexpr std::string_view kBridge = "bridge";
constexpr std::string_view kConnection = "connection";
constexpr std::string_view kConfigEnd = "/config";

/// At most three levels; empty when there are more, or an empty one.
struct Levels {
  std::array<std::string_view, 3> level;
  std::size_t count = 0;
};

Levels split(std::string_view topic) {
  Levels levels;
  for (;;) {
    const auto slash = topic.find('/');
    const auto part = topic.substr(0, slash);
    if (part.empty() || levels.count == levels.level.size()) return {};
    levels.level[levels.count++] = part;
    if (slash == std::string_view::npos) return levels;
    topic.remove_prefix(slash + 1);
  }
}

}  // namespace

Topics::Topics(std::string base, std::string discovery_prefix, std::string gateway_id)
    : base_(std::move(base)),
      prefix_(std::move(discovery_prefix)),
      gateway_id_(std::move(gateway_id)),
      config_start_(fmt::format("{}/device/{}_", prefix_, gateway_id_)) {}

std::string Topics::value(const Device& device, const Entity& entity) const {
  if (device.kind == DeviceKind::bridge && entity.key == kConnection) return bridge("state");
  return fmt::format("{}/{}/{}", base_, device.slug, entity.key);
}

std::string Topics::set(const Device& device, const Entity& entity) const {
  return fmt::format("{}/{}/{}/set", base_, device.slug, entity.key);
}

std::string Topics::availability(std::string_view device) const {
  return device == kBridge ? bridge("state") : fmt::format("{}/{}/availability", base_, device);
}

std::string Topics::summary(std::string_view device) const {
  return fmt::format("{}/{}", base_, device);
}

std::string Topics::device_set(std::string_view device) const {
  return fmt::format("{}/{}/set", base_, device);
}

std::string Topics::history(std::string_view device) const {
  return fmt::format("{}/{}/history", base_, device);
}

std::string Topics::bridge(std::string_view what) const {
  return fmt::format("{}/{}/{}", base_, kBridge, what);
}

std::string Topics::response(std::string_view verb) const {
  return fmt::format("{}/{}/response/{}", base_, kBridge, verb);
}

std::string Topics::config(std::string_view device) const {
  return fmt::format("{}{}{}", config_start_, device, kConfigEnd);
}

std::string Topics::device_id(std::string_view device) const {
  return fmt::format("{}_{}", gateway_id_, device);
}

std::vector<std::string> Topics::command_filters() const {
  return {base_ + "/+/set", base_ + "/+/+/set", base_ + "/bridge/request/+"};
}

std::string Topics::config_filter() const { return prefix_ + "/device/+/config"; }

std::optional<Address> Topics::parse(std::string_view topic) const {
  if (topic.starts_with(config_start_)) return parse_config(topic);
  if (!topic.starts_with(base_) || topic.size() <= base_.size() || topic[base_.size()] != '/')
    return std::nullopt;
  return parse_command(topic.substr(base_.size() + 1));
}

std::optional<Address> Topics::parse_command(std::string_view below_base) const {
  const Levels levels = split(below_base);
  const auto& [first, second, third] = levels.level;
  if (levels.count == 2 && second == "set") return Address{Verb::device_set, first, {}};
  if (levels.count != 3) return std::nullopt;
  if (first == kBridge && second == "request") return Address{Verb::request, first, third};
  if (third == "set") return Address{Verb::set, first, second};
  return std::nullopt;
}

std::optional<Address> Topics::parse_config(std::string_view topic) const {
  topic.remove_prefix(config_start_.size());
  if (!topic.ends_with(kConfigEnd)) return std::nullopt;
  topic.remove_suffix(kConfigEnd.size());
  if (topic.empty() || topic.find('/') != std::string_view::npos) return std::nullopt;
  return Address{Verb::config, topic, {}};
}

}  // namespace b2m::discovery

// SPDX-License-Identifier: MIT
#include "tests/support/ha_model.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace b2m::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Until it has worked off the addition or removal of one component.
constexpr auto kBusy = milliseconds(500);
constexpr auto kBirthDelay = seconds(5);
constexpr auto kTick = milliseconds(50);
const std::string kStatus = "homeassistant/status";

bool is_config(const std::string& topic) {
  return topic.starts_with("homeassistant/device/") && topic.ends_with("/config");
}

}  // namespace

std::set<EntityId> HaModel::registry() const { return registry_; }

std::set<EntityId> HaModel::ghosts() const {
  std::set<EntityId> left = registry_;
  for (const auto& [component, known] : known_) left.erase(known.entity);
  return left;
}

std::string HaModel::topic_of(const EntityId& id) const {
  for (const auto& [component, known] : known_)
    if (known.entity == id) return std::get<0>(component);
  return {};
}

void HaModel::stop() {
  is_up_ = false;
  known_.clear();
  platforms_.clear();
  removed_.clear();
}

void HaModel::on_config(const std::string& topic, const std::string& payload, SteadyTime now) {
  if (!is_up_) return;
  if (payload.empty()) return remove_all(topic);
  const json config = json::parse(payload, nullptr, false);
  if (!config.is_object() || !config.contains("cmps") || !config.contains("dev")) {
    ++errors_;
    return;
  }
  for (const auto& [id, c] : config["cmps"].items()) {
    const Component component{topic, id, c.at("p").get<std::string>()};
    if (c.size() == 1)
      remove(component, now);
    else
      add(component, c.at("uniq_id").get<std::string>(), now);
  }
}

/// Nothing happens to what the running program does not know; nor to what it is still adding.
void HaModel::remove(const Component& component, SteadyTime now) {
  const auto at = known_.find(component);
  if (at == known_.end()) return;
  if (now - at->second.added < kBusy) {
    ++errors_;
    return;
  }
  removed_[at->second.entity] = now;
  registry_.erase(at->second.entity);
  known_.erase(at);
  const auto& [topic, id, platform] = component;
  if (platforms_[topic][id] == platform) platforms_[topic].erase(id);
}

void HaModel::add(const Component& component, const std::string& unique_id, SteadyTime now) {
  const auto& [topic, id, platform] = component;
  platforms_[topic][id] = platform;
  if (known_.contains(component)) return;  // changed in place
  const EntityId entity{platform, unique_id};
  const bool is_taken =
      std::ranges::any_of(known_, [&](const auto& known) { return known.second.entity == entity; });
  const auto gone = removed_.find(entity);
  if (is_taken || (gone != removed_.end() && now - gone->second < kBusy)) {
    ++errors_;  // "does not generate unique IDs"
    return;
  }
  registry_.insert(entity);
  known_[component] = {entity, now};
}

/// Only the latest platform of each component id goes.
void HaModel::remove_all(const std::string& topic) {
  for (const auto& [id, platform] : platforms_[topic]) {
    const auto at = known_.find(Component{topic, id, platform});
    if (at == known_.end()) continue;
    registry_.erase(at->second.entity);
    known_.erase(at);
  }
  platforms_.erase(topic);
}

void House::start_gateway(const Site& site, bool ha_enabled, const std::string& base) {
  topics_ = std::make_unique<discovery::Topics>(base, "homeassistant", "home");
  discovery::AnnouncerSettings settings;
  settings.enabled = ha_enabled;
  settings.seed = seed_;
  gateway_ = std::make_unique<discovery::Announcer>(site, *topics_, settings, disk_);
  connect();
}

void House::connect() {
  is_connected_ = true;
  gateway_->on_online(now_);
  const auto kept = retained;
  for (const auto& [topic, payload] : kept)
    if (is_config(topic)) gateway_->on_message(topic, payload, true, now_);
  tick();
}

void House::disconnect() {
  is_connected_ = false;
  gateway_->on_offline();
}

void House::start_ha() {
  ha.start();
  const auto kept = retained;
  for (const auto& [topic, payload] : kept)
    if (is_config(topic)) ha.on_config(topic, payload, now_);
  births_.emplace_back(now_ + kBirthDelay, "online");
}

void House::stop_ha() {
  ha.stop();
  births_.clear();
  if (gateway_ && is_connected_) gateway_->on_message(kStatus, "offline", false, now_);
}

void House::delete_in_ha(const EntityId& id) {
  const std::string topic = ha.topic_of(id);
  for (int i = 0; i < 3; ++i) deliver(topic, {}, true);
}

void House::wipe_broker() {
  disconnect();
  retained.clear();
  connect();
  if (ha.is_up()) births_.emplace_back(now_ + kBirthDelay, "online");
}

void House::publish(const std::string& topic, const std::string& payload) {
  deliver(topic, payload, true);
}

void House::deliver(const std::string& topic, const std::string& payload, bool retain) {
  if (retain && payload.empty())
    retained.erase(topic);
  else if (retain)
    retained[topic] = payload;
  if (is_config(topic)) ha.on_config(topic, payload, now_);
  if (gateway_ && is_connected_) gateway_->on_message(topic, payload, false, now_);
}

void House::tick() {
  if (!gateway_) return;
  const discovery::Announcement out = gateway_->poll(now_);
  if (out.save) disk_ = gateway_->announced();
  states_published += out.states ? 1 : 0;
  for (const auto& [device, note] : out.notes) events.push_back(note.type);
  for (const discovery::Message& message : out.messages) {
    log.push_back(message.topic);
    deliver(message.topic, message.payload, message.retain);
  }
}

void House::run(SteadyDuration duration) {
  for (const SteadyTime end = now_ + duration; now_ < end; now_ += kTick) {
    tick();
    const auto due = births_;
    births_.clear();
    for (const auto& [time, payload] : due) {
      if (time > now_)
        births_.emplace_back(time, payload);
      else if (gateway_ && is_connected_)
        gateway_->on_message(kStatus, payload, false, now_);
    }
  }
}

std::set<EntityId> wanted_entities(const Site& site, const std::string& gateway) {
  std::set<EntityId> all;
  for (const Device& device : site.devices())
    for (const Entity& entity : site.entities(device.id))
      if (const auto platform = discovery::announced_platform(entity))
        all.emplace(discovery::to_string(*platform),
                    gateway + "_" + device.slug + "_" + entity.key);
  return all;
}

}  // namespace b2m::test

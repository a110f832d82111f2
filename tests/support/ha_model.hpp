// SPDX-License-Identifier: MIT
// A small Home Assistant as far as MQTT discovery goes, with the traps that the real one has, and a
// house around it: broker, gateway and a clock. Facts: docs/protocols/home-assistant.md.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "discovery/announcer.hpp"

namespace b2m::test {

/// An entity as the user sees it: platform and unique id.
using EntityId = std::pair<std::string, std::string>;

class HaModel {
 public:
  /// Entities in its registry, those that nothing provides any more ("ghosts") included.
  [[nodiscard]] std::set<EntityId> registry() const;
  [[nodiscard]] std::set<EntityId> ghosts() const;
  [[nodiscard]] bool is_up() const { return is_up_; }
  [[nodiscard]] int errors() const { return errors_; }
  /// Config topic under which an entity stands.
  [[nodiscard]] std::string topic_of(const EntityId& id) const;

  void start() { is_up_ = true; }
  void stop();
  void on_config(const std::string& topic, const std::string& payload, SteadyTime now);

 private:
  using Component = std::tuple<std::string, std::string, std::string>;  // topic, id, platform
  struct Known {
    EntityId entity;
    SteadyTime added;
  };
  void remove(const Component& component, SteadyTime now);
  void add(const Component& component, const std::string& unique_id, SteadyTime now);
  void remove_all(const std::string& topic);

  bool is_up_ = false;
  int errors_ = 0;
  std::set<EntityId> registry_;
  std::map<Component, Known> known_;                                     // while it runs
  std::map<std::string, std::map<std::string, std::string>> platforms_;  // topic -> id -> latest
  std::map<EntityId, SteadyTime> removed_;
};

/// Broker, Home Assistant and one gateway, on one clock.
class House {
 public:
  explicit House(std::uint32_t seed = 1) : seed_(seed) {}

  /// Starts the gateway (again), with what it saved before.
  void start_gateway(const Site& site, bool ha_enabled = true, const std::string& base = "home");
  void stop_gateway() { gateway_.reset(); }
  void lose_disk() { disk_.clear(); }
  void start_ha();
  void stop_ha();
  void delete_in_ha(const EntityId& id);
  void wipe_broker();  // restarts with an empty store; all connect again
  void disconnect();   // the gateway loses its connection ...
  void connect();      // ... and has it again
  void publish(const std::string& topic, const std::string& payload);  // by a stranger
  void run(SteadyDuration duration);

  HaModel ha;
  std::map<std::string, std::string> retained;
  std::vector<std::string> log;  // "TOPIC" of every message of the gateway
  std::vector<std::string> events;
  int states_published = 0;

 private:
  void deliver(const std::string& topic, const std::string& payload, bool retain);
  void tick();

  std::uint32_t seed_;
  SteadyTime now_ = SteadyTime{} + std::chrono::hours(1);
  std::unique_ptr<discovery::Topics> topics_;
  std::unique_ptr<discovery::Announcer> gateway_;
  bool is_connected_ = false;
  discovery::Announced disk_;
  std::vector<std::pair<SteadyTime, std::string>> births_;
};

/// What Home Assistant should show for a site.
std::set<EntityId> wanted_entities(const Site& site, const std::string& gateway = "home");

}  // namespace b2m::test

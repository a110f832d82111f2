// SPDX-License-Identifier: MIT
// What [[kasa]] of the configuration says, as plain structs. The defaults stand here and nowhere
// else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/kasa/models.hpp"
#include "config/schema.hpp"

namespace b2m::kasa {

/// One socket of a strip: its number from 1, or its name in the Kasa app.
struct ChildKey {
  int number = 0;  // 0: by name
  std::string alias;

  [[nodiscard]] std::string text() const;
  bool operator==(const ChildKey&) const = default;
};

// For config::Schema.
bool read_value(const config::Node& n, const std::string& key, const config::Rule& rule,
                ChildKey& out, config::Problem& problem);
config::Node show_value(const ChildKey& child);
std::string_view type_name(const ChildKey&);

/// How a plug is known again. What is given must all agree.
struct Match {
  std::string alias;      // without regard to letter case and spaces
  std::string mac;        // "AA:BB:CC:DD:EE:FF" once read
  std::string device_id;  // upper case once read
  std::string host;
  int port = 0;  // of the host; 0: the transport's own
  std::string transport = "auto";
  std::optional<ChildKey> child;

  [[nodiscard]] bool is_empty() const {
    return alias.empty() && mac.empty() && device_id.empty() && host.empty();
  }
  /// "alias \"rad_battery_1\"", for messages.
  [[nodiscard]] std::string text() const;
  /// The same device, whatever the socket.
  [[nodiscard]] bool same_device(const Match& other) const;
};

struct PlugSettings {
  std::string id;
  std::string name;
  std::string model;
  std::optional<bool> meter;
  Match match;
  config::Place place;
};

struct StripSettings {
  std::string id;
  std::string name;
  std::string model;
  std::optional<bool> meter;
  Match match;
  int sockets = 6;
  config::Place place;
};

struct KasaSettings {
  std::string id;
  std::string username;
  config::Secret password;
  bool discovery = true;
  double discovery_interval_s = 900;
  std::vector<std::string> broadcast;
  int discovery_port = 9999;
  int tdp_port = 20002;
  double poll_s = 15;
  double fast_poll_s = 5;
  double timeout_s = 5;
  std::vector<PlugSettings> plugs;
  std::vector<StripSettings> strips;
  config::Place place;
};

const config::TableSchema& kasa_schema();
/// Null when nobody knows it. Where a name has several hardware versions, one of them.
const Model* known_model(std::string_view name);

/// What single tables cannot know: one mistake for each pair of plugs that would be the same one.
config::Mistakes contradictions(const KasaSettings& settings);

}  // namespace b2m::kasa

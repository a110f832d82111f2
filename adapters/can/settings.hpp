// SPDX-License-Identifier: MIT
// What [[can]] of the configuration and the parts of a profile say, as plain structs. The defaults
// stand here and nowhere else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/schema.hpp"

namespace b2m::can {

/// One battery behind a bus: [[part]] of a profile, and [[can.part]], which overrides it key by
/// key.
struct PartSettings {
  std::string id;
  std::string name;
  std::optional<bool> extended_ids;  // the ids below have 29 bits even when they are small
  std::optional<std::uint32_t> error_id, charge_command_id, ack_id;
  std::optional<std::string> charge_payload_on, charge_payload_off;  // hex digits, 0 to 8 bytes
  std::optional<std::string> ack_payload_on, ack_payload_off;
  std::optional<int> repeat_ms;         // of the ON frame; 0: sent once
  std::optional<double> ack_max_age_s;  // 0: an acknowledgement holds until the next
  config::Place place;
};
inline constexpr int kRepeatMs = 1000;
inline constexpr double kAckMaxAgeS = 5;

/// [[can.message]]: another id for a message of the profile's DBC file.
struct MessageOverride {
  std::string name;
  std::uint32_t can_id = 0;
  bool extended = false;
  config::Place place;
};

struct CanSettings {
  std::string id;
  std::string interface;
  int bitrate_bps = 500'000;
  int restart_ms = 100;
  bool configure = true;
  bool listen_only = false;
  int serial_baud = 115'200;
  double replay_speed = 1;
  bool replay_loop = false;
  std::string profile;
  bool charge_control = false;
  bool filter = false;
  std::optional<double> max_age_s;
  int unknown_ids_listed = 32;
  std::vector<PartSettings> parts;
  std::vector<MessageOverride> messages;
  config::Place place;
};

const config::TableSchema& can_schema();

}  // namespace b2m::can

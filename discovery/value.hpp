// SPDX-License-Identifier: MIT
// Values as payloads and payloads as values: what stands on BASE/DEVICE/KEY, and what may be sent
// to BASE/DEVICE/KEY/set and BASE/DEVICE/set.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/reading.hpp"
#include "gateway/model/site.hpp"
#include "gateway/result.hpp"

namespace b2m::discovery {

inline constexpr std::string_view kUnknown = "None";
inline constexpr std::string_view kPress = "PRESS";
inline constexpr std::size_t kMaxCommandBytes = 1024;         // of one key
inline constexpr std::size_t kMaxDeviceSetBytes = 16 * 1024;  // of several keys
inline constexpr std::size_t kMaxTextBytes = 255;             // Home Assistant's longest state

/// The payload of a value topic. `text` counts for text points only; timestamps hold Unix seconds.
std::string format_value(const Entity& entity, const Reading& reading, std::string_view text);
/// The same, appended.
void append_value(std::string& out, const Entity& entity, const Reading& reading,
                  std::string_view text);
/// "12.750" with this many decimals, never "-0.000"; false when it is no number that can be
/// printed.
bool append_number(std::string& out, double value, int decimals);
/// The smallest difference that a number command can make.
double step_of(const Entity& entity);

/// A command whose form is right. Whether it has expired is for the caller's clock.
struct Command {
  const Entity* entity = nullptr;
  double value = 0;  // on/off: 1 or 0; options: their position; buttons: 1
  std::string text;  // of text points
  std::optional<WallTime> expires_at;
  std::string transaction;  // JSON text of whatever was sent, to be given back; empty: none
};

/// Plain text, or JSON {"value": ..., "expires_at": ..., "transaction": ...}.
Result<Command> parse_command(const Entity& entity, std::string_view payload);
/// JSON {"KEY": value, ..., "expires_at": ..., "transaction": ...}: all keys are right, or none
/// counts.
Result<std::vector<Command>> parse_device_set(const Site& site, const Device& device,
                                              std::string_view payload);

}  // namespace b2m::discovery

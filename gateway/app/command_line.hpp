// SPDX-License-Identifier: MIT
// The program's command line: battery2mqtt COMMAND [OPTIONS].
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace b2m::app {

/// Exit statuses, also of every command.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitConfiguration = 78;  // systemd does not restart on it

inline constexpr std::string_view kDefaultConfig = "/etc/battery2mqtt/battery2mqtt.toml";

/// What stands behind the command: options with their values, and the rest in order.
struct Arguments {
  std::map<std::string, std::string, std::less<>> options;
  std::vector<std::string> words;

  [[nodiscard]] bool has(std::string_view option) const { return options.contains(option); }
  [[nodiscard]] std::string value(std::string_view option, std::string_view otherwise = {}) const;
  /// Empty when it is not a number; `otherwise` when it is not given.
  [[nodiscard]] std::optional<double> number(std::string_view option, double otherwise) const;
};

int run_command_line(const std::vector<std::string>& argv);

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
// `battery2mqtt run`: the gateway, until it is told to stop.
#pragma once

#include <optional>
#include <string>

#include "gateway/app/command_line.hpp"
#include "gateway/units.hpp"

namespace b2m::app {

struct RunOptions {
  std::string config_file;
  std::string broker_url;         // overrides [mqtt] url when not empty
  std::string state_dir;          // overrides [gateway] state_dir when not empty
  double speed = 1;               // of adapters and rules; MQTT timers stay real
  std::optional<double> seconds;  // ends after that long
  bool restarts_by_exec = true;   // false: within this process, which owns more than the gateway
};

int run_command(const Arguments& arguments);
int run_gateway(const RunOptions& options);

}  // namespace b2m::app

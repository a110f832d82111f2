// SPDX-License-Identifier: MIT
// `battery2mqtt discover`: looks for hardware and prints TOML ready to paste.
#pragma once

#include "gateway/app/command_line.hpp"

namespace b2m::app {

int discover_command(const Arguments& arguments);

}  // namespace b2m::app

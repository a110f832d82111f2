// SPDX-License-Identifier: MIT
// `battery2mqtt peers WORLD.toml`: the simulated other sides of all adapters, around one virtual
// site. Takes fault lines on standard input, says what happens on standard output.
#pragma once

#include "gateway/app/command_line.hpp"

namespace b2m::app {

int peers_command(const Arguments& arguments);

}  // namespace b2m::app

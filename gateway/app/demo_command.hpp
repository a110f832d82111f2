// SPDX-License-Identifier: MIT
// `battery2mqtt demo`: the gateway on simulated hardware, in a temporary folder that is gone
// afterwards. The hardware is `battery2mqtt peers`, run as a child.
#pragma once

#include "gateway/app/command_line.hpp"

namespace b2m::app {

int demo_command(const Arguments& arguments);

}  // namespace b2m::app

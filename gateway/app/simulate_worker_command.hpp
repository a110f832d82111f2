// SPDX-License-Identifier: MIT
// battery2mqtt simulate-worker: this machine's processors for the simulations of gateways behind a
// broker.
#pragma once

#include "gateway/app/command_line.hpp"

namespace b2m::app {

int simulate_worker_command(const Arguments& arguments);

}  // namespace b2m::app

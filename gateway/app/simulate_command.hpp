// SPDX-License-Identifier: MIT
// `battery2mqtt simulate`: a cell through an experiment, on standard output.
#pragma once

#include "gateway/app/command_line.hpp"

namespace b2m::app {

int simulate_command(const Arguments& arguments);

}  // namespace b2m::app

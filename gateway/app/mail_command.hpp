// SPDX-License-Identifier: MIT
// battery2mqtt mail: sends what comes on standard input as [mail] of the configuration says.
#pragma once

#include "gateway/app/command_line.hpp"

namespace b2m::app {

int mail_command(const Arguments& arguments);

}  // namespace b2m::app

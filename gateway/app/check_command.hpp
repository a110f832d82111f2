// SPDX-License-Identifier: MIT
// `battery2mqtt check`: every mistake of a configuration, or what it would run.
#pragma once

#include <string>

namespace b2m::app {

/// Mistakes go to standard error, what would run to standard output; the exit status is 0 or 78.
int check_command(const std::string& file);
/// docs/configuration.md, on standard output.
int reference_command();

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
// Completes the chargers of a configuration with their profiles, and says what does not fit between
// them and the other tables.
#pragma once

#include "config/config.hpp"
#include "config/schema.hpp"

namespace b2m::config {

void complete_chargers(const Node& tree, Config& config, Reading& reading);

}  // namespace b2m::config

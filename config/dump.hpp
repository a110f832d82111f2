// SPDX-License-Identifier: MIT
// The configuration as JSON without secrets, defaults included: for bridge/info and `dump`.
#pragma once

#include <string>

#include "config/config.hpp"

namespace b2m::config {

std::string dump_redacted(const Config& config);

}  // namespace b2m::config

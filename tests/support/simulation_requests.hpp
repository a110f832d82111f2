// SPDX-License-Identifier: MIT
// Simulation requests with the shipped parameter sets and a drive cycle that tests may use.
#pragma once

#include <string_view>

#include "gateway/app/simulation/request.hpp"

namespace b2m::testing {

/// Shipped sets; the cycle "us06" is a short one of our own making.
const app::RequestSources& request_sources();
app::ParsedRequest parse(std::string_view json);

}  // namespace b2m::testing

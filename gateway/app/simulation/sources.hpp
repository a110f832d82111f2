// SPDX-License-Identifier: MIT
// Parameter sets and drive cycles by name, from the folders of the configuration.
#pragma once

#include <string>

#include "config/simulation.hpp"
#include "gateway/app/simulation/request.hpp"

namespace b2m::app {

/// May be called from any thread. `config_file`: shipped sets are found from there.
RequestSources request_sources(const config::Simulation& settings, const std::string& config_file);

}  // namespace b2m::app

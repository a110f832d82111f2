// SPDX-License-Identifier: MIT
// What `run`, `check` and `demo` share on the way from a file to something that runs.
#pragma once

#include <optional>
#include <string>

#include "config/config.hpp"
#include "gateway/log.hpp"

namespace b2m::app {

/// Prints every mistake to standard error; empty if one of them is an error.
std::optional<config::Config> load_or_explain(const std::string& file);
log::Level log_level_of(const std::string& word);
Resources make_resources(Executor executor, Clock& clock, PointTable& points, Network& network,
                         const config::Config& config);
/// A folder that is shipped beside the profiles: "demo".
Result<std::string> find_shared(const std::string& name);

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
// The profile that a value of the configuration names, or a complaint at that value.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/schema.hpp"

namespace b2m::config {

/// Path of profiles/AREA/NAME.toml. `noun` is what people call it; `own` are names that the file
/// itself has, for the hint.
std::optional<std::string> find_profile(const Node& name, std::string_view area,
                                        std::string_view noun, const std::string& config_file,
                                        Reading& reading, const std::vector<std::string>& own = {});

/// "did you mean "x"? " or "THINGS in this file: a and b", or `otherwise` when there are none.
std::string hint_for(std::string_view wrong, std::string_view things,
                     const std::vector<std::string>& known, std::string_view otherwise);

}  // namespace b2m::config

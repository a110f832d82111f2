// SPDX-License-Identifier: MIT
// From JSON text to the same tree that TOML becomes, bounded in depth; a key that is given twice is
// a mistake here, which the JSON library would let pass.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/node.hpp"

namespace b2m::config {

/// Nothing, with one mistake, when the text is no JSON. Values have the file's name as their place.
std::optional<Node> read_json(std::string_view text, const std::string& file, Mistakes& mistakes);

}  // namespace b2m::config

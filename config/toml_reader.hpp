// SPDX-License-Identifier: MIT
// From TOML text to our own tree. The only user of the TOML library.
#pragma once

#include <optional>

#include "config/node.hpp"
#include "config/source.hpp"

namespace b2m::config {

/// Nothing, with one mistake, when the text is no TOML or nested beyond all reason.
std::optional<Node> read_toml(const Source& source, Mistakes& mistakes);

}  // namespace b2m::config

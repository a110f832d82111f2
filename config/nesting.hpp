// SPDX-License-Identifier: MIT
// How deep a TOML text nests, found without recursion: the TOML library follows every bracket and
// every dot of a key with a call of its own, and would run out of stack.
#pragma once

#include <cstddef>
#include <string_view>

namespace b2m::config {

/// Offset of the bracket or dot that nests too deep; npos when all is well.
std::size_t first_too_deep(std::string_view text);

}  // namespace b2m::config

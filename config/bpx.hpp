// SPDX-License-Identifier: MIT
// BPX, the open battery parameter exchange format (JSON), as a tree in our own form.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/node.hpp"

namespace b2m::config {

/// Has the sections of a BPX file.
bool is_bpx(const Node& tree);
/// Nothing, with mistakes, where the models cannot use it. `notes`: what is ignored, and why.
std::optional<Node> from_bpx(const Node& tree, Mistakes& mistakes, std::vector<std::string>& notes);

}  // namespace b2m::config

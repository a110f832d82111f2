// SPDX-License-Identifier: MIT
#include "config/bpx.hpp"

namespace b2m::config {

bool is_bpx(const Node& tree) { return tree.find("Parameterisation") != nullptr; }

std::optional<Node> from_bpx(const Node& tree, Mistakes& mistakes, std::vector<std::string>&) {
  mistakes.push_back({.place = tree.place, .what = "BPX is not read"});
  return std::nullopt;
}

}  // namespace b2m::config

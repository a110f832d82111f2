// SPDX-License-Identifier: MIT
#include "gateway/app/adapter_memory.hpp"

#include <utility>

namespace b2m::app {
namespace {

/// No rule and no adapter of that name can get in each other's way.
std::string own(std::string_view key) { return "adapter." + std::string(key); }

}  // namespace

std::optional<std::string> AdapterMemory::recall(std::string_view key) const {
  auto value = keeper_.recall(own(key));
  if (value && value->empty()) return std::nullopt;
  return value;
}

void AdapterMemory::keep(std::string key, std::string value) {
  Decision decision;
  decision.kept.push_back({own(key), std::move(value)});
  keeper_.keep(decision);
}

}  // namespace b2m::app

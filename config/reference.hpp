// SPDX-License-Identifier: MIT
// docs/configuration.md: every key of every table, from the schemas.
#pragma once

#include <span>
#include <string>

#include "adapters/adapter.hpp"

namespace b2m::config {

std::string reference(std::span<const AdapterKind> kinds);

}  // namespace b2m::config

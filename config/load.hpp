// SPDX-License-Identifier: MIT
// The configuration file as a whole: every table, and what must fit between them.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "config/config.hpp"

namespace b2m::config {

struct Loaded {
  std::optional<Config> config;  // none when a mistake is an error
  Mistakes mistakes;             // in order of the file
};

Loaded load(const std::string& file, std::span<const AdapterKind> kinds);

}  // namespace b2m::config

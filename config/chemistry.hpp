// SPDX-License-Identifier: MIT
// Cell profiles: warning limits, what a reading can plausibly be, and the open-circuit voltage.
#pragma once

#include <string>

#include "config/config.hpp"
#include "config/schema.hpp"

namespace b2m::config {

FileRead<Chemistry> load_chemistry(const std::string& path);

}  // namespace b2m::config

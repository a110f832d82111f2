// SPDX-License-Identifier: MIT
// Cell profiles: warning limits, what a reading can plausibly be, and the open-circuit voltage.
#pragma once

#include <optional>
#include <string>

#include "config/config.hpp"
#include "config/schema.hpp"

namespace b2m::config {

struct ChemistryRead {
  std::optional<Chemistry> chemistry;  // none with an error
  Mistakes mistakes;
};
ChemistryRead load_chemistry(const std::string& path);

}  // namespace b2m::config

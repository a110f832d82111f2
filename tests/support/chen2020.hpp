// SPDX-License-Identifier: MIT
// The shipped parameter set of the LG M50, for tests.
#pragma once

#include <memory>
#include <stdexcept>

#include "config/cell_sets.hpp"
#include "gateway/sim/pack_cells.hpp"

namespace b2m::test {

inline sim::CellSet chen2020() {
  auto read = config::load_cell_set(B2M_SOURCE_DIR "/config/profiles/cells/chen2020.toml");
  if (!read.set) throw std::runtime_error(config::list(read.mistakes));
  return *std::move(read.set);
}

inline std::shared_ptr<const sim::SpmCellMake> chen2020_make() {
  static const auto kMake = sim::spm_cell_make(chen2020()).value();
  return kMake;
}

}  // namespace b2m::test

// SPDX-License-Identifier: MIT
// The cells of packs made of the LG M50, for tests.
#pragma once

#include <memory>

#include "gateway/sim/pack_cells.hpp"
#include "tests/support/cell_sets.hpp"

namespace b2m::test {

inline std::shared_ptr<const sim::SpmCellMake> chen2020_make() {
  static const auto kMake = sim::spm_cell_make(chen2020()).value();
  return kMake;
}

}  // namespace b2m::test

// SPDX-License-Identifier: MIT
#include "tests/support/cell_sets.hpp"

#include <stdexcept>

#include "config/cell_sets.hpp"

namespace b2m::test {

const sim::CellSet& chen2020() {
  static const sim::CellSet kSet = [] {
    auto read = config::load_cell_set(B2M_SOURCE_DIR "/config/profiles/cells/chen2020.toml");
    if (!read.set) throw std::runtime_error(config::list(read.mistakes));
    return *read.set;
  }();
  return kSet;
}

}  // namespace b2m::test

// SPDX-License-Identifier: MIT
// The shipped parameter sets, for tests.
#pragma once

#include "gateway/sim/cell/cell_set.hpp"

namespace b2m::test {

/// config/profiles/cells/chen2020.toml, read once; throws with its mistakes.
const sim::CellSet& chen2020();

}  // namespace b2m::test

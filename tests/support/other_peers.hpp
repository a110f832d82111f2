// SPDX-License-Identifier: MIT
// Programs of somebody else that tests talk to.
#pragma once

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

namespace b2m::test {

/// Ends a test, or its SetUp(), whose peer is missing: `return peer_is_missing(...)`. It fails
/// where all peers were promised (./run.sh test installs them and sets B2M_ALL_PEERS) and is
/// skipped where somebody calls ctest by hand.
inline void peer_is_missing(const std::string& peer) {
  if (std::getenv("B2M_ALL_PEERS")) FAIL() << peer;
  GTEST_SKIP() << peer;
}

}  // namespace b2m::test

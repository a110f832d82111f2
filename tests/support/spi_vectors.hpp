// SPDX-License-Identifier: MIT
// Lines "HEX => WHAT" of tests/vectors/spi_nodes, and bits moved as a slipping clock moves them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gateway/bytes.hpp"

namespace b2m::test {

std::vector<std::uint8_t> from_hex(const std::string& digits);
std::vector<std::pair<std::string, std::string>> read_vectors(const std::string& file);
/// All bits later (by > 0) or earlier; what comes in at the ends is the pull-up's 1.
std::vector<std::uint8_t> shifted(Bytes frame, int by);

}  // namespace b2m::test

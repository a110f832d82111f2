// SPDX-License-Identifier: MIT
// `battery2mqtt discover spi`: cell nodes on SPI select lines, as TOML ready to paste. It only
// asks who is there.
#pragma once

#include <string>
#include <vector>

#include "gateway/app/command_line.hpp"
#include "gateway/io/spi_bus.hpp"

namespace b2m::app {

struct FoundNodes {
  std::string device;
  struct Node {
    int address = 0;
    bool is_legacy = false;
    std::string text;  // for people
  };
  std::vector<Node> nodes;
};

/// The error is that of the select line; that nobody answers is no failure.
Awaitable<Result<FoundNodes>> look_at_line(OpenSpi open, Clock& clock, SpiOpening opening);

std::string node_tables(const std::vector<FoundNodes>& lines);

/// How many nodes were found. With --device only that line is asked.
std::size_t discover_spi(const Arguments& arguments);

}  // namespace b2m::app

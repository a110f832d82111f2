// SPDX-License-Identifier: MIT
// What the system knows of an SPI controller: which driver runs it, what that one cannot do, and
// who else is on it. Facts: docs/protocols/spi-cell-nodes.md, "Linux".
#pragma once

#include <optional>
#include <string>

#include "gateway/io/spi_bus.hpp"

namespace b2m {

/// Of "/dev/spidev0.1", also through a link: 0 and 1.
struct SpidevName {
  int controller = 0;
  int select = 0;
};
std::optional<SpidevName> parse_spidev(const std::string& device);

/// `sys` is "/sys" but in tests.
struct SpiController {
  int number = 0;
  std::string sys = "/sys";

  /// "spi-bcm2835aux"; empty: not known.
  [[nodiscard]] std::string driver() const;
  /// The CAN chip that shares the controller, such as "spi0.0 (mcp2515)"; empty: none.
  [[nodiscard]] std::string can_chip() const;
};

/// Refuses what the controller would silently run faster than asked.
Result<> check_clock(const SpiController& controller, const SpiOpening& wanted);
/// What will work, but not well; empty: nothing.
std::string clock_warning(const SpiController& controller, const SpiOpening& wanted);

}  // namespace b2m

// SPDX-License-Identifier: MIT
// The SPI seam: spidev on a worker thread, a socket to the simulated side, or nodes in memory, all
// alike. Facts: docs/protocols/spi-cell-nodes.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/io/awaitable.hpp"
#include "gateway/io/clock.hpp"

namespace b2m {

struct SpiOpening {
  /// "/dev/spidev0.1", or "socket:PATH" and "socket:PATH#2" (select line 2; none: 0).
  std::string device;
  int mode = 0;         // 0 to 3
  int clock_hz = 8000;  // the controller may run slower, never faster
  int byte_gap_us = 0;  // pause after each byte, for slow slaves; 0: none
};

/// One select line of one controller.
class SpiBus {
 public:
  virtual ~SpiBus() = default;
  /// One phase with the select line low: as many bytes come back as are sent. The loop goes on
  /// meanwhile. Errors say what to do; Errc::disconnected: open again.
  virtual Awaitable<Result<std::vector<std::uint8_t>>> exchange(std::vector<std::uint8_t> out) = 0;
};

/// The error says what to do: the overlay to load, the group to join, the clock it can do.
using OpenSpi = std::function<Result<std::unique_ptr<SpiBus>>(const SpiOpening&)>;
OpenSpi make_spi_opener(Executor executor, Clock& clock);

}  // namespace b2m

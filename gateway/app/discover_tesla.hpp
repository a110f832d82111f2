// SPDX-License-Identifier: MIT
// `battery2mqtt discover tesla`: who answers on the rings behind serial ports, as TOML ready to
// paste. It only reads: no module is reset, renumbered or told to measure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/app/command_line.hpp"
#include "gateway/io/byte_stream.hpp"

namespace b2m::app {

struct FoundRing {
  std::string port;
  std::vector<int> addresses;  // that answer, rising
  bool has_new = false;        // somebody without an address
  bool needs_crc = false;      // read requests need their checksum
  [[nodiscard]] bool is_empty() const { return addresses.empty() && !has_new; }
};

/// Fails when the line breaks; that nobody answers is no failure.
Awaitable<Result<FoundRing>> look_at_ring(Executor executor, Clock& clock,
                                          std::shared_ptr<ByteStream> line);

/// Remark and tables for the configuration; `number` counts the rings from 1.
std::string ring_tables(const FoundRing& ring, std::size_t number);

/// How many rings were found. With --port only that one is asked.
std::size_t discover_tesla(const Arguments& arguments);

}  // namespace b2m::app

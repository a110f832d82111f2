// SPDX-License-Identifier: MIT
// SPI over a Unix stream socket, to nodes that are simulated. All numbers are little-endian.
//
//   request: u8 select line, u32 clock in Hz, u16 length, the bytes of MOSI
//   reply:   u16 length (the request's), the bytes of MISO
//
// One exchange at a time on each connection. The server takes the bits' time on the wire, a select
// line that no node is on reads 0xFF. A length of 0 or beyond kMostSpiBytes ends the connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/bytes.hpp"
#include "gateway/result.hpp"

namespace b2m {

inline constexpr std::string_view kSpiSocket = "socket:";
inline constexpr std::size_t kMostSpiBytes = 4096;  // as spidev
inline constexpr std::size_t kSpiReplyHead = 2;

struct SpiRequest {
  std::uint8_t select = 0;
  std::uint32_t clock_hz = 0;
  std::vector<std::uint8_t> bytes;
  bool operator==(const SpiRequest&) const = default;
};

std::vector<std::uint8_t> encode(const SpiRequest& request);
std::vector<std::uint8_t> encode_spi_reply(Bytes miso);

/// Cuts requests out of a stream, for the server.
class SpiRequestReader {
 public:
  void feed(Bytes bytes) { buffer_.insert(buffer_.end(), bytes.begin(), bytes.end()); }
  /// Empty: not all there yet. Errc::malformed: close the connection.
  Result<std::optional<SpiRequest>> next();

 private:
  std::vector<std::uint8_t> buffer_;
};

}  // namespace b2m

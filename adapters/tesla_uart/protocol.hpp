// SPDX-License-Identifier: MIT
// Frames on the ring: checksum, requests, and finding the reply among whatever else the ring
// brings back. Facts: docs/protocols/tesla-uart.md 2 and 3.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "gateway/bytes.hpp"

namespace b2m::tesla_uart {

/// Polynomial 0x07 over the bytes as they are.
std::uint8_t crc8(Bytes bytes);
/// Of a frame without its checksum: bit 7 of the first byte does not count.
std::uint8_t frame_crc(Bytes frame);

/// Boards in the field are read with three bytes; some counterparts want a checksum behind them.
enum class RequestForm { three_bytes, with_crc };

struct Request {
  std::array<std::uint8_t, 4> bytes{};
  std::size_t size = 0;
  [[nodiscard]] Bytes view() const { return Bytes(bytes).first(size); }
};

Request write_request(std::uint8_t address, std::uint8_t reg, std::uint8_t value);
Request read_request(std::uint8_t address, std::uint8_t reg, std::uint8_t count, RequestForm form);

/// Finds the one reply that is waited for: noise, echoes of requests, replies that come too late
/// and torn ones are stepped over, however the bytes are cut into pieces.
class ReplyParser {
 public:
  /// Forgets all bytes so far: what was sent before the request cannot be its reply.
  void expect_read(std::uint8_t address, std::uint8_t reg, std::uint8_t count);
  void expect_write(std::uint8_t address, std::uint8_t reg, std::uint8_t value);

  /// True once the reply is complete; further bytes are ignored then.
  bool feed(Bytes bytes);
  [[nodiscard]] bool is_complete() const { return found_.has_value(); }
  /// What was read, valid until the next expect; nothing for a write.
  [[nodiscard]] Bytes data() const;
  [[nodiscard]] bool has_heard() const { return heard_ > 0; }
  /// Bytes since expect that were no part of the reply.
  [[nodiscard]] std::size_t strange() const { return heard_ - (found_ ? length() : 0); }

 private:
  static constexpr std::size_t kHeader = 3;
  static constexpr std::size_t kLongest = kHeader + 255 + 1;

  void expect(std::array<std::uint8_t, kHeader> header, std::size_t count);
  [[nodiscard]] std::size_t length() const { return kHeader + count_ + 1; }
  void search();
  [[nodiscard]] bool is_echo(Bytes frame) const;
  void make_room();

  std::array<std::uint8_t, kHeader> header_{};
  std::size_t count_ = 0;
  std::array<std::uint8_t, 2 * kLongest> buffer_{};
  std::size_t size_ = 0;
  std::size_t at_ = 0;  // no reply begins before it
  std::size_t heard_ = 0;
  bool is_waiting_ = false;
  std::optional<std::size_t> found_;
};

}  // namespace b2m::tesla_uart

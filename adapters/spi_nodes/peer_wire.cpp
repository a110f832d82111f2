// SPDX-License-Identifier: MIT
#include "adapters/spi_nodes/peer_wire.hpp"

#include <algorithm>
#include <cmath>

namespace b2m::spi_nodes::peer {
namespace {

constexpr double kReference = 1.1, kDivider = 5.7;
constexpr int kFullScale = 1023;
constexpr std::size_t kRequestCovered = 8, kReplyCovered = 10;

std::uint8_t byte(unsigned value) { return static_cast<std::uint8_t>(value & 0xFF); }

}  // namespace

// Bit by bit, as a small controller does it: no table that could be wrong in one place.
std::uint32_t checksum(Bytes bytes) {
  std::uint32_t rest = 0xFFFF'FFFF;
  for (const std::uint8_t b : bytes) {
    for (int bit = 7; bit >= 0; --bit) {
      const bool is_one = ((rest >> 31 ^ static_cast<std::uint32_t>(b) >> bit) & 1U) != 0;
      rest <<= 1;
      if (is_one) rest ^= 0x04C1'1DB7;
    }
  }
  return rest;
}

FrameBytes build(std::uint8_t first, std::uint8_t address, const Saying& s) {
  FrameBytes frame{first, kReplyStart, address, byte(unsigned{s.sequence} << 4 | s.status),
                   s.command};
  std::ranges::copy(s.payload, frame.begin() + 5);
  const std::uint32_t sum = checksum(Bytes(frame).subspan(1, kReplyCovered));
  for (unsigned i = 0; i < 4; ++i) frame[1 + kReplyCovered + i] = byte(sum >> (24 - 8 * i));
  return frame;
}

bool is_whole(Bytes mosi) {
  return checksum(mosi.first(kRequestCovered)) == u32be(mosi.subspan(kRequestCovered));
}

Payload pack(Words words) {
  Payload payload{};
  std::size_t at = 0;
  for (const int value : {words.a, words.b, words.c}) {
    payload[at++] = byte(static_cast<unsigned>(value));
    payload[at++] = byte(static_cast<unsigned>(value) >> 8);
  }
  return payload;
}

int to_adc(Volts at_input) {
  const double steps = at_input.value / (kReference * kDivider) * (kFullScale + 1);
  return static_cast<int>(std::clamp(steps, 0.0, double{kFullScale}));
}

int to_centivolts(int adc) { return static_cast<int>(adc / 10.24 * kReference * kDivider); }

}  // namespace b2m::spi_nodes::peer

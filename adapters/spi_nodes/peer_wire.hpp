// SPDX-License-Identifier: MIT
// What a simulated node puts on the wire and how it understands what comes:
// docs/protocols/spi-cell-nodes.md, written a second time and sharing nothing with the gateway's
// side, so that a mistake there shows.
#pragma once

#include <array>
#include <cstdint>

#include "gateway/bytes.hpp"
#include "gateway/units.hpp"

namespace b2m::spi_nodes::peer {

inline constexpr std::size_t kFrame = 15;
inline constexpr std::size_t kFill = 12;  // of a request: zeros from here on
inline constexpr std::uint8_t kRequestStart = 0xA6, kReplyStart = 0x5A;
inline constexpr std::uint8_t kAnybody = 0x00, kLastAddress = 0x3E, kEverybody = 0x3F;
inline constexpr std::uint8_t kAskLow = 0x01;  // of the old rule

namespace command {
inline constexpr std::uint8_t kNop = 0x00, kRead = 0x10, kStats = 0x11, kRaw = 0x12;
inline constexpr std::uint8_t kBleed = 0x20, kLimits = 0x21;
inline constexpr std::uint8_t kIdentify = 0x30, kLocate = 0x31, kSerial = 0x32;
inline constexpr std::uint8_t kAddress = 0x40, kCalibrate = 0x41, kRestart = 0x42, kEcho = 0x7E;
}  // namespace command

namespace status {
inline constexpr std::uint8_t kOk = 0, kDamaged = 1, kUnknown = 2, kBadArgument = 3;
inline constexpr std::uint8_t kInhibited = 5, kRestarted = 7, kNoRequest = 15;
}  // namespace status

namespace reason {
inline constexpr std::uint8_t kNone = 0, kTimeout = 1, kHeat = 2, kFloor = 3, kSilence = 4;
}

using Payload = std::array<std::uint8_t, 6>;
using FrameBytes = std::array<std::uint8_t, kFrame>;

struct Words {  // three numbers of 16 bits, the common shape of a payload
  int a = 0, b = 0, c = 0;
};
Payload pack(Words words);

/// What is said from byte 1 on.
struct Saying {
  std::uint8_t sequence = 0, status = status::kOk, command = 0;
  Payload payload{};
};

std::uint32_t checksum(Bytes bytes);
/// `first` goes out as byte 0, before anything is known of the request.
FrameBytes build(std::uint8_t first, std::uint8_t address, const Saying& saying);
/// The checksum of a whole request is right.
bool is_whole(Bytes mosi);

/// The converter has 10 bits for 1.1 V behind a divider of 5.7.
int to_adc(Volts at_input);
/// As the old program computes it, and as the new one answers an old master.
int to_centivolts(int adc);

}  // namespace b2m::spi_nodes::peer

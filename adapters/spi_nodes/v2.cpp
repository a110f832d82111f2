// SPDX-License-Identifier: MIT
#include "adapters/spi_nodes/v2.hpp"

#include <algorithm>
#include <span>

namespace b2m::spi_nodes {
namespace {

constexpr std::uint32_t kPolynomial = 0x04C11DB7;
constexpr std::size_t kRequestCovered = 8;  // bytes 0 to 7, the checksum behind them
constexpr std::size_t kReplyFirst = 1;      // byte 0 is older than the reply
constexpr std::size_t kReplyCovered = 10;   // bytes 1 to 10
constexpr std::size_t kChecksum = 4;

constexpr auto kTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i << 24;
    for (int bit = 0; bit < 8; ++bit) crc = crc << 1 ^ ((crc & 0x8000'0000) != 0 ? kPolynomial : 0);
    table[i] = crc;
  }
  return table;
}();

void put_u32be(std::span<std::uint8_t> to, std::uint32_t value) {
  for (std::size_t i = 0; i < kChecksum; ++i)
    to[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

bool is_valid_reply(Bytes miso) {
  return miso[1] == kV2ReplyStart && crc32(miso.subspan(kReplyFirst, kReplyCovered)) ==
                                         u32be(miso.subspan(kReplyFirst + kReplyCovered));
}

bool all_are(Bytes bytes, std::uint8_t value) {
  return std::ranges::all_of(bytes, [value](std::uint8_t b) { return b == value; });
}

bool is_valid_inverted(Bytes miso) {
  V2Frame inverted;
  std::ranges::transform(miso, inverted.begin(),
                         [](std::uint8_t b) { return static_cast<std::uint8_t>(~b); });
  return is_valid_reply(inverted);
}

/// Eight bits from any place of the frame.
int bits_at(Bytes frame, std::size_t bit) {
  const int two = frame[bit / 8] << 8 | frame[bit / 8 + 1];
  return two >> (8 - bit % 8) & 0xFF;
}

/// Start and the rest that follows it in every reply, found beside their place.
bool is_shifted(Bytes miso) {
  constexpr std::size_t kPlace = 8, kReach = 4;
  for (std::size_t bit = kPlace - kReach; bit <= kPlace + kReach; ++bit) {
    if (bit == kPlace || bits_at(miso, bit) != kV2ReplyStart) continue;
    const int address = bits_at(miso, bit + 8);
    if (address >= kFirstAddress && address <= kLastAddress) return true;
  }
  return false;
}

V2Fault fault_of(Bytes miso, Bytes mosi) {
  const Bytes node = miso.subspan(kReplyFirst);
  if (is_valid_reply(miso)) return V2Fault::none;
  if (all_are(node, 0x00)) return V2Fault::all_zero;
  if (all_are(node, 0xFF)) return V2Fault::all_one;
  if (std::ranges::equal(miso, mosi)) return V2Fault::echo;
  if (is_valid_inverted(miso)) return V2Fault::inverted;
  if (miso[1] == kV2ReplyStart) return V2Fault::checksum;
  return is_shifted(miso) ? V2Fault::slip : V2Fault::start;
}

}  // namespace

std::uint32_t crc32(Bytes bytes) {
  std::uint32_t crc = 0xFFFF'FFFF;
  for (const std::uint8_t b : bytes) crc = crc << 8 ^ kTable[(crc >> 24 ^ b) & 0xFF];
  return crc;
}

V2Frame encode(const V2Request& request) {
  V2Frame frame{kV2RequestStart, request.address,
                static_cast<std::uint8_t>(request.sequence << 4 | kV2Version),
                static_cast<std::uint8_t>(request.command)};
  std::ranges::copy(request.arguments, frame.begin() + 4);
  const std::span<std::uint8_t> all(frame);
  put_u32be(all.subspan(kRequestCovered), crc32(all.first(kRequestCovered)));
  return frame;
}

V2Frame encode(const V2Reply& reply) {
  V2Frame frame{
      reply.legacy_high, kV2ReplyStart, reply.address,
      static_cast<std::uint8_t>(reply.sequence << 4 | static_cast<std::uint8_t>(reply.status)),
      static_cast<std::uint8_t>(reply.command)};
  std::ranges::copy(reply.payload, frame.begin() + 5);
  const std::span<std::uint8_t> all(frame);
  put_u32be(all.subspan(kReplyFirst + kReplyCovered),
            crc32(all.subspan(kReplyFirst, kReplyCovered)));
  return frame;
}

V2Parsed parse_reply(Bytes miso, Bytes mosi) {
  if (miso.size() != kV2Bytes) return {V2Fault::too_short};
  V2Parsed parsed;
  parsed.fault = fault_of(miso, mosi);
  if (parsed.fault != V2Fault::none) return parsed;
  V2Reply& reply = parsed.reply;
  reply.legacy_high = miso[0];
  reply.address = miso[2];
  reply.sequence = miso[3] >> 4;
  reply.status = static_cast<V2Status>(miso[3] & 0x0F);
  reply.command = static_cast<V2Command>(miso[4]);
  std::ranges::copy(miso.subspan(5, reply.payload.size()), reply.payload.begin());
  return parsed;
}

std::optional<V2Request> parse_request(Bytes mosi) {
  if (mosi.size() != kV2Bytes || mosi[0] != kV2RequestStart) return std::nullopt;
  if ((mosi[2] & 0x0F) != kV2Version || mosi[1] > kAllNodes) return std::nullopt;
  if (!all_are(mosi.subspan(kRequestCovered + kChecksum), 0x00)) return std::nullopt;
  if (crc32(mosi.first(kRequestCovered)) != u32be(mosi.subspan(kRequestCovered)))
    return std::nullopt;
  V2Request request;
  request.address = mosi[1];
  request.sequence = mosi[2] >> 4;
  request.command = static_cast<V2Command>(mosi[3]);
  std::ranges::copy(mosi.subspan(4, request.arguments.size()), request.arguments.begin());
  return request;
}

}  // namespace b2m::spi_nodes

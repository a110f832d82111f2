// SPDX-License-Identifier: MIT
// Ten million damaged exchanges: what is accepted that must not be, beside the bound.
#include <algorithm>
#include <iostream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "adapters/spi_nodes/v2.hpp"

namespace b2m::spi_nodes {
namespace {

constexpr std::uint64_t kMillion = 1'000'000;
constexpr int kFirstBit = 8;  // byte 0 of a reply is for old masters and carries nothing
constexpr int kBits = static_cast<int>(kV2Bytes) * 8;

class Dice {
 public:
  std::uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }
  int below(int limit) { return static_cast<int>((next() >> 20) % static_cast<unsigned>(limit)); }

 private:
  std::uint64_t state_ = 0x9E3779B97F4A7C15;
};

V2Reply any_reply(Dice& dice) {
  V2Reply reply;
  const std::uint64_t bits = dice.next();
  reply.legacy_high = bits & 3;
  reply.address = static_cast<std::uint8_t>(1 + (bits >> 2) % kLastAddress);
  reply.sequence = bits >> 8 & 15;
  reply.command = V2Command::read;
  V2Read read;
  read.voltage_mv = static_cast<std::uint16_t>(2500 + (bits >> 16) % 2000);
  if ((bits & 0x1000) != 0) read.temperature = Celsius(static_cast<double>(bits >> 32 & 0xFF) / 8);
  read.flags = (bits & 0x2000) != 0 ? v2_flag::kValid : v2_flag::kValid | v2_flag::kBleeding;
  read.duty = (bits & 0x2000) != 0 ? 0 : 0xFF;
  reply.payload = to_payload(read);
  return reply;
}

V2Request any_request(Dice& dice) {
  const std::uint64_t bits = dice.next();
  V2Request request = bleed_request(static_cast<std::uint8_t>(bits), bits >> 8 & 0x3F, 70);
  if ((bits & 0x10000) != 0) request = plain_request(V2Command::read);
  request.address = bits >> 24 & 0x3F;
  request.sequence = bits >> 32 & 15;
  return request;
}

void flip(V2Frame& frame, int bit) {
  frame[static_cast<std::size_t>(bit / 8)] ^= static_cast<std::uint8_t>(0x80 >> bit % 8);
}
int bit_of(const V2Frame& frame, int bit) {
  return frame[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8) & 1;
}

void flip_some(V2Frame& frame, Dice& dice) {
  for (int n = 1 + dice.below(3); n > 0; --n)
    flip(frame, kFirstBit + dice.below(kBits - kFirstBit));
}

/// Its first and last bit are wrong, those between at random.
void burst(V2Frame& frame, Dice& dice) {
  const int length = 1 + dice.below(8);
  const int first = kFirstBit + dice.below(kBits - kFirstBit - length + 1);
  flip(frame, first);
  for (int i = 1; i < length; ++i)
    if (i == length - 1 || (dice.next() & 0x100) != 0) flip(frame, first + i);
}

/// A clock edge lost (the bit before is seen twice) or added (one is skipped), up to 8 times.
void slip(V2Frame& frame, Dice& dice) {
  const int from = dice.below(kBits - 1);
  const int by = (1 + dice.below(8)) * ((dice.next() & 0x100) != 0 ? 1 : -1);
  const int idle = dice.below(2);
  V2Frame moved = frame;
  for (int i = from; i < kBits; ++i) {
    const int source = by > 0 ? std::max(i - by, from) : i - by;
    const int bit = source < kBits ? bit_of(frame, source) : idle;
    if (bit_of(moved, i) != bit) flip(moved, i);
  }
  frame = moved;
}

using Damage = void (*)(V2Frame&, Dice&);
struct Count {
  std::uint64_t damaged = 0, accepted = 0;
};

bool differs(const V2Frame& a, const V2Frame& b, std::size_t from) {
  return !std::equal(a.begin() + static_cast<std::ptrdiff_t>(from), a.end(),
                     b.begin() + static_cast<std::ptrdiff_t>(from));
}

/// Half of them replies, half requests. What was changed back to what it was does not count.
Count damage(std::uint64_t times, Damage how) {
  Dice dice;
  Count count;
  const V2Frame mosi = encode(plain_request(V2Command::read));
  while (count.damaged < times) {
    const bool is_reply = (count.damaged & 1) == 0;
    const V2Frame good = is_reply ? encode(any_reply(dice)) : encode(any_request(dice));
    for (int again = 0; again < 32; ++again) {
      V2Frame bad = good;
      how(bad, dice);
      if (!differs(good, bad, is_reply ? 1 : 0)) continue;
      ++count.damaged;
      count.accepted +=
          is_reply ? parse_reply(bad, mosi).fault == V2Fault::none : parse_request(bad).has_value();
    }
  }
  return count;
}

void expect_none(std::string_view what, const Count& count) {
  std::cout << fmt::format("{}: {} damaged, {} accepted, bound 0\n", what, count.damaged,
                           count.accepted);
  EXPECT_EQ(count.accepted, 0U) << what;
}

TEST(SpiV2Corruption, OneToThreeFlippedBitsAreNeverAccepted) {
  expect_none("1 to 3 flipped bits", damage(4 * kMillion, flip_some));
}

TEST(SpiV2Corruption, BurstsUpToEightBitsAreNeverAccepted) {
  expect_none("bursts up to 8 bits", damage(3 * kMillion, burst));
}

TEST(SpiV2Corruption, ClockSlipsAreNeverAccepted) {
  expect_none("clock slips", damage(3 * kMillion, slip));
}

/// The start byte is right in all of these, so that 2 million say as much as 512 million.
TEST(SpiV2Corruption, GarbageIsAcceptedLessThanOnceInAMillion) {
  Dice dice;
  std::uint64_t accepted = 0;
  const V2Frame mosi = encode(plain_request(V2Command::read));
  for (std::uint64_t i = 0; i < 2 * kMillion; ++i) {
    V2Frame frame;
    const std::uint64_t halves[2] = {dice.next(), dice.next()};
    for (std::size_t b = 0; b < frame.size(); ++b)
      frame[b] = static_cast<std::uint8_t>(halves[b / 8] >> 8 * (b % 8));
    frame[1] = kV2ReplyStart;
    accepted += parse_reply(frame, mosi).fault == V2Fault::none;
  }
  std::cout << fmt::format(
      "garbage behind a right start byte: 2 million, {} accepted; bound: 1 in "
      "a million of any garbage\n",
      accepted);
  EXPECT_EQ(accepted, 0U);
}

}  // namespace
}  // namespace b2m::spi_nodes

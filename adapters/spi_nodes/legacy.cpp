// SPDX-License-Identifier: MIT
#include "adapters/spi_nodes/legacy.hpp"

#include <algorithm>
#include <cmath>

namespace b2m::spi_nodes {
namespace {

constexpr double kStep_v = 0.3;     // more than this in one poll is a jump
constexpr double kAgree_v = 0.1;    // so near must the confirming reading be
constexpr double kSame_v = 0.03;    // so near is no news
constexpr std::size_t kNeeded = 3;  // good readings before there is a value

bool all_are(Bytes bytes, std::uint8_t value) {
  return std::ranges::all_of(bytes, [value](std::uint8_t b) { return b == value; });
}

}  // namespace

LegacyReading parse_legacy(Bytes miso) {
  if (miso.size() != kLegacyBytes) return {LegacyFault::too_short};
  const Bytes pairs = miso.subspan(1);
  if (all_are(pairs, 0x00)) return {LegacyFault::all_zero};
  if (all_are(pairs, 0xFF)) return {LegacyFault::all_one};
  // Its first byte tells: a node has a high byte there, never 0x45. Without this test a bridge from
  // MOSI to MISO would be a cell of 3.25 V.
  if (std::ranges::equal(miso, kLegacyRequest)) return {LegacyFault::echo};
  const int first = u16be(pairs);
  if (first != u16be(pairs.subspan(2))) return {LegacyFault::unequal};
  if (first > kLegacyMost_cv) return {LegacyFault::too_high};
  // With a broken MOSI line every cell between 2.56 and 5.11 V would have 2.57 V.
  if (all_are(pairs, pairs.front())) return {LegacyFault::one_byte, first};
  return {LegacyFault::none, first};
}

LegacyFilter::Verdict LegacyFilter::take(Volts reading) {
  const auto far = [&](Volts from, double limit) {
    return std::abs(reading.value - from.value) > limit;
  };
  if (count_ > 0 && far(median(), kStep_v)) {
    if (!doubted_ || far(*doubted_, kAgree_v)) {
      doubted_ = reading;
      return Verdict::doubted;
    }
    if (count_ < kNeeded) count_ = 0;  // it was the first ones that were wrong
    push(*doubted_);
  }
  doubted_.reset();
  push(reading);
  return count_ < kNeeded ? Verdict::warming_up : Verdict::taken;
}

std::optional<Volts> LegacyFilter::value() const {
  if (count_ < kNeeded) return std::nullopt;
  return median();
}

bool LegacyFilter::expects(Volts reading) const {
  const auto now = value();
  return now && std::abs(reading.value - now->value) < kSame_v;
}

void LegacyFilter::push(Volts reading) {
  last_ = {last_[1], last_[2], reading};
  count_ = std::min(count_ + 1, kNeeded);
}

Volts LegacyFilter::median() const {
  if (count_ < kNeeded) return last_.back();
  return std::max(std::min(last_[0], last_[1]), std::min(std::max(last_[0], last_[1]), last_[2]));
}

}  // namespace b2m::spi_nodes

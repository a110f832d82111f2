// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "adapters/spi_nodes/legacy.hpp"
#include "tests/support/spi_vectors.hpp"

namespace b2m::spi_nodes {
namespace {

using namespace literals;
using Verdict = LegacyFilter::Verdict;

std::string words(const LegacyReading& reading) {
  constexpr const char* kFaults[] = {"none", "too_short", "all_zero", "all_one",
                                     "echo", "unequal",   "too_high", "one_byte"};
  if (!reading.is_good()) return kFaults[static_cast<int>(reading.fault)];
  return fmt::format("{:.2f}", reading.volts().value);
}

LegacyFilter filter_at(Volts v) {
  LegacyFilter filter;
  for (int i = 0; i < 3; ++i) filter.take(v);
  return filter;
}

TEST(SpiLegacy, AnswersOfThePageAreReadOrRefused) {
  for (const auto& [hex, expected] : test::read_vectors("legacy.txt"))
    EXPECT_EQ(words(parse_legacy(test::from_hex(hex))), expected) << hex;
}

TEST(SpiLegacy, OneByteForAllIsAValueOnlyWhereTheCellHasBeenAlready) {
  EXPECT_TRUE(filter_at(2.58_V).expects(2.57_V));
  EXPECT_FALSE(filter_at(3.61_V).expects(2.57_V));
  EXPECT_FALSE(LegacyFilter().expects(2.57_V));
}

TEST(SpiLegacy, ThereIsNoValueBeforeThreeGoodReadings) {
  LegacyFilter filter;

  EXPECT_EQ(filter.take(3.61_V), Verdict::warming_up);
  EXPECT_EQ(filter.take(3.62_V), Verdict::warming_up);
  EXPECT_FALSE(filter.value());
  EXPECT_EQ(filter.take(3.60_V), Verdict::taken);
  EXPECT_EQ(*filter.value(), 3.61_V);
}

TEST(SpiLegacy, ASingleJumpIsNotBelieved) {
  LegacyFilter filter = filter_at(3.61_V);

  EXPECT_EQ(filter.take(1.05_V), Verdict::doubted);
  EXPECT_EQ(*filter.value(), 3.61_V);
  EXPECT_EQ(filter.take(3.61_V), Verdict::taken);
  EXPECT_EQ(*filter.value(), 3.61_V);
}

TEST(SpiLegacy, TwoDifferentJumpsConfirmNothing) {
  LegacyFilter filter = filter_at(3.61_V);

  EXPECT_EQ(filter.take(1.05_V), Verdict::doubted);
  EXPECT_EQ(filter.take(5.11_V), Verdict::doubted);
  EXPECT_EQ(*filter.value(), 3.61_V);
}

TEST(SpiLegacy, AConfirmedJumpCountsAtOnce) {
  LegacyFilter filter = filter_at(3.61_V);

  filter.take(4.05_V);
  EXPECT_EQ(filter.take(4.06_V), Verdict::taken);
  EXPECT_EQ(*filter.value(), 4.05_V);
}

TEST(SpiLegacy, AWrongFirstReadingDoesNotStandInTheWay) {
  LegacyFilter filter;

  filter.take(1.05_V);
  EXPECT_EQ(filter.take(3.61_V), Verdict::doubted);
  EXPECT_EQ(filter.take(3.61_V), Verdict::warming_up);
  EXPECT_FALSE(filter.value());
  EXPECT_EQ(filter.take(3.61_V), Verdict::taken);
  EXPECT_EQ(*filter.value(), 3.61_V);
}

TEST(SpiLegacy, EveryValueWasAReadingAmongTheLastOnes) {
  LegacyFilter filter = filter_at(2.55_V);
  for (const Volts v : {2.56_V, 2.57_V, 2.55_V, 2.9_V, 2.9_V, 3.1_V}) {
    filter.take(v);
    EXPECT_TRUE(*filter.value() == 2.55_V || *filter.value() == 2.56_V ||
                *filter.value() == 2.57_V || *filter.value() == 2.9_V);
  }
}

}  // namespace
}  // namespace b2m::spi_nodes

// SPDX-License-Identifier: MIT
#include <chrono>

#include <gtest/gtest.h>

#include "discovery/text.hpp"

namespace b2m::discovery {
namespace {

using namespace std::chrono_literals;

const WallTime kMoment{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + 9h + 4min + 7s};

TEST(DiscoveryText, TellsUtf8FromBytes) {
  for (const std::string_view good : {"", "abc", "°C", "電池", "\xF0\x9F\x94\x8B"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const std::string_view bad : {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80",
                                     "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "a\xFF"})
    EXPECT_FALSE(is_utf8(bad));
}

TEST(DiscoveryText, NeverCutsACharacter) {
  std::string out;

  append_utf8(out, "a°C", 2);

  EXPECT_EQ(out, "a");
}

TEST(DiscoveryText, EscapesWhatJsonMustNotHold) {
  std::string out;

  append_json_string(out, "a\"b\\c\n\x01\xFF°");

  EXPECT_EQ(out, R"("a\"b\\c\n\u0001?°")");
}

TEST(DiscoveryText, WritesInstantsWithTheirZone) {
  EXPECT_EQ(format_time(kMoment), "2026-11-21T09:04:07+00:00");
}

TEST(DiscoveryText, ReadsInstantsOfAnyZone) {
  EXPECT_EQ(parse_time("2026-11-21T09:04:07Z"), kMoment);
  EXPECT_EQ(parse_time("2026-11-21 10:04:07+01:00"), kMoment);
  EXPECT_EQ(parse_time("2026-11-21T04:04:07-0500"), kMoment);
  EXPECT_EQ(parse_time("2026-11-21T09:04:07.250Z"), kMoment + 250ms);
  EXPECT_EQ(parse_time("2026-11-21T09:04:07.1234567891234Z"), kMoment + 123456789ns);
}

TEST(DiscoveryText, RefusesInstantsWithoutZoneAndRubbish) {
  for (const std::string_view text :
       {"", "2026-11-21T09:04:07", "2026-13-21T09:04:07Z", "2026-02-30T09:04:07Z",
        "2026-11-21T24:04:07Z", "2026-11-21T09:04:07Zx", "2026-11-21T09:04:07.Z", "tomorrow",
        "2026-11-21T09:04:07+99:00", "2026-11-21"})
    EXPECT_FALSE(parse_time(text)) << text;
}

TEST(DiscoveryText, SeesDeepNestingButNotInStrings) {
  EXPECT_FALSE(nests_deeper(R"({"a":"[[[[[[\"[[["})", 1));
  EXPECT_FALSE(nests_deeper("[[],[]]", 2));
  EXPECT_TRUE(nests_deeper("[[[]]]", 2));
}

}  // namespace
}  // namespace b2m::discovery

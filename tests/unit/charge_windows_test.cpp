// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_windows.hpp"

#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

namespace b2m::rules {
namespace {

/// Germany: forward on 2026-03-29 at 02:00, back on 2026-10-25 at 03:00.
struct ChargeWindows : testing::Test {
  ChargeWindows() { use("Europe/Berlin"); }
  ~ChargeWindows() override { use("UTC"); }
  static void use(const char* zone) {
    setenv("TZ", zone, 1);
    tzset();
  }
  static WallTime utc(int month, int day, int hour, int minute) {
    std::tm tm{};
    tm.tm_year = 126;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    tm.tm_hour = hour;
    tm.tm_min = minute;
    return from_unix(timegm(&tm));
  }
  static std::string shown(std::optional<WallTime> at) {
    return at ? moment_text(*at) : std::string("never");
  }
  static std::string complaint(const char* text) {
    const auto parsed = parse_windows(text);
    return parsed ? "accepted as " + format(*parsed) : parsed.error().detail;
  }
};

TEST_F(ChargeWindows, ReadsWhatPeopleWrite) {
  const struct {
    const char *text, *meaning;
  } kCases[] = {
      {"mon-fri 22:00-06:00; sat,sun 00:00-24:00", "mon-fri 22:00-06:00; sat,sun 00:00-24:00"},
      {"daily 1:00-5:00", "01:00-05:00"},
      {"22:00-06:00", "22:00-06:00"},
      {" Monday - Friday  22:00 - 06:00 ; ", "mon-fri 22:00-06:00"},
      {"sat-mon 10:00-11:00", "mon,sat,sun 10:00-11:00"},
      {"weekend 00:00-24:00", "sat,sun 00:00-24:00"},
      {"WED 23:30-00:00", "wed 23:30-00:00"},
      {"", ""},
      {"  ", ""},
  };
  for (const auto& c : kCases) {
    const auto parsed = parse_windows(c.text);
    ASSERT_TRUE(parsed) << c.text << ": " << parsed.error().detail;
    EXPECT_EQ(format(*parsed), c.meaning);
    const auto again = parse_windows(format(*parsed));
    ASSERT_TRUE(again);
    EXPECT_EQ(format(*again), c.meaning);
  }
}

TEST_F(ChargeWindows, SaysWhatIsWrongAndWhere) {
  const struct {
    const char *text, *where, *what;
  } kCases[] = {
      {"mon 25:00-06:00", "character 5", "no time 25:00"},
      {"22:00", "character 6", "end of the window"},
      {"22:00-06:00 07:00-08:00", "character 13", "\";\""},
      {"foo 22:00-06:00", "character 1", "\"foo\" is no day"},
      {"mon-xyz 22:00-06:00", "character 5", "\"xyz\" is no day"},
      {"mon, 22:00-06:00", "character 6", "a day is missing"},
      {"22:00-22:00", "character 7", "00:00-24:00"},
      {"24:00-06:00", "character 1", "no time 24:00"},
      {"22:60-06:00", "character 1", "no time 22:60"},
      {"22-06", "character 1", "hours and minutes"},
      {"22:0-06:00", "character 1", "two digits"},
      {"222:00-06:00", "character 1", "a time is missing"},
      {"; 22:00-06:00", "character 1", "a time is missing"},
      {"mon", "character 4", "a time is missing"},
  };
  for (const auto& c : kCases) {
    const std::string text = complaint(c.text);
    EXPECT_NE(text.find(c.where), std::string::npos) << c.text << ": " << text;
    EXPECT_NE(text.find(c.what), std::string::npos) << c.text << ": " << text;
    EXPECT_NE(text.find("write it like"), std::string::npos) << text;
  }
}

TEST_F(ChargeWindows, ReadsReadyByTimes) {
  const auto parsed = parse_ready_by("mon-fri 07:00; sun 10:30");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(format(*parsed), "mon-fri 07:00; sun 10:30");
  EXPECT_TRUE(parse_ready_by("")->empty());
  EXPECT_FALSE(parse_ready_by("mon 07:00-08:00"));
  EXPECT_FALSE(parse_ready_by("mon 24:00"));
}

TEST_F(ChargeWindows, AWindowOverMidnightBelongsToTheDayItOpensOn) {
  const Windows w = *parse_windows("fri 22:00-06:00");
  // 2026-11-20 is a friday.
  EXPECT_FALSE(is_open(w, local_time(utc(11, 20, 2, 0))));
  EXPECT_TRUE(is_open(w, local_time(utc(11, 20, 21, 0))));
  EXPECT_TRUE(is_open(w, local_time(utc(11, 21, 4, 59))));
  EXPECT_FALSE(is_open(w, local_time(utc(11, 21, 5, 0))));
  EXPECT_EQ(open_window(w, local_time(utc(11, 20, 22, 0)))->occurrence,
            open_window(w, local_time(utc(11, 21, 3, 0)))->occurrence);
  EXPECT_EQ(shown(next_opening(w, utc(11, 21, 5, 0))), "fri 22:00");
  EXPECT_EQ(shown(next_closing(w, utc(11, 20, 22, 0))), "sat 06:00");
}

TEST_F(ChargeWindows, NoWindowsAreAlwaysOpenAndAWholeWeekNeverCloses) {
  const Windows none;
  EXPECT_TRUE(is_open(none, local_time(utc(11, 20, 2, 0))));
  EXPECT_EQ(shown(next_closing(none, utc(11, 20, 2, 0))), "never");
  const Windows all = *parse_windows("00:00-24:00");
  EXPECT_EQ(shown(next_closing(all, utc(3, 28, 12, 0))), "never");
}

TEST_F(ChargeWindows, SpringForward) {
  const Windows night = *parse_windows("22:00-06:00");
  EXPECT_EQ(*next_closing(night, utc(3, 28, 21, 0)), utc(3, 29, 4, 0)) << "an hour shorter";
  const Windows missing = *parse_windows("02:10-02:50");
  EXPECT_EQ(*next_opening(missing, utc(3, 28, 12, 0)), utc(3, 30, 0, 10)) << "not on that day";
  const Windows into = *parse_windows("01:30-02:30");
  EXPECT_EQ(*next_closing(into, utc(3, 29, 0, 45)), utc(3, 29, 1, 0)) << "closes with the gap";
  const Windows out_of = *parse_windows("02:30-03:30");
  EXPECT_EQ(*next_opening(out_of, utc(3, 29, 0, 0)), utc(3, 29, 1, 0));
}

TEST_F(ChargeWindows, FallBack) {
  const Windows night = *parse_windows("22:00-06:00");
  EXPECT_EQ(*next_closing(night, utc(10, 24, 21, 0)), utc(10, 25, 5, 0)) << "an hour longer";
  const Windows twice = *parse_windows("02:15-02:45");
  EXPECT_EQ(*next_opening(twice, utc(10, 24, 12, 0)), utc(10, 25, 0, 15));
  EXPECT_EQ(*next_opening(twice, utc(10, 25, 0, 45)), utc(10, 25, 1, 15)) << "the second 02:15";
  EXPECT_EQ(*next_closing(twice, utc(10, 25, 1, 20)), utc(10, 25, 1, 45));
  EXPECT_EQ(open_window(twice, local_time(utc(10, 25, 0, 20)))->occurrence,
            open_window(twice, local_time(utc(10, 25, 1, 20)))->occurrence)
      << "but the same window, in which nothing starts twice";
  const Windows across = *parse_windows("00:00-02:30");
  EXPECT_EQ(*next_closing(across, utc(10, 24, 23, 0)), utc(10, 25, 0, 30));
  EXPECT_EQ(*next_opening(across, utc(10, 25, 0, 40)), utc(10, 25, 1, 0)) << "02:00 again";
}

TEST_F(ChargeWindows, ReadyByOnTheMissingHourIsTheEndOfTheGap) {
  const ReadyBy ready = *parse_ready_by("02:30");
  EXPECT_EQ(next_ready_by(ready, utc(3, 28, 12, 0))->at, utc(3, 29, 1, 0));
  EXPECT_EQ(next_ready_by(ready, utc(10, 24, 12, 0))->at, utc(10, 25, 0, 30));
  EXPECT_EQ(next_ready_by(ready, utc(3, 29, 1, 0))->at, utc(3, 30, 0, 30));
}

TEST_F(ChargeWindows, TheNextReadyByIsTheEarliestOfAll) {
  const ReadyBy ready = *parse_ready_by("mon-fri 07:00; sun 10:30");
  EXPECT_EQ(shown(next_ready_by(ready, utc(11, 20, 5, 59))->at), "fri 07:00");
  EXPECT_EQ(shown(next_ready_by(ready, utc(11, 20, 6, 0))->at), "sun 10:30");
  EXPECT_EQ(shown(next_ready_by(*parse_ready_by("fri 07:00"), utc(11, 20, 6, 0))->at), "fri 07:00");
  EXPECT_FALSE(next_ready_by({}, utc(11, 20, 6, 0)));
}

}  // namespace
}  // namespace b2m::rules

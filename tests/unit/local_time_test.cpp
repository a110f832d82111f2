// SPDX-License-Identifier: MIT
#include "gateway/rules/local_time.hpp"

#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

namespace b2m::rules {
namespace {

struct LocalClock : testing::Test {
  static void use(const char* zone) {
    setenv("TZ", zone, 1);
    tzset();
  }
  ~LocalClock() override { use("UTC"); }
};

TEST_F(LocalClock, CountsDaysOfTheLocalCalendar) {
  use("America/Los_Angeles");
  const LocalTime t = local_time(from_unix(1795262400));  // 2026-11-21 12:00 UTC

  EXPECT_EQ(day_text(t), "2026-11-21");
  EXPECT_EQ(t.minute, 4 * 60);
  EXPECT_EQ(t.weekday, 5);
  EXPECT_EQ(local_time(from_unix(1795262400 - 5 * 3600)).day, t.day - 1);
}

TEST_F(LocalClock, FindsTheInstantOfEveryMinuteOfAYear) {
  for (const char* zone : {"Europe/Berlin", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu"}) {
    use(zone);
    for (int day = 20454; day < 20454 + 365; ++day) {
      for (const int minute : {0, 61, 125, 170, 719, 1439}) {
        for (const WallTime at : instants(day, minute)) {
          const LocalTime t = local_time(at);
          EXPECT_EQ(t.day, day) << zone;
          EXPECT_GE(t.minute, minute) << zone;
          EXPECT_LE(t.minute, minute + 60) << zone;
        }
      }
    }
  }
}

TEST_F(LocalClock, MidnightAtTheEndOfADayIsTheNextDays) {
  use("Europe/Berlin");
  EXPECT_EQ(first_instant(20500, kMinutesADay), first_instant(20501, 0));
}

TEST_F(LocalClock, AMinuteBeforeTheEpochIsNotRoundedUp) {
  use("UTC");
  EXPECT_EQ(local_time(from_unix(-60)).day, -1);
}

}  // namespace
}  // namespace b2m::rules

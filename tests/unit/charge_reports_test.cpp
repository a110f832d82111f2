// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_reports.hpp"

#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

namespace b2m::rules {
namespace {

using namespace std::chrono_literals;

struct Reports : testing::Test {
  Reports() {
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
  }
  ~Reports() override {
    setenv("TZ", "UTC", 1);
    tzset();
  }
  /// Of november 2026; the 20th is a friday.
  static WallTime at(int day, int hour, int minute = 0) {
    return first_instant(local_time(from_unix(1795201200)).day + day - 20, hour * 60 + minute);
  }
  static SessionRecord record(int day, double wh) {
    SessionRecord r;
    r.charger = "garage";
    r.result = "done";
    r.started = at(day, 1, 15);
    r.ended = at(day, 4, 30);
    r.energy_wh = wh;
    r.cost = wh / 4000;
    r.has_cost = true;
    return r;
  }
};

TEST_F(Reports, TellYesterdayOnceAtSix) {
  ChargeReports reports;
  EXPECT_FALSE(reports.step(at(20, 12)).daily) << "nothing is known of the day before";
  reports.add(record(21, 310));
  reports.add(record(21, 100));
  EXPECT_FALSE(reports.step(at(22, 5, 59)).daily);
  const auto told = reports.step(at(22, 6));
  ASSERT_TRUE(told.daily);
  EXPECT_EQ(*told.daily,
            "2026-11-21: 2 charges, 0.41 kWh, cost 0.10; garage 01:15-04:30 0.31 kWh done; garage "
            "01:15-04:30 0.10 kWh done");
  EXPECT_FALSE(told.weekly) << "it is sunday";
  EXPECT_FALSE(reports.step(at(22, 6, 1)).daily);
}

TEST_F(Reports, TellTheWeekOnMondays) {
  ChargeReports reports;
  reports.step(at(19, 12));
  for (int day = 16; day <= 22; ++day) reports.add(record(day, 100));
  const auto told = reports.step(at(23, 6));
  ASSERT_TRUE(told.weekly);
  EXPECT_EQ(*told.weekly, "2026-11-16 to 2026-11-22: garage 7 charges, 0.70 kWh, cost 0.17");
}

TEST_F(Reports, SurviveARestart) {
  ChargeReports reports;
  reports.step(at(20, 12));
  reports.add(record(21, 310));
  ChargeReports again;
  again.restore(reports.to_text() + "nonsense\n1 2 3\n");
  EXPECT_EQ(again.to_text(), reports.to_text());
  EXPECT_TRUE(again.step(at(22, 7)).daily) << "six o'clock passed while nothing ran";
}

TEST_F(Reports, AClockThatWasWrongDoesNotSilenceThemForever) {
  ChargeReports reports;
  reports.step(at(20, 12));
  reports.step(at(20, 12) + 24h * 3650);
  reports.step(at(21, 12));
  EXPECT_TRUE(reports.step(at(22, 6)).daily);
}

TEST_F(Reports, OldChargesAreForgotten) {
  ChargeReports reports;
  reports.step(at(1, 12));
  reports.add(record(1, 100));
  reports.step(at(20, 6));
  EXPECT_EQ(reports.to_text().find("garage"), std::string::npos);
}

}  // namespace
}  // namespace b2m::rules

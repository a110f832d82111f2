// SPDX-License-Identifier: MIT
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "gateway/store/sessions.hpp"

namespace b2m::store {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::SizeIs;

struct StoreSessions : ::testing::Test {
  StoreSessions() {
    std::string pattern = (std::filesystem::temp_directory_path() / "b2m-store-XXXXXX").string();
    folder = mkdtemp(pattern.data());
    reopen();
  }
  ~StoreSessions() override {
    database.reset();
    std::filesystem::remove_all(folder);
  }
  void reopen() {
    database.reset();
    database = *Database::open(folder / "b2m.db");
  }
  SessionRecord record(int n, const std::string& charger = "c1") {
    SessionRecord r;
    r.charger = charger;
    r.plug = "garage";
    r.profile = "rad_48v";
    r.mode = ChargeMode::full;
    r.result = "done";
    r.reason = "power below 5 W";
    r.started = WallTime{1795251847s} + n * 1h;
    r.ended = r.started + 30min;
    r.on_s = 1800;
    r.energy_wh = 152.84;
    r.battery_ah = 2.5;
    r.peak_w = 104.6;
    r.curve = {{0, 102.6}, {60, 103.1}};
    return r;
  }
  void add(Sessions& sessions, const SessionRecord& r) {
    ASSERT_TRUE(database->transaction([&] { return sessions.add(r); }));
  }

  std::filesystem::path folder;
  std::unique_ptr<Database> database;
};

TEST_F(StoreSessions, SurviveARestartWithEverythingTheyHad) {
  {
    Sessions sessions(*database);
    SessionRecord r = record(0);
    r.has_cost = true;
    r.cost = 0.0434;
    add(sessions, r);
  }
  reopen();
  Sessions sessions(*database);

  const auto list = *sessions.list({});

  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0].record.mode, ChargeMode::full);
  EXPECT_EQ(list[0].record.started, record(0).started);
  EXPECT_EQ(list[0].record.energy_wh, 152.84);
  EXPECT_TRUE(list[0].record.has_cost);
  EXPECT_EQ(list[0].record.cost, 0.0434);
  EXPECT_EQ(sessions.curve(list[0].id)->at(1).power_w, 103.1);
}

TEST_F(StoreSessions, AreFoundByChargerAndTime) {
  Sessions sessions(*database);
  for (int n = 0; n < 4; ++n) add(sessions, record(n, n % 2 ? "c1" : "c2"));

  EXPECT_THAT(*sessions.list({.charger = "c1"}), SizeIs(2));
  EXPECT_THAT(*sessions.list({.from = record(1).started, .to = record(3).started}), SizeIs(2))
      << "`to` is exclusive";
  EXPECT_THAT(*sessions.list({.charger = "c3"}), SizeIs(0));
}

TEST_F(StoreSessions, KeepTheLastCurvesOfEachCharger) {
  Sessions sessions(*database, {.curves = 2});
  add(sessions, record(0, "c2"));
  for (int n = 0; n < 4; ++n) add(sessions, record(n));

  const auto list = *sessions.list({.charger = "c1"});

  EXPECT_TRUE(sessions.curve(list[1].id)->empty());
  EXPECT_FALSE(sessions.curve(list[2].id)->empty());
  EXPECT_FALSE(sessions.curve(sessions.list({.charger = "c2"})->at(0).id)->empty());
}

TEST_F(StoreSessions, ForgetTheOldestBeyondTheirLimit) {
  Sessions sessions(*database, {.records = 3});
  for (int n = 0; n < 5; ++n) add(sessions, record(n));

  const auto list = *sessions.list({});

  ASSERT_THAT(list, SizeIs(3));
  EXPECT_EQ(list[0].record.started, record(2).started);
}

TEST_F(StoreSessions, CsvIsSafeForSpreadsheets) {
  SessionRecord r = record(0);
  r.reason = "=cmd(), \"quoted\"\nnext";
  Sessions sessions(*database);
  add(sessions, r);

  const std::string csv = sessions_csv(*sessions.list({}));

  EXPECT_THAT(csv, HasSubstr("\"'=cmd(), \"\"quoted\"\"\nnext\""));
  EXPECT_THAT(csv,
              HasSubstr(",2026-11-21T09:04:07Z,2026-11-21T09:34:07Z,1800,152.8,2.50,104.6,\r\n"))
      << "no cost is empty, not 0";
  EXPECT_EQ(curve_csv(r.curve), "t_s,power_w\r\n0,102.6\r\n60,103.1\r\n");
}

}  // namespace
}  // namespace b2m::store

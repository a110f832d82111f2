// SPDX-License-Identifier: MIT
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gateway/app/keeper.hpp"
#include "gateway/app/session_export.hpp"
#include "tests/support/config_file.hpp"
#include "tests/support/gateway_process.hpp"

namespace b2m::app {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;

struct Export : ::testing::Test {
  testing::ConfigFolder folder;
  std::unique_ptr<store::Database> database = *store::Database::open(folder.path("b2m.db"));
  Keeper keeper{database.get(), 1ms};

  void charge(int n) {
    Decision decision;
    SessionRecord& r = decision.sessions.emplace_back();
    r.charger = "c1";
    r.started = WallTime{1795251847s} + n * 1h;
    r.curve = {{0, 100}, {60, 101}};
    decision.kept.push_back({"charger.c1", std::to_string(n)});
    keeper.keep(decision);
    keeper.flush();
  }
  Answer ask(const std::string& payload, std::size_t bytes = kExportPartBytes) {
    return export_sessions(keeper.sessions(), payload, bytes);
  }
};

TEST_F(Export, GivesSessionsAndCurvesAsCsv) {
  charge(0);

  const json sessions = json::parse(ask(R"({"what":"sessions","charger":"c1"})").data);
  const json curve = json::parse(ask(R"({"what":"curve","session":1})").data);

  EXPECT_EQ(sessions["parts"], 1);
  EXPECT_THAT(sessions["csv"].get<std::string>(), HasSubstr("\r\n1,c1,"));
  EXPECT_EQ(curve["csv"], "t_s,power_w\r\n0,100.0\r\n60,101.0\r\n");
}

TEST_F(Export, LargeOnesComeInPartsThatAreWhatTheWholeIs) {
  for (int n = 0; n < 50; ++n) charge(n);
  const json whole = json::parse(ask(R"({"what":"sessions"})").data);

  std::string all;
  std::size_t parts = 1;
  for (std::size_t n = 1; n <= parts; ++n) {
    const json part = json::parse(ask(json{{"what", "sessions"}, {"part", n}}.dump(), 500).data);
    parts = part["parts"];
    EXPECT_TRUE(part["csv"].get<std::string>().ends_with('\n'));
    all += part["csv"];
  }

  EXPECT_GT(parts, 5U);
  EXPECT_EQ(all, whole["csv"]);
}

TEST_F(Export, SaysWhatIsWrongWithARequest) {
  for (const char* payload :
       {"", "[]", "{}", R"({"what":"all"})", R"({"what":"curve"})",
        R"({"what":"curve","session":9})", R"({"what":"sessions","from":"yesterday"})",
        R"({"what":"sessions","part":0})", R"({"what":"sessions","part":2})",
        R"({"what":"sessions","charger":1})"})
    EXPECT_NE(ask(payload).error, "") << payload;
  EXPECT_THAT(export_sessions(nullptr, "{}").error, HasSubstr("no database"));
}

TEST_F(Export, WhatTheRulesKeepComesBack) {
  charge(7);

  EXPECT_EQ(Keeper(database.get()).recall("charger.c1"), "7");
  EXPECT_FALSE(Keeper(database.get()).recall("charger.c2"));
  EXPECT_FALSE(Keeper(nullptr).recall("charger.c1"));
}

TEST_F(Export, WhatCouldNotBeWrittenIsWrittenLater) {
  ASSERT_TRUE(database->execute("BEGIN IMMEDIATE"));  // as another program would hold it
  charge(1);
  EXPECT_FALSE(keeper.recall("charger.c1"));

  ASSERT_TRUE(database->execute("COMMIT"));
  EXPECT_TRUE(test::eventually([&] { return keeper.recall("charger.c1").has_value(); }));

  EXPECT_EQ(keeper.recall("charger.c1"), "1");
  EXPECT_EQ(keeper.sessions()->list({})->size(), 1U);
}

}  // namespace
}  // namespace b2m::app

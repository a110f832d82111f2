// SPDX-License-Identifier: MIT
// What [[tesla_uart]] may say, and what contradicts itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/tesla_uart/settings.hpp"

namespace b2m::tesla_uart {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

config::Node ring() {
  config::Node table(config::Node::Kind::table);
  table.add("id", config::node(std::string("ring1")));
  table.add("port", config::node(std::string("/dev/ttyAMA0")));
  table.add("modules", config::node(std::int64_t{4}));
  return table;
}

std::vector<std::string> mistakes(const config::Node& table) {
  config::Reading reading;
  (void)tesla_uart_schema().parse(table, reading);
  std::vector<std::string> texts;
  for (const auto& m : reading.mistakes) texts.push_back(m.what);
  return texts;
}

TEST(TeslaSettings, NeedOnlyIdPortAndModules) { EXPECT_THAT(mistakes(ring()), IsEmpty()); }

TEST(TeslaSettings, RefuseABleedTimerThatEndsBeforeTheNextReading) {
  config::Node table = ring();
  table.add("poll_interval_s", config::node(std::int64_t{30}));
  EXPECT_THAT(mistakes(table), ElementsAre(HasSubstr("runs out before the next reading")));
}

TEST(TeslaSettings, RefuseSleepBetweenReadingsThatFollowAtOnce) {
  config::Node table = ring();
  table.add("sleep_between_polls", config::node(true));
  EXPECT_THAT(mistakes(table), ElementsAre(HasSubstr("too often")));
}

TEST(TeslaSettings, RefuseSensorsThatTheRingDoesNotHave) {
  config::Node table = ring();
  table.add("ignore_sensors", config::node(std::string("5/1")));
  EXPECT_THAT(mistakes(table), ElementsAre(HasSubstr("no module 5")));
  TeslaSettings settings;
  settings.ignore_sensors = {"3/2"};
  EXPECT_TRUE(settings.ignores(3, 2));
  EXPECT_FALSE(settings.ignores(3, 1));
  EXPECT_FALSE(settings.ignores(2, 2));
}

}  // namespace
}  // namespace b2m::tesla_uart

// SPDX-License-Identifier: MIT
// The Kasa adapter against simulated plugs: polls, meters, its end and its next run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/kasa_garage.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using kasa::PlugFaultKind;
using test::KasaAdapter;
using test::kMac1;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(KasaAdapter, PollsFastWhilePowerIsDrawnAndSlowlyOtherwise) {
  auto& garage = start_garage();
  clock.advance(60s);
  const auto polls = [&] { return count(garage, "get_realtime"); };
  const auto before = polls();
  clock.advance(60s);
  const auto slow = polls() - before;
  ASSERT_EQ(ended(relay("garage", true)), "ok");
  clock.advance(2min);
  const auto middle = polls();

  clock.advance(60s);

  EXPECT_NEAR(static_cast<double>(slow), 4, 1);
  EXPECT_NEAR(static_cast<double>(polls() - middle), 12, 1);
}

TEST_F(KasaAdapter, KeepsOneConnectionAPlug) {
  auto& garage = start_garage();

  clock.advance(30min);

  EXPECT_EQ(garage.connections(), 1);
}

TEST_F(KasaAdapter, OffersNoMeterWhereTheModelHasNone) {
  kasa::PlugPeerSettings plain = peer("127.0.1.1", "lamp", kMac1);
  plain.model = "HS100";
  add(plain);
  kasa::PlugSettings lamp = plug("lamp", by_alias("lamp"));
  lamp.model = "HS100";
  settings.plugs.push_back(lamp);
  start();

  EXPECT_EQ(site->find("lamp", "power"), nullptr);
  EXPECT_EQ(site->find("lamp", "energy_total"), nullptr);
  EXPECT_EQ(inbox.last("lamp", "relay"), "0");
}

TEST_F(KasaAdapter, SaysThatAPlugHasNoMeterAfterAll) {
  kasa::PlugPeerSettings plain = peer("127.0.1.1", "lamp", kMac1);
  plain.model = "HS100";
  add(plain);
  settings.plugs.push_back(plug("lamp", by_alias("lamp")));
  start();

  EXPECT_EQ(inbox.last("lamp", "power"), "unknown");
  EXPECT_THAT(inbox.notes("plug_warning"), ElementsAre(HasSubstr("meter = false")));
}

TEST_F(KasaAdapter, EndsEverythingWithinASecond) {
  for (int i = 1; i <= 4; ++i) {
    const std::string n = std::to_string(i);
    add(peer("127.0.1." + n, "plug " + n, "C0:06:C3:00:00:0" + n));
    settings.plugs.push_back(plug("plug" + n, by_mac("C0:06:C3:00:00:0" + n)));
  }
  settings.plugs.push_back(plug("nowhere", by_alias("nowhere")));
  start();
  fault(*peers[0], PlugFaultKind::deaf);
  const auto waiting = relay("plug1", true);
  clock.advance(500ms);
  ASSERT_FALSE(*waiting);

  stop();
  clock.settle();

  EXPECT_FALSE(is_running());
  EXPECT_NE(ended(waiting, 0s), "still going on");
  const std::uint64_t requests = counter("requests");
  clock.advance(5min);
  EXPECT_EQ(counter("requests"), requests);
}

TEST_F(KasaAdapter, ARunThatIsStartedAgainWorks) {
  auto& garage = start_garage();
  stop();
  test::Running<> again(clock, adapter->run(inbox));
  clock.advance(2s);

  EXPECT_EQ(ended(relay("garage", true), 1s), "ok");
  EXPECT_TRUE(garage.is_on());
  again.cancel();
  EXPECT_TRUE(again.is_done());
}

}  // namespace
}  // namespace b2m

// SPDX-License-Identifier: MIT
// The Kasa adapter and plugs that are silent, answer rubbish or restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/kasa_garage.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using kasa::PlugFaultKind;
using test::KasaAdapter;
using test::kMac1;
using test::kMac2;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(KasaAdapter, ADeadPlugDelaysNobody) {
  add(peer("127.0.1.1", "one", kMac1));
  add(peer("127.0.1.2", "two", kMac2));
  settings.plugs.push_back(plug("first", by_mac(kMac1)));
  settings.plugs.push_back(plug("second", by_mac(kMac2)));
  start();
  fault(*peers[0], PlugFaultKind::deaf);
  clock.advance(60s);
  inbox.forget();

  clock.advance(15s);

  EXPECT_EQ(inbox.last("second", "relay"), "0");
  EXPECT_EQ(ended(relay("second", true), 1s), "ok");
}

TEST_F(KasaAdapter, AnUnreachablePlugIsUnknownAndRefusesOrdersAtOnce) {
  auto& garage = start_garage();
  fault(garage, PlugFaultKind::offline);

  clock.advance(60s);

  EXPECT_EQ(inbox.last("garage", "relay"), "unknown");
  EXPECT_EQ(inbox.last("garage", "power"), "unknown");
  EXPECT_THAT(ended(relay("garage", true), 50ms), HasSubstr("garage does not answer (since"));
}

TEST_F(KasaAdapter, ComesBackByItself) {
  auto& garage = start_garage();
  fault(garage, PlugFaultKind::offline, 90s);
  clock.advance(85s);
  ASSERT_EQ(inbox.last("garage", "relay"), "unknown");

  clock.advance(90s);

  EXPECT_EQ(inbox.last("garage", "relay"), "0");
  EXPECT_EQ(ended(relay("garage", true), 1s), "ok");
}

TEST_F(KasaAdapter, SurvivesAReplyOfAHundredMegabytes) {
  auto& garage = start_garage();
  fault(garage, PlugFaultKind::huge_header, 30s);

  clock.advance(2min);

  EXPECT_GT(counter("bad_replies"), 0U);
  EXPECT_EQ(inbox.last("garage", "relay"), "0");
  EXPECT_EQ(ended(relay("garage", true), 1s), "ok");
}

TEST_F(KasaAdapter, SurvivesGarbage) {
  auto& garage = start_garage();
  fault(garage, PlugFaultKind::garbage, 30s);

  clock.advance(2min);

  EXPECT_EQ(inbox.last("garage", "relay"), "0");
}

TEST_F(KasaAdapter, NotesAPlugThatWasWithoutPower) {
  auto& garage = start_garage();
  ASSERT_EQ(ended(relay("garage", true, 1800)), "ok");
  clock.advance(60s);
  ASSERT_THAT(inbox.notes("plug_restarted"), IsEmpty());

  fault(garage, PlugFaultKind::power_cut);
  clock.advance(60s);

  EXPECT_THAT(inbox.notes("plug_restarted"), testing::Not(IsEmpty()));
  EXPECT_EQ(inbox.last("garage", "relay"), "1");
  EXPECT_EQ(inbox.last("garage", "guard_remaining"), "unknown");
}

TEST_F(KasaAdapter, OurOwnSwitchingIsNoRestart) {
  start_garage();
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(ended(relay("garage", true)), "ok");
    clock.advance(40s);
    ASSERT_EQ(ended(relay("garage", false)), "ok");
    ASSERT_EQ(ended(relay("garage", true)), "ok");
    clock.advance(40s);
  }

  EXPECT_THAT(inbox.notes("plug_restarted"), IsEmpty());
}

TEST_F(KasaAdapter, ADeadHostIsTriedLessAndLess) {
  settings.discovery = false;
  settings.plugs.push_back(plug("garage", by_host("127.0.1.1")));
  HostFaults dead;
  dead.refuses = true;
  network.set_faults("127.0.1.1", dead);
  start(10min);
  const std::uint64_t requests = counter("requests");

  clock.advance(10min);

  EXPECT_LE(counter("requests") - requests, 14U);
  EXPECT_GE(counter("requests") - requests, 8U);
}

TEST_F(KasaAdapter, OneFailedPollChangesNothingAndTheNextOrderStillGoesThrough) {
  auto& garage = start_garage();
  ASSERT_EQ(ended(relay("garage", true)), "ok");
  inbox.forget();
  network.reset("127.0.1.1");
  clock.advance(6s);

  EXPECT_EQ(ended(relay("garage", false), 1s), "ok");
  EXPECT_FALSE(garage.is_on());
  EXPECT_THAT(inbox.course("garage", "relay"), testing::Not(HasSubstr("unknown")));
}

TEST_F(KasaAdapter, FragmentsAndClosedConnectionsAreNoTrouble) {
  auto& garage = start_garage();
  fault(garage, PlugFaultKind::fragment);
  fault(garage, PlugFaultKind::close_after_reply);
  inbox.forget();

  clock.advance(2min);

  EXPECT_EQ(inbox.course("garage", "relay"), "0");
  EXPECT_EQ(ended(relay("garage", true, 1800), 1s), "ok");
}

}  // namespace
}  // namespace b2m

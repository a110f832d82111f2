// SPDX-License-Identifier: MIT
// How the Kasa adapter finds the plugs that are configured, and only those.
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
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

TEST_F(KasaAdapter, FindsAPlugByItsNameAndReadsIt) {
  start_garage();

  EXPECT_EQ(inbox.last("garage", "relay"), "0");
  EXPECT_EQ(inbox.last("garage", "power", 1), "0.0");
  EXPECT_EQ(inbox.last("garage", "voltage", 1), "230.0");
  EXPECT_EQ(inbox.last("garage", "model"), "KP115(EU)");
  EXPECT_EQ(inbox.last("garage", "address"), "127.0.1.1");
  EXPECT_EQ(inbox.last("garage", "alias"), "Rad Battery 1");
  EXPECT_EQ(inbox.last("garage", "guard_remaining"), "unknown");
  EXPECT_EQ(inbox.last("garage", "on_since"), "unknown");
}

TEST_F(KasaAdapter, FindsAPlugByMacAndByDeviceId) {
  add(peer("127.0.1.1", "one", kMac1));
  const auto& second = add(peer("127.0.1.2", "two", kMac2));
  settings.plugs.push_back(plug("first", by_mac("c0-06-c3-00-00-01")));
  kasa::Match by_id;
  by_id.device_id = second.device_id();
  settings.plugs.push_back(plug("second", by_id));
  start();

  EXPECT_EQ(inbox.last("first", "alias"), "one");
  EXPECT_EQ(inbox.last("second", "alias"), "two");
}

TEST_F(KasaAdapter, ReachesAFixedHostWithoutAnyBroadcast) {
  add(peer("127.0.1.1", "one", kMac1));
  settings.discovery = false;
  settings.plugs.push_back(plug("garage", by_host("127.0.1.1")));
  start(3s);
  clock.advance(1min);

  EXPECT_EQ(inbox.last("garage", "relay"), "0");
  EXPECT_THAT(inbox.notes("plug_warning"), ElementsAre(HasSubstr(std::string("mac = \"") + kMac1)));
  EXPECT_THAT(detail("garage"), HasSubstr(std::string("mac = \"") + kMac1));
}

TEST_F(KasaAdapter, FollowsAPlugToItsNewAddress) {
  start_garage();
  peers.clear();
  add(peer("127.0.1.77", "Rad Battery 1", kMac1));

  clock.advance(3min);

  EXPECT_EQ(inbox.last("garage", "relay"), "0");
  EXPECT_EQ(inbox.last("garage", "address"), "127.0.1.77");
  EXPECT_EQ(ended(relay("garage", true)), "ok");
}

TEST_F(KasaAdapter, FollowsAPlugWhoseFirmwareMovedToKlap) {
  settings.username = "user@example.com";
  settings.password = config::Secret("great_password");
  kasa::PlugPeerSettings with_klap = peer("127.0.1.1", "Rad Battery 1", kMac1);
  with_klap.klap_port = 80;
  with_klap.tdp_port = 20002;
  auto& garage = add(with_klap);
  settings.plugs.push_back(plug("garage", by_mac(kMac1)));
  start();
  ASSERT_EQ(inbox.last("garage", "relay"), "0");

  fault(garage, PlugFaultKind::drops_9999);
  clock.advance(3min);

  EXPECT_EQ(ended(relay("garage", true)), "ok");
  EXPECT_TRUE(garage.is_on());
  EXPECT_THAT(detail("garage"), HasSubstr("KLAP"));
}

TEST_F(KasaAdapter, LeavesAnotherPlugAtTheSameAddressAlone) {
  add(peer("127.0.1.1", "one", kMac1));
  settings.discovery = false;
  settings.plugs.push_back(plug("garage", by_host("127.0.1.1")));
  start(3s);
  peers.clear();
  clock.settle();
  auto& stranger = add(peer("127.0.1.1", "freezer", kMac2));

  const std::string first = ended(relay("garage", true));
  clock.advance(60s);

  EXPECT_THAT(first, HasSubstr("instead of garage"));
  EXPECT_EQ(inbox.last("garage", "relay"), "unknown");
  EXPECT_THAT(inbox.notes("plug_warning"),
              ElementsAre(HasSubstr("by its host alone"), HasSubstr("freezer")));
  EXPECT_THAT(ended(relay("garage", true), 50ms), HasSubstr("takes no orders"));
  EXPECT_FALSE(stranger.is_on());
  EXPECT_EQ(count(stranger, "set_relay_state"), 0);
}

TEST_F(KasaAdapter, RefusesANameThatTwoPlugsHave) {
  add(peer("127.0.1.1", "garage", kMac1));
  add(peer("127.0.1.2", "Garage ", kMac2));
  settings.plugs.push_back(plug("garage", by_alias("garage")));
  start(10s);

  EXPECT_EQ(inbox.last("garage", "relay"), "unknown");
  const auto warnings = inbox.notes("plug_warning");
  ASSERT_THAT(warnings, SizeIs(1));
  EXPECT_THAT(warnings[0],
              testing::AllOf(HasSubstr(kMac1), HasSubstr(kMac2), HasSubstr("match = { mac = ")));
  EXPECT_THAT(ended(relay("garage", true), 50ms), HasSubstr("several plugs"));
}

TEST_F(KasaAdapter, RefusesAPlugWhoseMacAndNameDisagree) {
  add(peer("127.0.1.1", "freezer", kMac1));
  kasa::Match both = by_mac(kMac1);
  both.alias = "garage";
  settings.plugs.push_back(plug("garage", both));
  start(10s);

  EXPECT_EQ(inbox.last("garage", "relay"), "unknown");
  EXPECT_THAT(inbox.notes("plug_warning"), ElementsAre(HasSubstr("freezer")));
}

TEST_F(KasaAdapter, NamesAWrongAccountOnceAndDoesNotHammer) {
  settings.username = "user@example.com";
  settings.password = config::Secret("wrong");
  kasa::PlugPeerSettings klap = peer("127.0.1.1", "garage", kMac1);
  klap.transport = kasa::PeerTransport::klap_v2;
  klap.port = 80;
  klap.tdp_port = 20002;
  auto& garage = add(klap);
  settings.plugs.push_back(plug("garage", by_mac(kMac1)));
  start(5s);
  const int tries = garage.connections();

  clock.advance(50s);

  EXPECT_THAT(inbox.notes("plug_warning"), SizeIs(1));
  EXPECT_LE(garage.connections(), tries);
  EXPECT_EQ(garage.handshakes(), 0);
}

TEST_F(KasaAdapter, FindsAKlapPlugByItsNameWithALogin) {
  settings.username = "user@example.com";
  settings.password = config::Secret("great_password");
  for (const auto& [address, alias, mac] :
       {std::tuple("127.0.1.1", "other", kMac1), std::tuple("127.0.1.2", "garage", kMac2)}) {
    kasa::PlugPeerSettings klap = peer(address, alias, mac);
    klap.model = "KP125M";
    klap.transport = kasa::PeerTransport::klap_v2;
    klap.port = 80;
    klap.tdp_port = 20002;
    add(klap);
  }
  settings.plugs.push_back(plug("garage", by_alias("Garage")));
  start(10s);

  EXPECT_EQ(inbox.last("garage", "address"), "127.0.1.2");
  EXPECT_EQ(ended(relay("garage", true, 1800)), "ok");
  EXPECT_TRUE(peers[1]->is_on());
  EXPECT_FALSE(peers[0]->is_on());
}

TEST_F(KasaAdapter, ANameThatNobodyHasIsSaidOnceWithTheNamesThereAre) {
  add(peer("127.0.1.1", "Rad Battery 1", kMac1));
  settings.plugs.push_back(plug("garage", by_alias("rad_batery_1")));
  start(10min);

  EXPECT_THAT(inbox.notes("plug_warning"), ElementsAre(HasSubstr("only \"Rad Battery 1\"")));
}

}  // namespace
}  // namespace b2m

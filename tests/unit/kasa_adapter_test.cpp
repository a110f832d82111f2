// SPDX-License-Identifier: MIT
// The Kasa adapter against simulated plugs: finding, reading, switching.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/kasa_adapter_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using kasa::PlugFaultKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kMac1 = "C0:06:C3:00:00:01";
constexpr auto kMac2 = "C0:06:C3:00:00:02";

class KasaAdapter : public testing::Test, public test::KasaAdapterFixture {
 protected:
  /// One KP115 "Rad Battery 1" at 127.0.1.1, configured as garage.
  kasa::PlugPeer& start_garage() {
    kasa::PlugPeer& garage = add(peer("127.0.1.1", "Rad Battery 1", kMac1));
    settings.plugs.push_back(plug("garage", by_alias("rad battery  1 ")));
    start();
    return garage;
  }
  static std::size_t position(const kasa::PlugPeer& peer, const std::string& what) {
    const auto& requests = peer.requests();
    const auto at = std::ranges::find_if(
        requests, [&](const std::string& r) { return r.find(what) != std::string::npos; });
    return static_cast<std::size_t>(at - requests.begin());
  }
  static long count(const kasa::PlugPeer& peer, const std::string& what) {
    return std::ranges::count_if(
        peer.requests(), [&](const std::string& r) { return r.find(what) != std::string::npos; });
  }
};

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

TEST_F(KasaAdapter, SwitchesAndConfirmsByReadingBack) {
  auto& garage = start_garage();

  EXPECT_EQ(ended(relay("garage", true), 1s), "ok");
  EXPECT_TRUE(garage.is_on());
  EXPECT_EQ(inbox.last("garage", "relay"), "1");
  clock.advance(10s);
  EXPECT_EQ(inbox.last("garage", "power", 1), "60.0");
  EXPECT_EQ(ended(relay("garage", false), 1s), "ok");
  EXPECT_FALSE(garage.is_on());
  EXPECT_EQ(inbox.course("garage", "relay"), "0 1 0");
}

TEST_F(KasaAdapter, ArmsTheTimerBeforeItSwitchesOn) {
  auto& garage = start_garage();

  EXPECT_EQ(ended(relay("garage", true, 1800)), "ok");

  EXPECT_LT(position(garage, "add_rule"), position(garage, "set_relay_state"));
  ASSERT_TRUE(garage.timer_left_s());
  EXPECT_NEAR(*garage.timer_left_s(), 1800, 5);
  EXPECT_NEAR(std::stod(inbox.last("garage", "guard_remaining")), 1800, 5);
}

TEST_F(KasaAdapter, RemovesTheTimerAfterTheOffWasConfirmed) {
  auto& garage = start_garage();
  ASSERT_EQ(ended(relay("garage", true, 1800)), "ok");

  EXPECT_EQ(ended(relay("garage", false)), "ok");

  EXPECT_FALSE(garage.timer_left_s());
  EXPECT_EQ(inbox.last("garage", "guard_remaining"), "unknown");
}

TEST_F(KasaAdapter, DoesNotSwitchOnWhatCannotBeGuarded) {
  auto& garage = start_garage();
  fault(garage, PlugFaultKind::no_timer);

  const std::string end = ended(relay("garage", true, 1800));

  EXPECT_THAT(end, HasSubstr("NOT switched on because"));
  EXPECT_FALSE(garage.is_on());
  EXPECT_EQ(count(garage, "set_relay_state"), 0);
}

TEST_F(KasaAdapter, RenewsTheTimerOfAPlugThatIsOnWithoutSwitchingItAgain) {
  auto& garage = start_garage();
  ASSERT_EQ(ended(relay("garage", true, 600)), "ok");
  clock.advance(300s);

  EXPECT_EQ(ended(relay("garage", true, 600)), "ok");

  EXPECT_EQ(count(garage, "set_relay_state"), 1);
  EXPECT_NEAR(garage.timer_left_s().value_or(0), 600, 5);
}

TEST_F(KasaAdapter, SaysWhenARelayDoesNotObey) {
  auto& garage = start_garage();
  ASSERT_EQ(ended(relay("garage", true)), "ok");
  fault(garage, PlugFaultKind::ignores_off);

  EXPECT_EQ(ended(relay("garage", false)), "garage is still on although it was told to switch off");
  EXPECT_EQ(inbox.last("garage", "relay"), "1");
}

TEST_F(KasaAdapter, DoesNotRepeatALostOn) {
  auto& garage = start_garage();
  fault(garage, PlugFaultKind::ignores_on);

  EXPECT_THAT(ended(relay("garage", true)), HasSubstr("is still off"));
  EXPECT_EQ(count(garage, "set_relay_state"), 1);
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

TEST_F(KasaAdapter, GuardTimeIsCountedDownBetweenReadings) {
  auto& garage = start_garage();
  ASSERT_EQ(ended(relay("garage", true, 1800)), "ok");

  clock.advance(20s);

  EXPECT_NEAR(std::stod(inbox.last("garage", "guard_remaining")), *garage.timer_left_s(), 6);
}

TEST_F(KasaAdapter, RenamesSwitchesTheLedAndReboots) {
  auto& garage = start_garage();

  EXPECT_EQ(ended(order("garage", point::led.row, 0)), "ok");
  EXPECT_EQ(inbox.last("garage", "led"), "0");
  EXPECT_EQ(ended(order("garage", point::alias, 0, 0, "Bike charger")), "ok");
  EXPECT_EQ(inbox.last("garage", "alias"), "Bike charger");
  EXPECT_THAT(inbox.notes("plug_warning"), ElementsAre(HasSubstr("write \"Bike charger\"")));
  EXPECT_EQ(ended(order("garage", point::reboot, 1)), "ok");
  EXPECT_GT(count(garage, "reboot"), 0);
  clock.advance(60s);
  EXPECT_EQ(ended(relay("garage", true), 1s), "ok");
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

TEST_F(KasaAdapter, AnOrderEndsAtItsDeadline) {
  auto& garage = start_garage();
  fault(garage, PlugFaultKind::deaf);

  const auto end = ended(relay("garage", true), 5300ms);

  EXPECT_NE(end, "still going on");
  EXPECT_NE(end, "ok");
}

TEST_F(KasaAdapter, ANameThatNobodyHasIsSaidOnceWithTheNamesThereAre) {
  add(peer("127.0.1.1", "Rad Battery 1", kMac1));
  settings.plugs.push_back(plug("garage", by_alias("rad_batery_1")));
  start(10min);

  EXPECT_THAT(inbox.notes("plug_warning"), ElementsAre(HasSubstr("only \"Rad Battery 1\"")));
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

TEST_F(KasaAdapter, AnOrderGoesBeforeTheRestOfASlowPoll) {
  auto& garage = start_garage();
  HostFaults slow;
  slow.delay = 300ms;
  network.set_faults("127.0.1.1", slow);
  clock.advance(14100ms);  // within a poll

  EXPECT_EQ(ended(relay("garage", true), 3s), "ok");
  EXPECT_TRUE(garage.is_on());
}

TEST_F(KasaAdapter, ConcurrentOrdersTakeTurns) {
  auto& garage = start_garage();

  const auto on = relay("garage", true, 1800);
  const auto led = order("garage", point::led.row, 0);
  const auto name = order("garage", point::alias, 0, 0, "rad battery 1");

  EXPECT_EQ(ended(on), "ok");
  EXPECT_EQ(ended(led), "ok");
  EXPECT_EQ(ended(name), "ok");
  EXPECT_TRUE(garage.is_on());
}

TEST_F(KasaAdapter, AForeignTimerIsLeftAloneAndSaid) {
  auto& garage = start_garage();
  garage.answer(R"({"count_down":{"add_rule":{"enable":1,"act":0,"delay":3000,"name":"my own"}}})");

  const std::string end = ended(relay("garage", true, 1800));

  EXPECT_THAT(end, HasSubstr("NOT switched on because"));
  EXPECT_FALSE(garage.is_on());
  EXPECT_NEAR(garage.timer_left_s().value_or(0), 3000, 10);
}

TEST_F(KasaAdapter, KeepsOneConnectionAPlug) {
  auto& garage = start_garage();

  clock.advance(30min);

  EXPECT_EQ(garage.connections(), 1);
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

}  // namespace
}  // namespace b2m

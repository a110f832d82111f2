// SPDX-License-Identifier: MIT
// The Kasa adapter when a plug lies, is away or turns out to be something else.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/kasa_adapter_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using kasa::PlugFaultKind;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto kMac = "C0:06:C3:00:00:01";
constexpr auto kKeptAt = "plugs.mac_at.127.0.1.1:0";

class KasaSafety : public testing::Test, public test::KasaAdapterFixture {
 protected:
  kasa::PlugPeer& start_garage() {
    kasa::PlugPeer& garage = add(peer("127.0.1.1", "garage", kMac));
    settings.plugs.push_back(plug("garage", by_mac(kMac)));
    start();
    return garage;
  }
  static long count(const kasa::PlugPeer& peer, const std::string& what) {
    return std::ranges::count_if(
        peer.requests(), [&](const std::string& r) { return r.find(what) != std::string::npos; });
  }
  /// The plug's timer always has its whole time left.
  void run_frozen(kasa::PlugPeer& garage, SteadyDuration d) {
    const std::string rules = garage.answer(R"({"count_down":{"get_rules":{}}})");
    const std::string key = R"("id":")";
    const std::size_t at = rules.find(key) + key.size();
    const std::string id = rules.substr(at, rules.find('"', at) - at);
    for (SteadyDuration t{}; t < d; t += 1s) {
      garage.answer(R"({"count_down":{"edit_rule":{"id":")" + id +
                    R"(","enable":1,"act":0,"delay":1800,"name":"battery2mqtt"}}})");
      clock.advance(1s);
    }
  }
};

TEST_F(KasaSafety, TheFirstPlugAtAHostIsKept) {
  add(peer("127.0.1.1", "garage", kMac));
  settings.discovery = false;
  settings.plugs.push_back(plug("garage", by_host("127.0.1.1")));
  start(3s);

  EXPECT_THAT(memory.kept, ElementsAre(std::pair(std::string(kKeptAt), std::string(kMac))));
  EXPECT_EQ(ended(relay("garage", true)), "ok");
}

TEST_F(KasaSafety, AnotherPlugAtAHostThanBeforeTheRestartIsLeftAlone) {
  memory.kept[kKeptAt] = "C0:06:C3:00:00:77";
  auto& stranger = add(peer("127.0.1.1", "freezer", kMac));
  settings.discovery = false;
  settings.plugs.push_back(plug("garage", by_host("127.0.1.1")));
  start(3s);

  EXPECT_THAT(ended(relay("garage", true)), HasSubstr("garage (MAC C0:06:C3:00:00:77)"));
  EXPECT_EQ(count(stranger, "set_relay_state"), 0);
  EXPECT_THAT(inbox.notes("plug_warning"),
              ElementsAre(HasSubstr("add mac = \"C0:06:C3:00:00:01\" to its match")));
  EXPECT_EQ(memory.kept[kKeptAt], "C0:06:C3:00:00:77");
}

TEST_F(KasaSafety, AMacInTheConfigurationGoesBeforeTheOneKept) {
  memory.kept[kKeptAt] = "C0:06:C3:00:00:77";
  add(peer("127.0.1.1", "garage", kMac));
  settings.discovery = false;
  kasa::Match match = by_host("127.0.1.1");
  match.mac = kMac;
  settings.plugs.push_back(plug("garage", match));
  start(3s);

  EXPECT_EQ(ended(relay("garage", true)), "ok");
}

TEST_F(KasaSafety, ATimerThatAlwaysSaysTheSameDoesNotCountAsArmed) {
  auto& garage = start_garage();
  ASSERT_EQ(ended(relay("garage", true, 1800)), "ok");

  run_frozen(garage, 40s);

  EXPECT_EQ(inbox.last("garage", "guard_remaining"), "unknown");
  EXPECT_THAT(inbox.notes("plug_warning"), ElementsAre(HasSubstr("does not go down")));
  run_frozen(garage, 5min);
  EXPECT_EQ(inbox.last("garage", "guard_remaining"), "unknown");
  EXPECT_THAT(inbox.notes("plug_warning"), testing::SizeIs(1));
  ASSERT_EQ(ended(relay("garage", true, 1800)), "ok");
  EXPECT_EQ(inbox.last("garage", "guard_remaining"), "unknown") << "to arm it proves nothing";
}

TEST_F(KasaSafety, ATimerThatFallsAgainCountsAgain) {
  auto& garage = start_garage();
  ASSERT_EQ(ended(relay("garage", true, 1800)), "ok");
  run_frozen(garage, 60s);
  ASSERT_EQ(inbox.last("garage", "guard_remaining"), "unknown");

  clock.advance(25s);

  EXPECT_NEAR(std::stod(inbox.last("garage", "guard_remaining")), garage.timer_left_s().value_or(0),
              6);
}

TEST_F(KasaSafety, AHealthyTimerIsNeverSuspected) {
  start_garage();
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(ended(relay("garage", true, 1800)), "ok");
    clock.advance(10min);
  }
  ASSERT_EQ(ended(relay("garage", false)), "ok");
  clock.advance(5min);
  ASSERT_EQ(ended(relay("garage", true, 1800)), "ok");
  clock.advance(5min);

  EXPECT_THAT(inbox.notes("plug_warning"), IsEmpty());
  EXPECT_NE(inbox.last("garage", "guard_remaining"), "unknown");
}

TEST_F(KasaSafety, ARenewalNeverSwitchesOnWhatIsOff) {
  auto& garage = start_garage();
  ASSERT_EQ(ended(relay("garage", true, 1800)), "ok");
  ASSERT_EQ(ended(renew("garage", 1800)), "ok");
  garage.answer(R"({"system":{"set_relay_state":{"state":0}}})");  // the button
  const long timers = count(garage, "edit_rule") + count(garage, "add_rule");

  EXPECT_THAT(ended(renew("garage", 1800)), HasSubstr("off already: its timer was not renewed"));
  EXPECT_THAT(ended(renew("garage", 0)), HasSubstr("off already"));

  EXPECT_FALSE(garage.is_on());
  EXPECT_EQ(inbox.last("garage", "relay"), "0");
  EXPECT_EQ(count(garage, "edit_rule") + count(garage, "add_rule"), timers);
}

TEST_F(KasaSafety, ATimerThatTheUserSetsDuringAChargeStays) {
  auto& garage = start_garage();
  ASSERT_EQ(ended(relay("garage", true, 1800)), "ok");
  garage.answer(R"({"count_down":{"delete_all_rules":{}}})");
  garage.answer(R"({"count_down":{"add_rule":{"enable":1,"act":0,"delay":600,"name":"mine"}}})");

  EXPECT_THAT(ended(renew("garage", 1800)), HasSubstr("a timer set in the app"));

  EXPECT_NEAR(garage.timer_left_s().value_or(0), 600, 10);
}

TEST_F(KasaSafety, AGuardedSwitchOnTakesFourExchanges) {
  auto& garage = start_garage();
  clock.advance(1s);
  const std::size_t before = garage.requests().size();

  ASSERT_EQ(ended(relay("garage", true, 1800)), "ok");

  // Look, arm, verify; then it is switched and read back.
  ASSERT_GT(garage.requests().size(), before + 3);
  EXPECT_THAT(garage.requests()[before + 3],
              testing::AllOf(HasSubstr("set_relay_state"), HasSubstr("get_sysinfo")));
}

TEST_F(KasaSafety, ThePowerIsReadSoonAfterAnOrder) {
  auto& garage = start_garage();
  ASSERT_EQ(ended(relay("garage", true, 1800)), "ok");
  clock.advance(1s);
  const std::size_t before = garage.requests().size();

  ASSERT_EQ(ended(relay("garage", false)), "ok");
  clock.advance(100ms);

  EXPECT_THAT(garage.requests()[before], HasSubstr("set_relay_state")) << "off waits for nothing";
  EXPECT_EQ(inbox.last("garage", "power"), "0");
}

TEST_F(KasaSafety, OffIsTriedAtOnceWhenAPlugIsBack) {
  auto& garage = start_garage();
  ASSERT_EQ(ended(relay("garage", true)), "ok");
  fault(garage, PlugFaultKind::offline, 200s);
  clock.advance(150s);
  EXPECT_THAT(ended(relay("garage", false), 6s), HasSubstr("does not answer"));
  const std::uint64_t tries = counter("requests");
  EXPECT_THAT(ended(relay("garage", true), 50ms), HasSubstr("does not answer"));
  EXPECT_EQ(counter("requests"), tries) << "only off is urgent";
  garage.clear_faults();
  clock.advance(5s);

  EXPECT_EQ(ended(relay("garage", false), 2s), "ok");

  EXPECT_FALSE(garage.is_on());
  clock.advance(6s);
  EXPECT_EQ(inbox.last("garage", "power"), "0") << "and it is polled again";
}

TEST_F(KasaSafety, OffIsNotTriedMoreOftenThanEveryFiveSeconds) {
  auto& garage = start_garage();
  fault(garage, PlugFaultKind::offline);
  clock.advance(5min);
  const std::uint64_t before = counter("requests");

  for (int i = 0; i < 40; ++i) {
    relay("garage", false);
    clock.advance(500ms);
  }

  EXPECT_GE(counter("requests") - before, 2U);
  EXPECT_LE(counter("requests") - before, 6U);
}

TEST_F(KasaSafety, TheMeterOfASocketIsReadSoonAfterItWasSwitchedOff) {
  kasa::PlugPeerSettings s = peer("127.0.1.4", "bench", kMac);
  s.model = "HS300";
  add(s);
  kasa::StripSettings strip;
  strip.id = "strip";
  strip.match = by_mac(kMac);
  settings.strips.push_back(strip);
  start(2s);
  ASSERT_EQ(ended(relay("strip_socket2", true)), "ok");
  clock.advance(10s);
  ASSERT_EQ(inbox.last("strip_socket2", "power"), "60");

  ASSERT_EQ(ended(relay("strip_socket2", false)), "ok");
  clock.advance(6s);

  EXPECT_EQ(inbox.last("strip_socket2", "power"), "0");
}

TEST_F(KasaSafety, APlugThatTurnsOutToBeAStripTakesNoOrders) {
  start_garage();
  peers.clear();
  clock.settle();
  kasa::PlugPeerSettings s = peer("127.0.1.1", "garage", kMac);
  s.model = "HS300";
  auto& strip = add(s);

  const std::string end = ended(relay("garage", true));
  clock.advance(30s);
  const std::string later = ended(relay("garage", true));

  EXPECT_NE(end, "ok");
  EXPECT_NE(later, "ok");
  EXPECT_EQ(inbox.last("garage", "relay"), "unknown");
  for (std::size_t i = 0; i < 6; ++i) EXPECT_FALSE(strip.is_on(i));
}

/// One plug's own reading of what it was told, without a plug.
class KasaOutlet : public testing::Test {
 protected:
  KasaOutlet() {
    SitePlan plan;
    plan.adapters.push_back({"plugs", "kasa", outlet_.offers(), {outlet_.device()}});
    site_ = std::make_unique<Site>(points_, plan);
    outlet_.bind(*site_, 0);
    inbox_.attach(*site_);
    outlet_.attach(inbox_);
  }
  static kasa::OutletPlan plan() {
    kasa::OutletPlan p;
    p.slug = "garage";
    return p;
  }
  static kasa::GuardState untold() {
    kasa::GuardState guard;
    guard.is_armed = true;
    guard.remaining_s = 1800;  // its whole delay
    guard.tells_remaining = false;
    return guard;
  }
  std::string left() { return inbox_.last("garage", "guard_remaining"); }

  PointTable points_;
  kasa::Outlet outlet_{plan()};
  std::unique_ptr<Site> site_;
  test::NotingInbox inbox_;
  SteadyTime now_ = SteadyTime() + 1h;
};

TEST_F(KasaOutlet, WithoutATimeLeftOnlyOurOwnArmingCounts) {
  EXPECT_TRUE(outlet_.say_guard(untold(), now_));
  EXPECT_EQ(left(), "unknown") << "who knows when it was armed";

  kasa::GuardState armed;
  armed.is_armed = true;
  armed.remaining_s = 1800;
  outlet_.say_armed(armed, now_);
  outlet_.say_guard(untold(), now_ + 600s);
  EXPECT_EQ(left(), "1200");
  outlet_.say_guard(untold(), now_ + 1700s);
  EXPECT_EQ(left(), "100");
  outlet_.say_guard(untold(), now_ + 1900s);
  EXPECT_EQ(left(), "unknown");
}

TEST_F(KasaOutlet, ATimerThatFallsTooSlowlyIsFoundOut) {
  kasa::GuardState guard;
  guard.is_armed = true;
  guard.remaining_s = 1800;
  outlet_.say_armed(guard, now_);
  bool is_believed = true;
  for (int s = 30; s <= 300 && is_believed; s += 30) {
    guard.remaining_s = 1800 - s * 0.8;
    is_believed = outlet_.say_guard(guard, now_ + std::chrono::seconds(s));
  }

  EXPECT_FALSE(is_believed);
  EXPECT_EQ(left(), "unknown");
}

TEST_F(KasaOutlet, ATimeThatDoesNotRunYetIsNoFrozenOne) {
  kasa::GuardState guard;
  guard.is_armed = true;
  guard.remaining_s = 1800;
  guard.is_running = false;
  outlet_.say_armed(guard, now_);

  EXPECT_TRUE(outlet_.say_guard(guard, now_ + 60s));
  guard.is_running = true;
  EXPECT_TRUE(outlet_.say_guard(guard, now_ + 120s));
  EXPECT_EQ(left(), "1800");
}

}  // namespace
}  // namespace b2m

// SPDX-License-Identifier: MIT
// Strips: each socket a device of its own, one conversation for all of them.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/kasa_adapter_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kMac = "C0:06:C3:00:00:01";

class KasaStrip : public testing::Test, public test::KasaAdapterFixture {
 protected:
  kasa::PlugPeer& add_strip() {
    kasa::PlugPeerSettings s = peer("127.0.1.4", "Bench", kMac);
    s.model = "HS300";
    s.child_aliases = {"one", "two", "three", "four", "five", "six"};
    return add(s);
  }
  static kasa::StripSettings strip(const std::string& id, kasa::Match match) {
    kasa::StripSettings s;
    s.id = id;
    s.match = std::move(match);
    return s;
  }
};

TEST_F(KasaStrip, HasADeviceForItselfAndOneForEachSocket) {
  add_strip();
  settings.strips.push_back(strip("strip", by_alias("bench")));
  start(2s);

  ASSERT_NE(site->find("strip_socket6"), nullptr);
  EXPECT_EQ(site->device(site->find("strip_socket6")->parent).slug, "strip");
  EXPECT_EQ(site->find("strip_socket6")->name, "Strip socket 6");
  EXPECT_EQ(inbox.last("strip", "model"), "HS300(US)");
  EXPECT_EQ(inbox.last("strip_socket3", "alias"), "three");
  EXPECT_EQ(inbox.last("strip_socket3", "relay"), "0");
  EXPECT_EQ(inbox.last("strip_socket3", "power"), "0");
  EXPECT_EQ(site->find("strip", "relay"), nullptr);
}

TEST_F(KasaStrip, SwitchesOneSocketAndLeavesTheOthersAlone) {
  auto& bench = add_strip();
  settings.strips.push_back(strip("strip", by_alias("bench")));
  start(2s);

  EXPECT_EQ(ended(relay("strip_socket2", true, 1800)), "ok");

  EXPECT_TRUE(bench.is_on(1));
  EXPECT_TRUE(bench.timer_left_s(1));
  for (const std::size_t other : {0U, 2U, 3U, 4U, 5U}) {
    EXPECT_FALSE(bench.is_on(other));
    EXPECT_FALSE(bench.timer_left_s(other));
  }
}

TEST_F(KasaStrip, KeepsOneConnection) {
  auto& bench = add_strip();
  settings.strips.push_back(strip("strip", by_alias("bench")));
  start(2s);

  clock.advance(5min);

  EXPECT_EQ(bench.connections(), 1);
}

TEST_F(KasaStrip, ValuesOfSocketsThatAreOffDoNotGrowStale) {
  add_strip();
  settings.strips.push_back(strip("strip", by_alias("bench")));
  start(2s);
  clock.advance(2min);
  inbox.forget();

  clock.advance(55s);

  EXPECT_EQ(inbox.last("strip_socket5", "power"), "0");
  EXPECT_EQ(inbox.last("strip_socket5", "relay"), "0");
}

TEST_F(KasaStrip, SocketsNamedOneByOneShareOneConversation) {
  auto& bench = add_strip();
  settings.plugs.push_back(plug("first", by_alias("one")));
  settings.plugs.push_back(plug("third", by_alias("Three")));
  kasa::Match by_number = by_mac(kMac);
  by_number.child = kasa::ChildKey{5, ""};
  settings.plugs.push_back(plug("fifth", by_number));
  start(10s);

  EXPECT_EQ(inbox.last("first", "alias"), "one");
  EXPECT_EQ(inbox.last("third", "alias"), "three");
  EXPECT_EQ(inbox.last("fifth", "alias"), "five");
  EXPECT_EQ(ended(relay("third", true)), "ok");
  EXPECT_TRUE(bench.is_on(2));
  EXPECT_EQ(ended(relay("fifth", true)), "ok");
  EXPECT_TRUE(bench.is_on(4));
  EXPECT_FALSE(bench.is_on(0));
  const int connections = bench.connections();
  clock.advance(5min);
  EXPECT_EQ(bench.connections(), connections);
}

TEST_F(KasaStrip, TwoEntriesForOneSocketAreRefused) {
  auto& bench = add_strip();
  settings.plugs.push_back(plug("first", by_alias("one")));
  kasa::Match by_number = by_mac(kMac);
  by_number.child = kasa::ChildKey{1, ""};
  settings.plugs.push_back(plug("again", by_number));
  start(10s);

  EXPECT_THAT(inbox.notes("plug_warning"), testing::Contains(HasSubstr("is already")));
  const std::string first = ended(relay("first", true));
  const std::string again = ended(relay("again", true));
  EXPECT_EQ((first == "ok") + (again == "ok"), 1) << first << "; " << again;
  EXPECT_TRUE(bench.is_on(0));
}

TEST_F(KasaStrip, AStripAsAPlugIsRefusedWithWhatToWrite) {
  auto& bench = add_strip();
  settings.plugs.push_back(plug("garage", by_alias("bench")));
  start(10s);

  EXPECT_THAT(inbox.notes("plug_warning"), ElementsAre(HasSubstr("child = 1 to 6")));
  EXPECT_THAT(ended(relay("garage", true)), HasSubstr("strip"));
  for (std::size_t i = 0; i < 6; ++i) EXPECT_FALSE(bench.is_on(i));
}

TEST_F(KasaStrip, ASocketThatIsNotThereIsSaid) {
  add_strip();
  kasa::Match seventh = by_alias("bench");
  seventh.child = kasa::ChildKey{7, ""};
  settings.plugs.push_back(plug("seventh", seventh));
  start(10s);

  EXPECT_THAT(inbox.notes("plug_warning"), ElementsAre(HasSubstr("has 6 sockets")));
}

TEST_F(KasaStrip, TheLedIsThatOfTheStrip) {
  add_strip();
  settings.strips.push_back(strip("strip", by_alias("bench")));
  start(2s);

  EXPECT_EQ(ended(order("strip", point::led.row, 0)), "ok");
  EXPECT_EQ(inbox.last("strip", "led"), "0");
  EXPECT_EQ(site->find("strip_socket1", "led"), nullptr);
}

}  // namespace
}  // namespace b2m

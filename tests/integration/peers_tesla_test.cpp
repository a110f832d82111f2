// SPDX-License-Identifier: MIT
// `battery2mqtt peers` with a ring of Tesla modules, over its pseudo terminal, spoken to with raw
// bytes as a host would.
#include <gtest/gtest.h>

#include "tests/support/host_line.hpp"
#include "tests/support/peers.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

constexpr const char* kWorld = R"(
[[tesla_uart]]
id = "ring1"
transport = "pty:@DIR@/tesla"
modules = 2
chemistry = "nca_tesla"
)";
constexpr auto kAnyoneNew = "\x00\x00\x01\x07"sv;
constexpr auto kFreshBoard = "\x80\x00\x01\x60"sv;
constexpr auto kBeOne = "\x01\x3B\x81\x8B"sv, kIsOne = "\x81\x3B\x81\x8B"sv;
constexpr auto kWhoIsOne = "\x02\x3B\x01\xBF"sv, kOne = "\x02\x3B\x01\x81\xBA"sv;

TEST(PeersTesla, GivesAddressesAndBleedsForATime) {
  Peers peers(kWorld);
  HostLine host(peers.folder() + "/tesla");
  ASSERT_TRUE(host.is_open());

  host.say(kAnyoneNew);
  EXPECT_TRUE(host.hears(kFreshBoard));
  host.say(kBeOne);
  EXPECT_TRUE(host.hears(kIsOne));
  host.say(kWhoIsOne);
  EXPECT_TRUE(host.hears(kOne));

  host.say("\x03\x33\x01\x7C"sv);  // one second
  host.say("\x03\x32\x0A\x58"sv);  // cells 2 and 4
  EXPECT_TRUE(peers.wait_for("ring id=ring1 module=1 bleed=2,4"));
  EXPECT_TRUE(peers.wait_for("ring id=ring1 module=1 bleed=none"));
}

TEST(PeersTesla, GoesAndComesBackUnderTheSameLink) {
  Peers peers(kWorld);
  {
    HostLine host(peers.folder() + "/tesla");
    host.say(kBeOne);
    ASSERT_TRUE(host.hears(kIsOne));
    peers.fault("kind=unplug tesla_uart=ring1 for_s=1");
    ASSERT_TRUE(peers.wait_for("fault kind=unplug tesla_uart=ring1"));
    EXPECT_FALSE(host.hears("nothing"));
    EXPECT_TRUE(host.has_ended());
  }

  for (const auto end = std::chrono::steady_clock::now() + 10s;
       std::chrono::steady_clock::now() < end;) {
    HostLine host(peers.folder() + "/tesla");
    if (!host.is_open()) continue;
    host.say(kWhoIsOne);  // the board has kept its power
    EXPECT_TRUE(host.hears(kOne));
    return;
  }
  ADD_FAILURE() << "the line did not come back";
}

TEST(PeersTesla, TakesFaultsOfOneModule) {
  Peers peers(kWorld);
  HostLine host(peers.folder() + "/tesla");
  host.say(kBeOne);
  ASSERT_TRUE(host.hears(kIsOne));

  peers.fault("kind=dead tesla_uart=ring1 module=1 for_s=60");
  ASSERT_TRUE(peers.wait_for("fault kind=dead tesla_uart=ring1 module=1 cell=0"));
  host.say(kAnyoneNew);
  EXPECT_TRUE(host.hears(kFreshBoard)) << "of module 2";
  host.say(kBeOne);
  EXPECT_TRUE(host.hears(kIsOne));

  peers.fault("kind=cell_voltage module=2 cell=3 value=4.3");  // a word of buses as well
  EXPECT_TRUE(peers.wait_for("fault kind=cell_voltage tesla_uart=all module=2 cell=3"));
  peers.fault("kind=dead tesla_uart=ring9");
  EXPECT_TRUE(peers.wait_for("refused kind=dead tesla_uart=ring9 reason=no_such_ring"));
  peers.fault("kind=dead module=3");
  EXPECT_TRUE(peers.wait_for("refused kind=dead tesla_uart=ring1 reason=cannot"));
  peers.fault("kind=button tesla_uart=ring1");
  EXPECT_TRUE(peers.wait_for("reason=not_of_a_ring"));
}

}  // namespace
}  // namespace b2m::test

// SPDX-License-Identifier: MIT
// `battery2mqtt peers` over its pseudo terminal, spoken to with raw bytes as a host would.
#include <csignal>
#include <fstream>

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "tests/support/host_line.hpp"
#include "tests/support/peers.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kWorld = R"(
[[can]]
id = "bench"
transport = "slcan-pty:@DIR@/can"
  [[can.pack]]
  part = 1
  chemistry = "lead_12v"
  charge_id = 0x604
  ack_id = 0x606
  error_id = 0x602
)";

TEST(PeersSlcan, SendsNothingBeforeTheChannelIsOpenThenRealFrames) {
  Peers peers(kWorld);
  HostLine host(peers.folder() + "/can");
  ASSERT_TRUE(host.is_open());

  EXPECT_FALSE(host.hears("t600", 400ms));
  host.say("S6\rO\r");

  EXPECT_TRUE(host.hears("\r\r"));
  EXPECT_TRUE(host.hears("t6003"));
}

TEST(PeersSlcan, ObeysAChargeCommandAndAcknowledges) {
  Peers peers(kWorld);
  HostLine host(peers.folder() + "/can");

  host.say("O\rt6043010031\r");

  EXPECT_TRUE(host.hears("t6063010031\r"));
  EXPECT_TRUE(peers.wait_for("bms part=1 charging=on cause=command\n"));
}

TEST(PeersSlcan, AnswersWrongLinesWithTheBell) {
  Peers peers(kWorld);
  HostLine host(peers.folder() + "/can");

  for (const char* line : {"t6043010031\r", "O\rO\r", "t604301\r", "tG\r", "Q\r", "t\r"}) {
    host.say(line);
    EXPECT_TRUE(host.hears("\a")) << line;
  }
}

TEST(PeersSlcan, SurvivesAHostThatGoesAndComesBack) {
  Peers peers(kWorld);
  for (int i = 0; i < 3; ++i) {
    HostLine host(peers.folder() + "/can");
    ASSERT_TRUE(host.is_open());
    host.say("C\rO\r");
    EXPECT_TRUE(host.hears("t600")) << i;
  }
}

TEST(PeersSlcan, UnpluggingEndsTheLineAndPluggingInBringsAnother) {
  Peers peers(kWorld);
  HostLine host(peers.folder() + "/can");
  host.say("O\r");
  ASSERT_TRUE(host.hears("t600"));

  peers.fault("kind=unplug for_s=0.3");
  while (host.hears("t600")) {
  }
  EXPECT_TRUE(host.has_ended());

  const auto end = std::chrono::steady_clock::now() + 10s;
  while (access((peers.folder() + "/can").c_str(), F_OK) != 0 &&
         std::chrono::steady_clock::now() < end)
    poll(nullptr, 0, 10);
  HostLine again(peers.folder() + "/can");
  ASSERT_TRUE(again.is_open());
  again.say("O\r");
  EXPECT_TRUE(again.hears("t600"));
}

TEST(PeersSlcan, BusOffShowsInTheFlagsAndRefusesFrames) {
  Peers peers(kWorld);
  HostLine host(peers.folder() + "/can");
  host.say("O\r");
  ASSERT_TRUE(host.hears("t600"));

  peers.fault("kind=bus_off for_s=30");
  ASSERT_TRUE(peers.wait_for("bus state=off\n"));
  host.say("F\rt6043010031\r");

  EXPECT_TRUE(host.hears("FA4\r"));
  EXPECT_TRUE(host.hears("\a"));
}

TEST(Peers, EndsAtTheEndOfItsInputAndOnSigterm) {
  Peers first(kWorld);
  first.end_input();
  EXPECT_EQ(first.wait_for_end(), 0);

  Peers second(kWorld);
  second.signal(SIGTERM);
  EXPECT_EQ(second.wait_for_end(), 0);
}

TEST(Peers, WritesALogThatCandumpToolsRead) {
  const std::string world =
      std::string(kWorld).replace(std::string(kWorld).find("slcan-pty"), 9, "candump");
  Peers peers(world, "10");

  std::string line;
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (line.find("#") == std::string::npos && std::chrono::steady_clock::now() < end) {
    std::ifstream in(peers.folder() + "/can");
    std::getline(in, line);
    poll(nullptr, 0, 10);
  }

  EXPECT_EQ(line.front(), '(');
  EXPECT_NE(line.find(") can0 60"), std::string::npos) << line;
}

TEST(Peers, RunsTheScriptOfItsWorld) {
  Peers peers(std::string(kWorld) + "[[fault]]\nat_s = 1\nkind = \"silent\"\npack = 1\n", "20");

  EXPECT_TRUE(peers.wait_for("fault kind=silent pack=1 cell=0\n"));
}

TEST(Peers, RefusesAWorldWithAMistake) {
  EXPECT_THROW(Peers("[[can]]\nid = \"a\"\ntransport = \"x:y\"\n"), std::runtime_error);
  EXPECT_THROW(Peers("[sight]\n"), std::runtime_error);
}

}  // namespace
}  // namespace b2m::test

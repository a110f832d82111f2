// SPDX-License-Identifier: MIT
// Simulated nodes of protocol v2 on the bytes of docs/protocols/spi-cell-nodes.md, as seen on the
// bus.
#include <gtest/gtest.h>

#include "tests/support/node_bus.hpp"

namespace b2m::spi_nodes {
namespace {

using namespace literals;
using namespace std::chrono_literals;
using test::node_3;
using test::NodeBus;

// What the page has as requests; the checksums are its own.
constexpr char kIdentify[] = "A60012300000000092D7B424000000";
constexpr char kCollect[] = "A600220000000000CC63F869000000";
constexpr char kRead[] = "A60332100000000028098461000000";
constexpr char kBleed[] = "A6034220C83C0046291F5DAD000000";
constexpr char kAllOff[] = "A63F522000000000748AD25F000000";
constexpr char kAddress7[] = "A600624007F841440054E33D000000";
constexpr char kLocate[] = "A603723105000000127C2743000000";
constexpr char kSerial[] = "A603823200000000C2BE33E9000000";

/// Node 3, whose master has already heard that it has started.
class SpiPeer : public testing::Test {
 protected:
  SpiPeer() : cell_(bus_.peer.add_fixed(node_3(), 3.913_V)) { cell_.celsius = 24.6_degC; }
  void greet() {
    (void)bus_.say(kCollect);
    (void)bus_.say(kCollect);
  }

  NodeBus bus_;
  peer::FixedCell& cell_;
};

TEST_F(SpiPeer, BeforeAnyRequestItSaysSo) {
  EXPECT_EQ(bus_.say(kIdentify).substr(2, 8), "5A030F00");
}

TEST_F(SpiPeer, TheRequestsOfThePageGetTheRepliesOfThePage) {
  greet();
  (void)bus_.say(kIdentify);
  EXPECT_EQ(bus_.say(kRead), "015A031030010102031F01C48E8F51");
  EXPECT_EQ(bus_.say(kCollect), "015A033010490FF60000807D973846");
  (void)bus_.say(kRead);
  cell_.celsius = -5.3_degC;
  EXPECT_EQ(bus_.say(kCollect), "015A033010490FCBFF00808E3404D1") << "sampled when collected";
  (void)bus_.say(kSerial);
  EXPECT_EQ(bus_.say(kCollect), "015A038032DEADBEEF0001819E841C");
}

TEST_F(SpiPeer, BleedsAsThePageSays) {
  greet();
  cell_.volts = 3.9_V;
  (void)bus_.say(kCollect);

  (void)bus_.say(kBleed);
  EXPECT_EQ(bus_.peer.duty(0), 200);
  EXPECT_NEAR(cell_.bled_by.value, 12.75, 1e-9);
  EXPECT_EQ(bus_.say(kCollect), "015A034020C83C00003C0FFEF0CCC9");

  (void)bus_.say(kAllOff);
  EXPECT_EQ(bus_.peer.duty(0), 0);
  EXPECT_EQ(bus_.say(kCollect), "01FFFFFFFFFFFFFFFFFFFFFFFFFFFF") << "nobody answers a broadcast";
}

TEST_F(SpiPeer, ANodeThatIsTooHotDoesNotBleed) {
  greet();
  cell_.volts = 3.9_V;
  cell_.celsius = 70.1_degC;
  (void)bus_.say(kBleed);

  EXPECT_EQ(bus_.say(kCollect).substr(2), "5A034520000000023C0F8102EE15");
  EXPECT_EQ(bus_.peer.duty(0), 0);
}

TEST_F(SpiPeer, ANodeThatDoesNotKnowHowHotItIsDoesNotBleed) {
  greet();
  bus_.inject({NodeFaultKind::open_sensor, 1});
  (void)bus_.say(kBleed);

  EXPECT_EQ(bus_.say(kCollect).substr(6, 2), "45");
}

TEST_F(SpiPeer, ADamagedRequestIsAnsweredAsThePageSaysAndNotObeyed) {
  greet();
  (void)bus_.say("A6035220C83C0046291F5DAD000000");  // another sequence under the same checksum

  EXPECT_EQ(bus_.say(kCollect), "015A03512000000000000082FC0C3C");
  EXPECT_EQ(bus_.peer.duty(0), 0);
}

TEST_F(SpiPeer, TakesANewAddressAndAnswersUnderIt) {
  greet();
  (void)bus_.say(kAddress7);

  EXPECT_EQ(bus_.say(kCollect).substr(2, 10), "5A07604007");
  EXPECT_EQ(bus_.peer.address(0), 7);
}

TEST_F(SpiPeer, BlinksForAsLongAsItWasTold) {
  (void)bus_.say(kLocate);
  EXPECT_TRUE(bus_.peer.is_located(0));
  bus_.wait(5s);
  EXPECT_FALSE(bus_.peer.is_located(0));
}

TEST_F(SpiPeer, AnswersAnOldMasterByTheOldRule) {
  cell_.volts = 3.61_V;

  EXPECT_EQ(bus_.say("0145"), "0169");
  EXPECT_EQ(bus_.say("4501450145"), "0101690169");
}

TEST_F(SpiPeer, RequestsOfAnotherLengthAreNoRequests) {
  greet();
  (void)bus_.say("A6034220C83C0046291F5DAD0000");
  (void)bus_.say("A6034220C83C0046291F5DAD00000000");

  EXPECT_EQ(bus_.peer.duty(0), 0);
}

TEST_F(SpiPeer, RequestsForAnotherNodeAreNotItsOwn) {
  greet();
  EXPECT_EQ(bus_.say(bus_.request(5, 1, 0x20, {0xFF, 9, 0, 60})).substr(2, 2), "5A");
  EXPECT_EQ(bus_.peer.duty(0), 0);
  EXPECT_EQ(bus_.say(kCollect).substr(2, 4), "FFFF");
}

TEST_F(SpiPeer, UnknownCommandsAndBadArgumentsAreRefused) {
  greet();
  (void)bus_.say(bus_.request(3, 4, 0x55));
  EXPECT_EQ(bus_.say(bus_.request(3, 5, 0x40, {7, 7, 0x41, 0x44})).substr(6, 4), "4255");
  EXPECT_EQ(bus_.say(bus_.request(3, 6, 0x42)).substr(6, 4), "5340");
  EXPECT_EQ(bus_.say(kCollect).substr(6, 4), "6342");
  EXPECT_EQ(bus_.peer.restarts(0), 0U);
}

TEST_F(SpiPeer, EchoesLimitsAndRawNumbersAreTheMasters) {
  greet();
  (void)bus_.say(bus_.request(3, 1, 0x7E, {1, 2, 3, 4}));
  EXPECT_EQ(bus_.say(bus_.request(3, 2, 0x21, {0x80, 0x0C, 0x36, 0x10})).substr(10, 8), "01020304");
  EXPECT_EQ(bus_.say(bus_.request(3, 3, 0x12)).substr(10, 8), "800C3610");
  EXPECT_EQ(bus_.say(kCollect).substr(10, 12), "7F0288134C04");  // 639 steps, 5 V, 1.1 V
}

TEST_F(SpiPeer, RemembersItsLowestAndHighestUntilTheyAreCleared) {
  greet();
  cell_.volts = 3.2_V;
  bus_.wait(1s);
  cell_.volts = 3.913_V;
  (void)bus_.say(bus_.request(3, 1, 0x11, {1}));
  EXPECT_EQ(bus_.say(bus_.request(3, 2, 0x11)).substr(10, 8), "800C490F");
  EXPECT_EQ(bus_.say(kCollect).substr(10, 8), "490F490F");
}

TEST_F(SpiPeer, CalibratesToWhatItIsTold) {
  greet();
  (void)bus_.say(bus_.request(3, 1, 0x41, {0xA0, 0x0F, 0x43, 0x41}));  // 4.000 V
  EXPECT_EQ(bus_.say(kRead).substr(10, 8), "490FEE27");                // was 3.913, 1.0222
  EXPECT_EQ(bus_.say(kCollect).substr(10, 4), "A00F");
}

TEST_F(SpiPeer, ABleedEndsByItsOwnTimer) {
  (void)bus_.say(bus_.request(3, 1, 0x20, {0xFF, 3, 0, 60}));
  bus_.wait(2999ms);
  EXPECT_EQ(bus_.peer.duty(0), 255);
  bus_.wait(1ms);
  EXPECT_EQ(bus_.peer.duty(0), 0);
  EXPECT_EQ(bus_.said.back(), "node id=nodes node=1 bleed=off by=timeout");
}

TEST_F(SpiPeer, ABleedEndsAfterThirtySecondsWithoutItsMaster) {
  (void)bus_.say(kBleed);
  bus_.wait(29s);
  (void)bus_.say(kRead);
  bus_.wait(29s);
  EXPECT_EQ(bus_.peer.duty(0), 200);
  bus_.wait(1s);
  EXPECT_EQ(bus_.peer.duty(0), 0);
  EXPECT_EQ(bus_.said.back(), "node id=nodes node=1 bleed=off by=silence");
}

TEST_F(SpiPeer, ABleedEndsBelowItsFloorAndAboveItsTemperature) {
  (void)bus_.say(bus_.request(3, 1, 0x21, {0x80, 0x0C, 0x36, 0x10}));  // 3.200 V
  (void)bus_.say(kBleed);
  cell_.volts = 3.19_V;
  bus_.wait(300ms);
  bus_.wait(1ms);
  EXPECT_EQ(bus_.said.back(), "node id=nodes node=1 bleed=off by=floor");

  cell_.volts = 3.7_V;
  bus_.wait(300ms);
  (void)bus_.say(kBleed);
  ASSERT_EQ(bus_.peer.duty(0), 200);
  cell_.celsius = 71_degC;
  bus_.wait(1ms);
  EXPECT_EQ(bus_.said.back(), "node id=nodes node=1 bleed=off by=heat");
}

TEST_F(SpiPeer, ItsVoltageIsLowerWhileItBleedsAndForAMomentAfterwards) {
  greet();
  const auto millivolts = [&] {
    (void)bus_.say(kRead);
    return bus_.word(bus_.say(kCollect), 5);
  };
  (void)bus_.say(bus_.request(3, 1, 0x20, {0xFF, 60, 0, 60}));
  bus_.wait(100ms);
  EXPECT_EQ(millivolts(), 3913 - 20);  // 0.39 A through 50 mOhm
  (void)bus_.say(kAllOff);
  EXPECT_LT(millivolts(), 3900);
  bus_.wait(100ms);
  EXPECT_EQ(millivolts(), 3913);
}

TEST_F(SpiPeer, ABrownOutEndsTheBleedAndIsToldOnce) {
  greet();
  (void)bus_.say(kBleed);
  bus_.inject({NodeFaultKind::brown_out, 1});

  EXPECT_EQ(bus_.peer.duty(0), 0);
  EXPECT_EQ(bus_.say(kRead).substr(6, 4), "0700");
  EXPECT_EQ(bus_.say(kCollect).substr(6, 4), "3010");
}

TEST_F(SpiPeer, ARestartByCommandIsToldOnce) {
  greet();
  (void)bus_.say(bus_.request(3, 1, 0x42, {'R', 'S', 'T', '!'}));

  EXPECT_EQ(bus_.say(kRead).substr(6, 4), "0700");
  EXPECT_EQ(bus_.say(kCollect).substr(6, 4), "3010");
}

TEST_F(SpiPeer, NobodyIsOnAnotherSelectLine) { EXPECT_EQ(bus_.say("00A65A", 1), "FFFFFF"); }

}  // namespace
}  // namespace b2m::spi_nodes

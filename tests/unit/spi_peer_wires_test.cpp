// SPDX-License-Identifier: MIT
// Old nodes, several nodes on one line, stacked taps, and wires with faults, as seen on the bus.
#include <gtest/gtest.h>

#include "gateway/sim/virtual_pack.hpp"
#include "tests/support/node_bus.hpp"

namespace b2m::spi_nodes {
namespace {

using namespace literals;
using namespace std::chrono_literals;
using test::node_3;
using test::NodeBus;

constexpr char kFive[] = "4501450145";
constexpr std::uint8_t kThree[] = {1, 2, 3};
constexpr char kHigh[] = "01FFFFFFFFFFFFFFFFFFFFFFFFFFFF";

NodeWiring old_node() {
  NodeWiring wiring;
  wiring.is_legacy = true;
  return wiring;
}
NodeWiring shared(std::uint8_t address) {
  NodeWiring wiring;
  wiring.address = address;
  wiring.serial[5] = address;
  return wiring;
}

class SpiPeerOldNode : public testing::Test {
 protected:
  SpiPeerOldNode() : cell_(bus_.peer.add_fixed(old_node(), 3.6151_V)) {}
  void set(Volts volts) {
    cell_.volts = volts;
    bus_.wait(300ms);
  }
  NodeBus bus_;
  peer::FixedCell& cell_;
};

TEST_F(SpiPeerOldNode, ItsFirstAnswerAfterPowerUpIsWrong) {
  EXPECT_EQ(bus_.say("0145"), "0069");
  EXPECT_EQ(bus_.say("0145"), "0169");
}

TEST_F(SpiPeerOldNode, ItsHighByteIsOnePollOld) {
  set(2.5551_V);
  (void)bus_.say("0145");
  EXPECT_EQ(bus_.say("0145"), "00FF");
  set(2.5686_V);
  EXPECT_EQ(bus_.say("0145"), "0000");
  set(2.5551_V);
  EXPECT_EQ(bus_.say("0145"), "01FF");
}

TEST_F(SpiPeerOldNode, FiveBytesBringOneMeasurementTwice) {
  EXPECT_EQ(bus_.say(kFive), "0001690169");
  EXPECT_EQ(bus_.say(kFive), "0101690169");
}

TEST_F(SpiPeerOldNode, StepsAndCutsAsItsConverterDoes) {
  constexpr struct {
    int adc;
    const char* answer;
  } kRows[] = {{490, "2C01"}, {530, "4401"}, {590, "6901"}, {605, "7201"},
               {686, "A401"}, {836, "FF01"}, {837, "0002"}, {1023, "7202"}};
  for (const auto& row : kRows) {
    set(Volts((row.adc + 0.5) * 6.27 / 1024));
    EXPECT_EQ(bus_.say("014501").substr(2), row.answer) << row.adc;
  }
}

TEST_F(SpiPeerOldNode, AMeasurementInBetweenMixesTwoOfThem) {
  set(2.5551_V);
  bus_.inject({NodeFaultKind::race, 1});
  set(2.5686_V);

  EXPECT_EQ(bus_.say(kFive).substr(2), "00000100");
}

TEST_F(SpiPeerOldNode, ALostEdgeShiftsItsAnswerUntilTheSelectLineRises) {
  (void)bus_.say(kFive);
  bus_.inject({NodeFaultKind::bit_slip, 1, 8});
  EXPECT_EQ(bus_.say(kFive).substr(0, 4), "0100");  // 01 a bit late
  bus_.peer.clear_faults();
  (void)bus_.say(kFive);
  EXPECT_EQ(bus_.say(kFive), "0101690169");
}

TEST_F(SpiPeerOldNode, SlowEdgesShiftEverythingAboveTheirClock) {
  (void)bus_.say(kFive);
  bus_.inject({NodeFaultKind::slow_edges, 1, 5000});
  EXPECT_EQ(bus_.say(kFive, 0, 8000), "8080B480B4");
  EXPECT_EQ(bus_.say(kFive, 0, 4000), "0101690169");
}

class SpiPeerSharedLine : public testing::Test {
 protected:
  SpiPeerSharedLine() {
    for (const std::uint8_t address : kThree)
      bus_.peer.add_fixed(shared(address), Volts(3.0 + 0.1 * address));
    for (const std::uint8_t address : kThree) (void)bus_.say(NodeBus::request(address, 0, 0x10));
    (void)bus_.say(NodeBus::request(0x3F, 0, 0x10));
  }
  /// The answer of whoever was asked before.
  std::string ask(std::uint8_t address, std::uint8_t command = 0x10) {
    return bus_.say(NodeBus::request(address, 1, command));
  }
  NodeBus bus_;
};

TEST_F(SpiPeerSharedLine, OnlyTheNodeAskedBeforeDrivesTheLine) {
  (void)ask(1);
  EXPECT_EQ(ask(2).substr(0, 14), "FF5A0110101C0C");
  EXPECT_EQ(ask(3).substr(0, 14), "FF5A021010800C");
  EXPECT_EQ(ask(1).substr(0, 14), "FF5A031010E40C");
}

TEST_F(SpiPeerSharedLine, NobodyAnswersADamagedOrAnOldRequest) {
  (void)bus_.say("A60112100000000000000000000000");
  EXPECT_EQ(ask(1), "FF" + std::string(kHigh).substr(2));
  EXPECT_EQ(bus_.say(kFive), "FFFFFFFFFF");
}

TEST_F(SpiPeerSharedLine, ANodeThatAnswersForAnotherShowsItsOwnAddress) {
  bus_.inject({NodeFaultKind::wrong_node, 3, 2});
  (void)ask(2);
  EXPECT_EQ(ask(1).substr(0, 6), "FF5A03");
}

TEST_F(SpiPeerSharedLine, ADeadNodeIsSilenceAndAStuckOneDrownsTheOthers) {
  bus_.inject({NodeFaultKind::dead, 2, {}, 1s});
  (void)ask(2);
  EXPECT_EQ(ask(1).substr(2, 4), "FFFF");
  EXPECT_EQ(ask(1).substr(2, 4), "5A01");
  bus_.wait(1s);
  (void)ask(2);
  EXPECT_EQ(ask(2).substr(2, 6), "5A0217") << "restarted";

  bus_.inject({NodeFaultKind::stuck_low, 3});
  EXPECT_EQ(ask(2), std::string(30, '0'));
}

class SpiPeerOwnLines : public testing::Test {
 protected:
  SpiPeerOwnLines() {
    for (const std::uint8_t number : kThree) {
      NodeWiring wiring = shared(number);
      wiring.select = static_cast<std::uint8_t>(number - 1);
      bus_.peer.add_fixed(wiring);
    }
    greet();
  }
  void greet() {
    for (const std::uint8_t number : kThree)
      (void)bus_.say(NodeBus::request(0, 0, 0x10), static_cast<std::uint8_t>(number - 1));
  }
  std::string who(std::uint8_t select) {
    (void)bus_.say(NodeBus::request(0, 1, 0x10), select);
    return bus_.say(NodeBus::request(0, 2, 0x10), select).substr(4, 2);
  }
  NodeBus bus_;
};

TEST_F(SpiPeerOwnLines, MirroredSwappedAndConnectedSelectLines) {
  bus_.inject({NodeFaultKind::mirrored});
  EXPECT_EQ(who(0) + who(1) + who(2), "030201");
  bus_.peer.clear_faults();
  bus_.inject({NodeFaultKind::swapped, 1, 2});
  EXPECT_EQ(who(0) + who(1) + who(2), "020103");
  bus_.peer.clear_faults();
  bus_.inject({NodeFaultKind::wrong_node, 1, 2});
  EXPECT_EQ(who(0) + who(1) + who(2), "010103");
}

TEST_F(SpiPeerOwnLines, WiresThatAreStuckOrReadThemselves) {
  const std::string request = NodeBus::request(0, 1, 0x10);
  bus_.inject({NodeFaultKind::stuck_high, 1});
  bus_.inject({NodeFaultKind::stuck_low, 2});
  bus_.inject({NodeFaultKind::echo, 3});
  EXPECT_EQ(bus_.say(request, 0), std::string(30, 'F'));
  EXPECT_EQ(bus_.say(request, 1), std::string(30, '0'));
  EXPECT_EQ(bus_.say(request, 2), request);
}

TEST_F(SpiPeerOwnLines, AnInvertedWireIsTheRightAnswerUpsideDown) {
  const auto right = test::from_hex(bus_.say(NodeBus::request(0, 0, 0x10), 0));
  bus_.inject({NodeFaultKind::inverted, 1});
  auto inverted = test::from_hex(bus_.say(NodeBus::request(0, 0, 0x10), 0));
  for (std::uint8_t& b : inverted) b = static_cast<std::uint8_t>(~b);
  EXPECT_EQ(inverted, right);
}

TEST_F(SpiPeerOwnLines, NoiseFlipsBitsOfBothDirections) {
  bus_.inject({NodeFaultKind::noise, 1, 0.02});
  int damaged = 0, refused = 0;
  for (int i = 0; i < 200; ++i) {
    const auto miso = test::from_hex(bus_.say(NodeBus::request(0, 1, 0x10), 0));
    const bool is_whole =
        peer::checksum(Bytes(miso).subspan(1, 10)) == u32be(Bytes(miso).subspan(11));
    damaged += is_whole ? 0 : 1;
    refused += is_whole && (miso[3] & 0x0F) == 1 ? 1 : 0;
  }
  EXPECT_GT(damaged, 100);
  EXPECT_LT(damaged, 200);
  EXPECT_GT(refused, 0);
}

TEST_F(SpiPeerOwnLines, FaultsOfNodesThatAreNotThereAreRefused) {
  for (const NodeFault& fault :
       {NodeFault{NodeFaultKind::dead, 4}, NodeFault{NodeFaultKind::swapped, 3},
        NodeFault{NodeFaultKind::wrong_node, 1, 0}, NodeFault{NodeFaultKind::unplug}}) {
    bus_.inject(fault);
    EXPECT_FALSE(bus_.is_injected);
  }
}

std::unique_ptr<sim::Bench> four_cells() {
  sim::PackParameters p;
  p.cell.ocv_soc = {0, 1};
  p.cell.ocv_v = {3.0, 4.2};
  p.cell.capacity = AmpereHours(1);
  p.cells = 4;
  return std::make_unique<sim::Bench>(std::make_unique<sim::VirtualPack>(p),
                                      sim::Charger(Amperes(0), Volts(16.8)),
                                      sim::Load(Amperes(0), Volts(2)));
}

TEST(SpiPeerBench, ABleedEmptiesItsCellAndNoOther) {
  const auto bench = four_cells();
  NodeBus bus;
  for (std::uint8_t cell = 0; cell < 4; ++cell)
    bus.peer.add(shared(static_cast<std::uint8_t>(cell + 1)), *bench, cell);
  bus.wait(1s);
  const auto before = bench->state().voltages;

  for (int i = 0; i < 60; ++i) {
    (void)bus.say(NodeBus::request(2, 1, 0x20, {255, 20, 0, 80}));
    bus.wait(10s);
  }

  EXPECT_LT(bench->state().voltages[1].value, before[1].value - 0.03);
  EXPECT_NEAR(bench->state().voltages[0].value, before[0].value, 0.001);
}

TEST(SpiPeerBench, ATapShowsAllCellsBelowItThroughItsDivider) {
  const auto bench = four_cells();
  NodeBus bus;
  NodeWiring tap = node_3();
  tap.divider = 20;
  bus.peer.add(tap, *bench, 3, true);
  bus.wait(1s);
  (void)bus.say(NodeBus::request(3, 1, 0x10));
  (void)bus.say(NodeBus::request(3, 1, 0x10));

  const int mv = NodeBus::word(bus.say(NodeBus::request(3, 1, 0x10)), 5);

  EXPECT_NEAR(mv, bench->voltage().value * 1000 * 5.7 / 20, 1);
}

}  // namespace
}  // namespace b2m::spi_nodes

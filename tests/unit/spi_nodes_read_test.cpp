// SPDX-License-Identifier: MIT
// Finding and reading nodes.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/spi_nodes_fixture.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using spi_nodes::kV2Bytes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(SpiNodesRead, BothKindsAreFoundAndReadInOnePack) {
  SpiNodesFixture nodes;
  nodes.add_legacy().centivolts = 361;
  nodes.add_v2().millivolts = 3913;
  nodes.start();

  EXPECT_EQ(nodes.last("cell_01_voltage"), "3.610");
  EXPECT_EQ(nodes.last("cell_01_node"), "legacy");
  EXPECT_EQ(nodes.last("cell_01_node_state"), "ok");
  EXPECT_EQ(nodes.times("cell_01_temperature"), 0);
  EXPECT_EQ(nodes.last("cell_02_voltage"), "3.913");
  EXPECT_EQ(nodes.last("cell_02_temperature", 1), "24.6");
  EXPECT_EQ(nodes.last("cell_02_node"),
            "v2, address 2, type 1, hardware 1, firmware 2.3, serial DEADBEEF0002");
  EXPECT_EQ(nodes.last("cell_02_node_state"), "ok");
  EXPECT_EQ(nodes.last("cell_02_bleed", 0), "0");
}

TEST(SpiNodesRead, ALegacyNodeHasAValueAtOnceAndFollowsItsCell) {
  SpiNodesFixture nodes;
  LegacyDevice& node = nodes.add_legacy();
  nodes.settings.protocol = spi_nodes::ProtocolChoice::legacy;
  nodes.start(100ms);
  EXPECT_EQ(nodes.last("cell_01_voltage"), "3.610");

  node.centivolts = 255;
  nodes.clock.advance(1s);
  EXPECT_EQ(nodes.last("cell_01_voltage"), "2.550");
}

TEST(SpiNodesRead, ASharedSelectLineCostsOneExchangePerNode) {
  SpiNodesFixture nodes;
  for (const int mv : {3601, 3602, 3603}) nodes.add_shared().millivolts = mv;
  nodes.start();
  const auto before = nodes.bus.exchanges();
  const auto read = nodes.times("cell_03_voltage");
  nodes.clock.advance(10s);

  EXPECT_EQ(nodes.last("cell_01_voltage"), "3.601");
  EXPECT_EQ(nodes.last("cell_02_voltage"), "3.602");
  EXPECT_EQ(nodes.last("cell_03_voltage"), "3.603");
  EXPECT_EQ(nodes.times("cell_03_voltage") - read, 10);
  EXPECT_LE(nodes.bus.exchanges() - before, 32U);  // and one look at what a node remembers
}

TEST(SpiNodesRead, SixteenNodesAreReadAsFastAsTheWireAllows) {
  SpiNodesFixture nodes;
  for (int i = 0; i < 16; ++i) nodes.add_v2();
  nodes.settings.poll_interval_s = 0.2;  // faster than 8 kHz can
  nodes.start(10500ms);
  const int before = nodes.times("cell_16_voltage");
  nodes.clock.advance(60s);

  const double cycles = nodes.times("cell_16_voltage") - before;
  const double wire_s = 16 * kV2Bytes * 9 / 8000.0;
  EXPECT_LE(60 / cycles, 1.1 * wire_s);
  EXPECT_EQ(nodes.counter("sequence_errors"), 0U);
}

TEST(SpiNodesRead, ADeadNodeCostsTheOthersLittle) {
  SpiNodesFixture nodes;
  for (int i = 0; i < 4; ++i) nodes.add_v2();
  nodes.start();
  nodes.bus.attach(SpiNodesFixture::device(2), {});
  nodes.clock.advance(30s);
  const int before = nodes.times("cell_03_voltage");
  nodes.clock.advance(60s);

  EXPECT_EQ(nodes.times("cell_03_voltage") - before, 60);
  EXPECT_EQ(nodes.last("cell_02_voltage"), "unknown");
  EXPECT_EQ(nodes.last("cell_02_node"), "not found");
  EXPECT_THAT(nodes.last("cell_02_node_state"), HasSubstr("MISO is always high"));
  EXPECT_THAT(nodes.notes("device_lost"), ElementsAre(HasSubstr("the node of cell 2: no answer")));
  EXPECT_EQ(nodes.last("cell_03_voltage"), "3.613");
}

TEST(SpiNodesRead, ANodeThatComesBackIsFoundAgain) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.add_v2();
  nodes.start();
  nodes.bus.attach(SpiNodesFixture::device(1), {});
  nodes.clock.advance(30s);
  nodes.bus.attach(SpiNodesFixture::device(1), [&](Bytes mosi) { return node.exchange(mosi); });
  nodes.clock.advance(10s);

  EXPECT_EQ(nodes.last("cell_01_voltage"), "3.613");
  EXPECT_EQ(nodes.last("cell_01_node_state"), "ok");
  EXPECT_EQ(nodes.notes("device_found").size(), 1U);
}

TEST(SpiNodesRead, OneMissingDeviceDoesNotStopTheOthers) {
  SpiNodesFixture nodes;
  nodes.add_v2();
  nodes.add_v2();
  nodes.bus.vanish(SpiNodesFixture::device(1));
  nodes.start(10500ms);
  EXPECT_THAT(nodes.last("cell_01_node_state"), HasSubstr("no SPI device /dev/spidev0.1"));
  EXPECT_EQ(nodes.last("cell_02_voltage"), "3.613");

  nodes.bus.reappear(SpiNodesFixture::device(1));
  nodes.clock.advance(20s);
  EXPECT_EQ(nodes.last("cell_01_voltage"), "3.613");
}

TEST(SpiNodesRead, WithoutAnyDeviceTheAdapterFailsAndSaysWhy) {
  SpiNodesFixture nodes;
  nodes.add_v2();
  nodes.bus.vanish(SpiNodesFixture::device(1));
  nodes.start(100ms);

  ASSERT_FALSE(nodes.is_running());
  EXPECT_THAT(nodes.ending(), HasSubstr("no SPI device /dev/spidev0.1"));
}

TEST(SpiNodesRead, ADamagedReplyIsAskedForAgainAtOnce) {
  SpiNodesFixture nodes;
  nodes.add_v2();
  nodes.start();
  int left = 1;
  nodes.bus.damage_miso(SpiNodesFixture::device(1), [&](std::vector<std::uint8_t>& bytes) {
    if (left-- > 0) bytes[6] ^= 0x20;
  });
  const int before = nodes.times("cell_01_voltage");
  nodes.clock.advance(3s);

  EXPECT_EQ(nodes.times("cell_01_voltage") - before, 3);
  EXPECT_EQ(nodes.counter("checksum_errors"), 1U);
  EXPECT_EQ(nodes.last("cell_01_read_errors", 0), "1");
  EXPECT_EQ(nodes.last("cell_01_node_state"), "ok");
  EXPECT_THAT(nodes.notes("module_warning"), IsEmpty());
}

TEST(SpiNodesRead, ADamagedRequestIsRepeated) {
  SpiNodesFixture nodes;
  nodes.add_v2();
  nodes.start();
  int left = 1;
  nodes.bus.damage_mosi(SpiNodesFixture::device(1), [&](std::vector<std::uint8_t>& bytes) {
    if (left-- > 0) bytes[3] ^= 0x01;
  });
  const int before = nodes.times("cell_01_voltage");
  nodes.clock.advance(3s);

  EXPECT_EQ(nodes.times("cell_01_voltage") - before, 3);
  EXPECT_EQ(nodes.counter("damaged_requests"), 1U);
}

TEST(SpiNodesRead, ANodeWithoutAMeasurementHasNoValue) {
  SpiNodesFixture nodes;
  nodes.add_v2().flags = 0;
  nodes.start();

  EXPECT_EQ(nodes.last("cell_01_voltage"), "unknown");
  EXPECT_THAT(nodes.last("cell_01_node_state"), HasSubstr("no valid measurement"));
}

TEST(SpiNodesRead, LimitsAreSetAgainAfterARestartOfTheNode) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.settings.bleed_floor_v = 3.0;
  nodes.settings.cell_maximum_v = 4.25;
  nodes.start();
  EXPECT_EQ(node.limits, (spi_nodes::V2Limits{3000, 4250}));

  node.restart();
  nodes.clock.advance(3s);
  EXPECT_EQ(node.limits, (spi_nodes::V2Limits{3000, 4250}));
  EXPECT_EQ(nodes.notes("module_restarted").size(), 1U);
  EXPECT_EQ(nodes.last("cell_01_node_state"), "ok");
}

TEST(SpiNodesRead, ANodeThatRefusesLimitsIsAskedOnceAndSaysSo) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  node.obeys_limits = false;
  nodes.settings.bleed_floor_v = 3.0;
  nodes.start();

  EXPECT_THAT(nodes.last("cell_01_node"), HasSubstr("refuses limits"));
  EXPECT_EQ(nodes.last("cell_01_voltage"), "3.613");
  EXPECT_EQ(std::ranges::count(node.heard, spi_nodes::V2Command::set_limits,
                               &spi_nodes::V2Request::command),
            1);
}

TEST(SpiNodesRead, TapsBecomeCellsByDifference) {
  SpiNodesFixture nodes;
  nodes.settings.arrangement = spi_nodes::Arrangement::taps;
  nodes.settings.tolerance_percent = 1;
  const double divider[] = {5.7, 11.4, 17.1, 17.1};
  const int centivolts[] = {400, 400, 400, 533};
  for (int i = 0; i < 4; ++i) {
    nodes.add_legacy().centivolts = centivolts[i];
    nodes.settings.nodes.back().divider = divider[i];
  }
  nodes.start();

  EXPECT_EQ(nodes.last("cell_01_voltage"), "4.000");
  EXPECT_EQ(nodes.last("cell_02_voltage"), "4.000");
  EXPECT_EQ(nodes.last("cell_03_voltage"), "4.000");
  EXPECT_EQ(nodes.last("cell_04_voltage"), "3.990");
  EXPECT_EQ(nodes.last("cell_04_voltage_error"), "0.358");  // 1 % of both taps, and their steps
  EXPECT_EQ(nodes.last("cell_04_bleed"), "nothing");
}

TEST(SpiNodesRead, ACellWhoseLowerTapIsNotReadHasNoValue) {
  SpiNodesFixture nodes;
  nodes.settings.arrangement = spi_nodes::Arrangement::taps;
  nodes.add_legacy().centivolts = 300;
  nodes.add_legacy().centivolts = 600;
  nodes.start();
  nodes.bus.attach(SpiNodesFixture::device(1), {});
  nodes.forget();
  nodes.clock.advance(3s);

  EXPECT_EQ(nodes.times("cell_01_voltage"), 0);
  EXPECT_EQ(nodes.times("cell_02_voltage"), 0);
}

}  // namespace
}  // namespace b2m::test

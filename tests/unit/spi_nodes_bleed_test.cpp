// SPDX-License-Identifier: MIT
// Bleeding: as ordered, as long as ordered and not longer; readings are those of the unbled cell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/spi_nodes_fixture.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::HasSubstr;
using testing::Le;

TEST(SpiNodesBleed, IsConfirmedByTheNodeAndReportedAsReadBack) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.start();

  EXPECT_EQ(nodes.bleed(1, true), "ok");
  EXPECT_TRUE(node.is_bleeding());
  EXPECT_EQ(nodes.last("cell_01_bleed", 0), "1");
  EXPECT_EQ(nodes.last("cell_01_bleed_duty", 0), "100");

  EXPECT_EQ(nodes.bleed(1, false), "ok");
  EXPECT_FALSE(node.is_bleeding());
  EXPECT_EQ(nodes.last("cell_01_bleed", 0), "0");
}

TEST(SpiNodesBleed, EndsWithTheGuardWhenNobodyRenewsIt) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.start();
  const SteadyTime ordered = nodes.clock.now();
  nodes.bleed(1, true, 30);
  SteadyTime last_on = ordered;
  for (int i = 0; i < 400; ++i) {
    nodes.clock.advance(100ms);
    if (node.is_bleeding()) last_on = nodes.clock.now();
  }

  EXPECT_LE(last_on - ordered, 30s);
  EXPECT_GE(last_on - ordered, 27s);
  EXPECT_EQ(nodes.last("cell_01_bleed", 0), "0");
}

TEST(SpiNodesBleed, TheNodesOwnTimerNeverRunsBeyondTheGuard) {
  for (const double poll_s : {0.2, 1.0, 20.0}) {
    SpiNodesFixture nodes;
    V2Device& node = nodes.add_v2();
    nodes.settings.poll_interval_s = poll_s;
    nodes.start(70500ms);
    ASSERT_EQ(nodes.bleed(1, true, 30), "ok") << poll_s;
    const SteadyTime latest = nodes.clock.now() + 30s;
    EXPECT_LE(node.bleed_end(), latest) << poll_s;
    nodes.clock.advance(29s);
    EXPECT_LE(node.bleed_end(), latest) << poll_s;
    EXPECT_THAT(node.bleed_timeouts_s, Each(Le(30))) << poll_s;
  }
}

TEST(SpiNodesBleed, TheNodeEndsItByItselfSoonAfterTheGatewayIsGone) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.start();
  nodes.bleed(1, true, 30);
  nodes.clock.advance(2s);
  nodes.stop();
  EXPECT_TRUE(node.is_bleeding());
  nodes.clock.advance(3s);

  EXPECT_FALSE(node.is_bleeding());
}

TEST(SpiNodesBleed, ReadingsAreThoseOfTheUnbledCell) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.add_v2();
  nodes.start();
  nodes.bleed(1, true, 60);
  for (int i = 0; i < 20; ++i) {
    nodes.clock.advance(1s);
    EXPECT_EQ(nodes.last("cell_01_voltage"), "3.613") << i;
    EXPECT_EQ(nodes.last("cell_01_bleed", 0), "1") << i;
    EXPECT_TRUE(node.is_bleeding()) << i;
  }
  EXPECT_EQ(nodes.last("cell_01_read_errors", 0), "0");
}

TEST(SpiNodesBleed, ARefusalSaysWhy) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.add_legacy();
  nodes.start();
  node.inhibited = 2;

  EXPECT_THAT(nodes.bleed(1, true), HasSubstr("the node of cell 1 does not bleed: it is too hot"));
  EXPECT_EQ(nodes.last("cell_01_bleed", 0), "0");
  EXPECT_THAT(nodes.bleed(2, true), HasSubstr("the node of cell 2 cannot bleed (legacy)"));
  EXPECT_THAT(nodes.bleed(1, true, 0), HasSubstr("ends by itself"));
  EXPECT_EQ(nodes.bleed(2, false), "ok");
}

TEST(SpiNodesBleed, AnOffThatNobodyWaitsForAnyMoreStillEndsIt) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.start();
  ASSERT_EQ(nodes.bleed(1, true, 300), "ok");
  const auto order = [&](std::string_view row, SteadyDuration time) {
    Order o;
    o.part = "cells";
    o.row = core_row(row);
    o.deadline = nodes.clock.now() + time;
    return o;
  };
  const Running<> busy(nodes.clock, nodes.adapter->execute(order("cell_{}_locate", 5s)));
  nodes.clock.advance(5ms);  // its request is on the wire
  const Running<> off(nodes.clock, nodes.adapter->execute(order("cell_{}_bleed", 1ms)));
  nodes.clock.advance(5ms);
  ASSERT_TRUE(off.is_done());
  ASSERT_FALSE(busy.is_done());
  EXPECT_EQ(off.result().error().code, Errc::timeout);
  nodes.clock.advance(200ms);

  EXPECT_FALSE(node.is_bleeding());
  nodes.clock.advance(10s);
  EXPECT_FALSE(node.is_bleeding());
}

TEST(SpiNodesBleed, ItsTimeCountsFromTheOrderAndNotFromItsTurn) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.start();
  Order locate;
  locate.part = "cells";
  locate.row = core_row("cell_{}_locate");
  locate.deadline = nodes.clock.now() + 5s;
  const Running<> waits(nodes.clock, nodes.adapter->execute(locate));

  EXPECT_THAT(nodes.bleed(1, true, 1), HasSubstr("ends by itself"));  // a part of it is over
  EXPECT_FALSE(node.is_bleeding());
}

TEST(SpiNodesBleed, AnOffOvertakesWhatWaits) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.start();
  ASSERT_EQ(nodes.bleed(1, true, 60), "ok");
  const auto order = [&](std::string_view row, double value) {
    Order o;
    o.part = "cells";
    o.row = core_row(row);
    o.value = value;
    o.deadline = nodes.clock.now() + 5s;
    return o;
  };
  node.heard.clear();
  const Running<> first(nodes.clock, nodes.adapter->execute(order("cell_{}_locate", 1)));
  const Running<> second(nodes.clock, nodes.adapter->execute(order("cell_{}_locate", 1)));
  const Running<> off(nodes.clock, nodes.adapter->execute(order("cell_{}_bleed", 0)));
  nodes.clock.advance(100ms);

  std::vector<spi_nodes::V2Command> heard;
  for (const auto& request : node.heard)
    if (request.command != spi_nodes::V2Command::read) heard.push_back(request.command);
  ASSERT_EQ(heard.size(), 3U);
  EXPECT_EQ(heard.back(), spi_nodes::V2Command::locate);
}

TEST(SpiNodesBleed, AnOffForANodeThatIsNotKnownSaysWhatIsTrue) {
  SpiNodesFixture nodes;
  nodes.add_v2();
  nodes.add_v2();
  nodes.start();
  nodes.bus.attach(SpiNodesFixture::device(1), {});
  nodes.clock.advance(30s);

  EXPECT_THAT(nodes.bleed(1, false), HasSubstr("has not confirmed"));
}

TEST(SpiNodesBleed, IsNotRenewedWhileTheCellCannotBeRead) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.add_v2();
  nodes.start();
  nodes.bleed(1, true, 300);
  nodes.clock.advance(2s);
  nodes.bus.damage_miso(SpiNodesFixture::device(1), [](auto& bytes) { bytes[7] ^= 1; });
  nodes.clock.advance(5s);

  EXPECT_FALSE(node.is_bleeding());
  EXPECT_EQ(nodes.last("cell_01_bleed", 0), "unknown");
  EXPECT_THAT(nodes.bleed(1, true), HasSubstr("the voltage of cell 1 is not known"));
}

TEST(SpiNodesBleed, WhatAnEarlierRunHasLeftIsStoppedAtStart) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_shared();
  nodes.add_shared();
  spi_nodes::V2Request on = spi_nodes::bleed_request(255, 600, 60);
  on.address = 1;
  node.exchange(spi_nodes::encode(on));
  ASSERT_TRUE(node.is_bleeding());
  nodes.start();

  EXPECT_FALSE(node.is_bleeding());
  ASSERT_GE(node.heard.size(), 2U);
  EXPECT_EQ(node.heard[1].address, spi_nodes::kAllNodes);
  EXPECT_EQ(nodes.last("cell_01_bleed", 0), "0");
}

TEST(SpiNodesBleed, ABleedThatNobodyOrderedIsStopped) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.start();
  node.exchange(spi_nodes::encode(spi_nodes::bleed_request(255, 600, 60)));
  nodes.clock.advance(3s);

  EXPECT_FALSE(node.is_bleeding());
  EXPECT_EQ(nodes.last("cell_01_voltage"), "3.613");
}

TEST(SpiNodesBleed, NeighboursOnASharedLineAreBledAndReadToo) {
  SpiNodesFixture nodes;
  V2Device& first = nodes.add_shared();
  V2Device& second = nodes.add_shared();
  V2Device& third = nodes.add_shared();
  nodes.start();
  EXPECT_EQ(nodes.bleed(1, true, 60), "ok");
  EXPECT_EQ(nodes.bleed(3, true, 60), "ok");
  nodes.clock.advance(10s);

  EXPECT_TRUE(first.is_bleeding());
  EXPECT_FALSE(second.is_bleeding());
  EXPECT_TRUE(third.is_bleeding());
  for (const char* key : {"cell_01_voltage", "cell_02_voltage", "cell_03_voltage"})
    EXPECT_EQ(nodes.last(key), "3.613");
  EXPECT_EQ(nodes.counter("sequence_errors"), 0U);
}

TEST(SpiNodesBleed, ARestartedNodeGoesOnWhileTheOrderStands) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.start();
  nodes.bleed(1, true, 60);
  nodes.clock.advance(2s);
  node.restart();
  nodes.clock.advance(3s);

  EXPECT_TRUE(node.is_bleeding());
}

TEST(SpiNodesBleed, LocateBlinks) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.add_legacy();
  nodes.start();

  EXPECT_EQ(nodes.order("cell_{}_locate", 1, 1), "ok");
  EXPECT_EQ(node.blinked, 1);
  EXPECT_THAT(nodes.order("cell_{}_locate", 2, 1), HasSubstr("cannot blink (legacy)"));
}

}  // namespace
}  // namespace b2m::test

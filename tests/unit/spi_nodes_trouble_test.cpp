// SPDX-License-Identifier: MIT
// What is wrong with wires and nodes is named, told once, and never a value.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/spi_nodes_fixture.hpp"
#include "tests/support/spi_vectors.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string line(int n) { return SpiNodesFixture::device(n); }

TEST(SpiNodesTrouble, AStuckLineIsNamedAndToldOnce) {
  SpiNodesFixture nodes;
  nodes.add_v2();
  nodes.add_v2();
  nodes.start();
  nodes.bus.damage_miso(line(1), [](auto& bytes) { std::fill(bytes.begin(), bytes.end(), 0x00); });
  nodes.clock.advance(60s);

  EXPECT_THAT(nodes.last("cell_01_node_state"), HasSubstr("MISO is always low"));
  EXPECT_EQ(nodes.last("cell_01_voltage"), "unknown");
  EXPECT_THAT(nodes.notes("device_lost"), ElementsAre(HasSubstr("cell 1")));
  EXPECT_GE(nodes.counter("stuck_low"), 10U);
}

TEST(SpiNodesTrouble, ABridgeFromMosiToMisoIsNoCellOf3V25) {
  SpiNodesFixture nodes;
  nodes.add_legacy();
  nodes.bus.attach(line(1),
                   [](Bytes mosi) { return std::vector<std::uint8_t>(mosi.begin(), mosi.end()); });
  nodes.start(10500ms);

  EXPECT_EQ(nodes.times("cell_01_voltage"), 0);
  EXPECT_THAT(nodes.last("cell_01_node_state"), HasSubstr("hears its own requests"));
  EXPECT_THAT(nodes.notes("module_warning"), ElementsAre(HasSubstr("MOSI and MISO")));
}

TEST(SpiNodesTrouble, AnInvertedLineIsNamedAndCanBeSet) {
  for (const bool is_set : {false, true}) {
    SpiNodesFixture nodes;
    nodes.add_v2();
    nodes.settings.invert_miso = is_set;
    nodes.bus.damage_miso(line(1), [](auto& bytes) {
      for (auto& b : bytes) b = static_cast<std::uint8_t>(~b);
    });
    nodes.start(10500ms);

    EXPECT_EQ(nodes.times("cell_01_voltage") > 0, is_set);
    EXPECT_THAT(nodes.last("cell_01_node_state"), HasSubstr(is_set ? "ok" : "set invert_miso"));
  }
}

TEST(SpiNodesTrouble, ClockSlipsAreNamed) {
  SpiNodesFixture nodes;
  nodes.add_v2();
  nodes.start();
  nodes.bus.damage_miso(line(1), [](auto& bytes) { bytes = shifted(bytes, 1); });
  const int before = nodes.times("cell_01_voltage");
  nodes.clock.advance(5s);

  EXPECT_EQ(nodes.times("cell_01_voltage"), before);
  EXPECT_THAT(nodes.last("cell_01_node_state"), HasSubstr("clock edges are lost or added"));
  EXPECT_GE(nodes.counter("clock_slips"), 5U);
}

TEST(SpiNodesTrouble, ALegacyNodeWithLostEdgesIsNotBelieved) {
  SpiNodesFixture nodes;
  nodes.add_legacy();
  nodes.start();
  nodes.bus.damage_miso(line(1), [](auto& bytes) {
    const auto late = shifted(bytes, 1);
    std::copy(late.begin() + 3, late.end(), bytes.begin() + 3);  // in the middle of the message
  });
  const int before = nodes.times("cell_01_voltage");
  nodes.clock.advance(5s);

  EXPECT_EQ(nodes.times("cell_01_voltage"), before);
  EXPECT_THAT(nodes.last("cell_01_node_state"), HasSubstr("two readings at once differ"));
}

TEST(SpiNodesTrouble, SwappedSelectLinesAreNamedByTheirCells) {
  SpiNodesFixture nodes;
  nodes.add_v2();
  nodes.add_v2();
  nodes.add_v2();
  for (auto& node : nodes.settings.nodes) node.address = node.cell;
  std::swap(nodes.settings.nodes[0].device, nodes.settings.nodes[1].device);
  nodes.start(10500ms);

  EXPECT_EQ(nodes.times("cell_01_voltage"), 0);
  EXPECT_EQ(nodes.last("cell_01_node_state"), "the node of cell 2 answers here");
  EXPECT_EQ(nodes.last("cell_02_node_state"), "the node of cell 1 answers here");
  EXPECT_EQ(nodes.last("cell_03_voltage"), "3.613");
}

TEST(SpiNodesTrouble, SelectLinesInReverseOrderAreNamed) {
  SpiNodesFixture nodes;
  for (int i = 0; i < 4; ++i) nodes.add_v2();
  for (auto& node : nodes.settings.nodes) node.address = node.cell;
  for (int i = 0; i < 4; ++i)
    nodes.settings.nodes[static_cast<std::size_t>(i)].device = line(4 - i);
  nodes.start(10500ms);

  EXPECT_THAT(nodes.last("cell_01_node_state"), HasSubstr("wired in reverse order"));
  EXPECT_THAT(nodes.last("cell_04_node_state"), HasSubstr("the node of cell 1 answers here"));
}

TEST(SpiNodesTrouble, ANodeThatTakesTheOthersPlaceIsNotBelieved) {
  SpiNodesFixture nodes;
  nodes.add_v2();
  V2Device& second = nodes.add_v2();
  nodes.start();
  nodes.bus.attach(line(1), [&](Bytes mosi) { return second.exchange(mosi); });
  const int before = nodes.times("cell_01_voltage");
  nodes.clock.advance(5s);

  EXPECT_EQ(nodes.times("cell_01_voltage"), before);
  EXPECT_THAT(nodes.last("cell_01_node_state"), HasSubstr("node 2 answers instead of node 1"));
}

TEST(SpiNodesTrouble, OneNodeOnTwoSelectLinesIsNoPackOfTwo) {
  SpiNodesFixture nodes;
  V2Device& only = nodes.add_v2();
  nodes.add_v2();
  nodes.bus.attach(line(2), [&](Bytes mosi) { return only.exchange(mosi); });
  nodes.start(10500ms);

  EXPECT_EQ(nodes.times("cell_01_voltage"), 0);
  EXPECT_EQ(nodes.times("cell_02_voltage"), 0);
  EXPECT_THAT(nodes.last("cell_02_node_state"), HasSubstr("the same node answers for cell 2 and"));
}

TEST(SpiNodesTrouble, ARestartIsToldAndCostsNoReading) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.start();
  node.restart();
  const int before = nodes.times("cell_01_voltage");
  nodes.clock.advance(3s);

  EXPECT_EQ(nodes.times("cell_01_voltage") - before, 3);
  EXPECT_THAT(nodes.notes("module_restarted"), ElementsAre(HasSubstr("the node of cell 1")));
  EXPECT_THAT(nodes.notes("module_warning"), IsEmpty());
}

TEST(SpiNodesTrouble, ALineThatFailsForAMomentLeavesNoTrace) {
  SpiNodesFixture nodes;
  nodes.add_v2();
  nodes.start();
  nodes.bus.fail(line(1), Error(Errc::io_error, "the controller has hiccups"));
  const int before = nodes.times("cell_01_voltage");
  nodes.clock.advance(3s);

  EXPECT_EQ(nodes.times("cell_01_voltage") - before, 3);
  EXPECT_EQ(nodes.counter("bus_errors"), 1U);
  EXPECT_EQ(nodes.last("cell_01_node_state"), "ok");
}

TEST(SpiNodesTrouble, WhatANodeItselfComplainsOfIsShown) {
  SpiNodesFixture nodes;
  nodes.add_v2().flags = spi_nodes::v2_flag::kValid | spi_nodes::v2_flag::kOverTemperature |
                         spi_nodes::v2_flag::kReferenceSuspect;
  nodes.start();

  EXPECT_EQ(nodes.last("cell_01_node_state"), "its reference is suspect, over-temperature");
  EXPECT_EQ(nodes.last("cell_01_voltage"), "3.613");
}

}  // namespace
}  // namespace b2m::test

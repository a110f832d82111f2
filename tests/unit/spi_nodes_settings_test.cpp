// SPDX-License-Identifier: MIT
// Mistakes in [[spi_nodes]], and looking for nodes before there is any.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/source.hpp"
#include "tests/support/spi_nodes_fixture.hpp"

namespace b2m::test {
namespace {

using spi_nodes::NodeSettings;
using spi_nodes::ProtocolChoice;
using spi_nodes::SpiNodesSettings;
using testing::HasSubstr;
using testing::IsEmpty;

NodeSettings node(int cell, const std::string& device = {}, int address = 0) {
  NodeSettings n;
  n.cell = cell;
  n.device = device;
  n.address = address;
  return n;
}

/// The settings shown and read again, as if they stood in a file.
std::vector<std::string> mistakes(const SpiNodesSettings& settings) {
  config::Reading reading;
  config::Node table = spi_nodes::spi_nodes_schema().dump(settings);
  std::erase_if(table.items, [](const config::Node& n) { return n.is(config::Node::Kind::none); });
  for (config::Node& entry : table.items)
    for (config::Node& item : entry.items)
      std::erase_if(item.items,
                    [](const config::Node& n) { return n.is(config::Node::Kind::none); });
  (void)spi_nodes::spi_nodes_schema().parse(table, reading);
  std::vector<std::string> texts;
  for (const config::Mistake& m : reading.mistakes) texts.push_back(m.text());
  return texts;
}

SpiNodesSettings with(std::vector<NodeSettings> nodes) {
  SpiNodesSettings s;
  s.id = "nodes";
  s.nodes = std::move(nodes);
  return s;
}

TEST(SpiNodesSettings, ANodePerCellIsRight) {
  EXPECT_THAT(mistakes(with({node(1, "/dev/spidev0.0"), node(2, "/dev/spidev0.1")})), IsEmpty());
  EXPECT_THAT(mistakes(with({node(2, "line", 2), node(1, "line", 1)})), IsEmpty());
}

TEST(SpiNodesSettings, WhatCannotBeIsSaid) {
  const auto first = [](const SpiNodesSettings& s) {
    const auto texts = mistakes(s);
    return texts.empty() ? std::string("nothing") : texts.front();
  };
  EXPECT_THAT(first(with({})), HasSubstr("no node is described"));
  EXPECT_THAT(first(with({node(1, "a"), node(1, "b")})),
              HasSubstr("two nodes are said to be on cell 1"));
  EXPECT_THAT(first(with({node(1, "a"), node(3, "b")})),
              HasSubstr("there are 2 nodes, but cell 3"));
  EXPECT_THAT(first(with({node(1, "line"), node(2, "line")})), HasSubstr("has no address"));
  EXPECT_THAT(first(with({node(1, "line", 5), node(2, "line", 5)})),
              HasSubstr("have the address 5"));
  SpiNodesSettings legacy = with({node(1, "line", 1), node(2, "line", 2)});
  legacy.protocol = ProtocolChoice::legacy;
  EXPECT_THAT(first(legacy), HasSubstr("legacy node of cell"));
  SpiNodesSettings limits = with({node(1, "line")});
  limits.bleed_floor_v = 4.0;
  limits.cell_maximum_v = 3.9;
  EXPECT_THAT(first(limits), HasSubstr("bleed floor"));
  limits.bleed_floor_v = 3.0;
  limits.nodes[0].divider = 1;
  limits.nodes[0].node_divider = 100;
  EXPECT_THAT(first(limits), HasSubstr("more than a node can keep"));
  limits.nodes[0].divider.reset();
  limits.arrangement = spi_nodes::Arrangement::taps;
  EXPECT_THAT(first(limits), HasSubstr("keeps no cell's limit"));
}

}  // namespace
}  // namespace b2m::test

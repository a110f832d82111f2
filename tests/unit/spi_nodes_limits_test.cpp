// SPDX-License-Identifier: MIT
// What a node doubts itself, and the limits that it keeps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/spi_nodes_fixture.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using spi_nodes::V2Limits;
using testing::HasSubstr;

TEST(SpiNodesDoubt, AReadingOfASuspectReferenceIsNotGood) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.start();
  ASSERT_EQ(nodes.bleed(1, true, 60), "ok");
  node.flags |= spi_nodes::v2_flag::kReferenceSuspect;
  nodes.clock.advance(2s);
  const int good = nodes.times("cell_01_voltage");
  nodes.clock.advance(5s);

  EXPECT_EQ(nodes.times("cell_01_voltage"), good);
  EXPECT_EQ(nodes.last("cell_01_voltage"), "3.613");
  EXPECT_THAT(nodes.last("cell_01_node_state"), HasSubstr("reference is suspect"));
  EXPECT_FALSE(node.is_bleeding());
  EXPECT_THAT(nodes.bleed(1, true), HasSubstr("reference is suspect"));
  EXPECT_THAT(nodes.order("cell_{}_calibrate", 1, 3.62), HasSubstr("reference is suspect"));
}

TEST(SpiNodesDoubt, AWatchdogRestartIsInTheState) {
  SpiNodesFixture nodes;
  nodes.add_v2().flags |= spi_nodes::v2_flag::kWatchdogRestart;
  nodes.start();

  EXPECT_EQ(nodes.last("cell_01_node_state"), "its watchdog has restarted it");
}

TEST(SpiNodesDoubt, ATemperatureThatNoSensorCanMeasureIsUnknown) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.start();
  ASSERT_EQ(nodes.last("cell_01_temperature", 1), "24.6");
  for (const double celsius : {-273.0, 126.0, 3276.7}) {
    node.temperature = Celsius(celsius);
    nodes.clock.advance(2s);
    EXPECT_EQ(nodes.last("cell_01_temperature"), "unknown") << celsius;
  }
}

TEST(SpiNodesDoubt, DeadWiresAreNoDataOfAnybody) {
  SpiNodesFixture nodes;
  nodes.add_v2();
  nodes.bus.attach(SpiNodesFixture::device(1), {});
  nodes.start(60s);

  EXPECT_EQ(nodes.times("cell_01_read_errors"), 0);
  EXPECT_THAT(nodes.last("cell_01_node_state"), HasSubstr("MISO is always high"));
}

TEST(SpiNodesLimits, AreThoseOfTheCellAsItsConverterSeesThem) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  nodes.settings.nodes[0].divider = 11.4;  // twice what its program assumes
  nodes.settings.bleed_floor_v = 3.0;
  nodes.settings.cell_maximum_v = 4.25;
  nodes.start();

  EXPECT_EQ(node.limits, (V2Limits{1500, 2125}));
}

TEST(SpiNodesLimits, AreWrittenOnlyWhereTheirClassIsAllowed) {
  struct Case {
    std::vector<Control> allowed;
    V2Limits written;
  };
  for (const auto& [allowed, written] : {Case{{}, {0, 0}}, Case{{Control::balancing}, {3000, 0}},
                                         Case{{Control::limits}, {3000, 4250}}}) {
    SpiNodesFixture nodes;
    V2Device& node = nodes.add_v2();
    nodes.allowed = allowed;
    nodes.settings.bleed_floor_v = 3.0;
    nodes.settings.cell_maximum_v = 4.25;
    nodes.start();

    EXPECT_EQ(node.limits, written);
  }
}

TEST(SpiNodesOffers, AVoltageStaysGoodForAtLeastFiveSeconds) {
  SpiNodesFixture nodes;
  nodes.add_v2();
  nodes.settings.poll_interval_s = 0.2;
  nodes.start();

  const DeviceId pack = nodes.site->find("pack")->id;
  const Slot slot = nodes.site->slot(pack, point::cell_voltage.row);
  EXPECT_EQ(nodes.site->entity(slot).max_age_s, 5);
}

TEST(SpiNodesOffers, ATapCanBeCalibratedThoughItIsHigherThanACell) {
  SpiNodesFixture nodes;
  nodes.settings.arrangement = spi_nodes::Arrangement::taps;
  for (int i = 0; i < 2; ++i) nodes.add_legacy();
  nodes.cell_low = 1.5;
  nodes.cell_high = 5;
  nodes.start();

  const DeviceId pack = nodes.site->find("pack")->id;
  const Slot slot = nodes.site->slot(pack, core_row("cell_{}_calibrate"), 1);
  EXPECT_GE(nodes.site->entity(slot).high, 17);
}

}  // namespace
}  // namespace b2m::test

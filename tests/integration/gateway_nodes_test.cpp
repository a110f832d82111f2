// SPDX-License-Identifier: MIT
// The program with simulated SPI cell nodes: what arrives on the broker, a bleed by command, nodes
// and lines that go and come back.
#include <gtest/gtest.h>

#include "tests/support/gateway_rig.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kWorld = R"(
[[spi_nodes]]
id = "nodes"
transport = "socket:@DIR@/nodes"
chemistry = "nmc"
soc = 0.9
soc_scatter = 0.03

  [[spi_nodes.node]]
  select = 0
  serial = "DEADBEEF0001"

  [[spi_nodes.node]]
  select = 1

  [[spi_nodes.node]]
  select = 2

  [[spi_nodes.node]]
  select = 3
)";

class GatewayNodes : public GatewayRig {
 protected:
  void start(const std::string& of_last = "") {
    peers = std::make_unique<Peers>(kWorld + of_last);
    file.packs.clear();
    file.allow = R"("balancing")";
    file.more = "[[spi_nodes]]\nid = \"nodes\"\npoll_interval_s = 0.5\n";
    for (const char* cell : {"1", "2", "3", "4"})
      file.more += std::string("[[spi_nodes.node]]\ncell = ") + cell +
                   "\ndevice = \"socket:" + peers->folder() + "/nodes#" +
                   static_cast<char>(*cell - 1) + "\"\n";
    file.more +=
        "[[pack]]\nid = \"nodes\"\nname = \"Nodes\"\nchemistry = \"nmc\"\n"
        "cells_in_series = 4\nsource = \"nodes/cells\"\nbleed_time_s = 3\n";
    start_tap();
    start_gateway();
    for (const char* cell : {"01", "02", "03", "04"})
      ASSERT_TRUE(has_voltage(cell)) << gateway->log();
  }
  [[nodiscard]] bool has_voltage(const std::string& cell) const {
    const auto is_voltage = [&](const TapMessage& m) {
      return m.topic == topic("nodes/cell_" + cell + "_voltage") && m.payload != "None";
    };
    return tap->wait(is_voltage, 0, 30s).has_value();
  }
  [[nodiscard]] bool is(const std::string& below, std::string_view payload,
                        std::chrono::milliseconds limit = 30s) const {
    return tap->wait_state(topic("nodes/" + below), payload, limit);
  }
};

TEST_F(GatewayNodes, BleedsACellForItsTimeAndShowsItReadBack) {
  start();
  ASSERT_TRUE(is("cell_02_bleed", "OFF")) << gateway->log();

  tap->publish(topic("nodes/cell_02_bleed/set"), "ON");

  EXPECT_TRUE(peers->wait_for("node id=nodes node=2 bleed=on", 30s)) << gateway->log();
  EXPECT_TRUE(is("cell_02_bleed", "ON")) << gateway->log();
  EXPECT_TRUE(is("cell_02_bleed", "OFF")) << gateway->log();
}

TEST_F(GatewayNodes, AnOldNodeInThePackIsReadAndNamed) {
  start("protocol = \"legacy\"\n");

  EXPECT_TRUE(is("cell_04_node", "legacy")) << gateway->log();
}

TEST_F(GatewayNodes, ADeadNodeIsACellWithoutVoltageAndTheOthersGoOn) {
  start();

  peers->fault("kind=dead spi_nodes=nodes node=3");

  EXPECT_TRUE(is("cell_03_voltage", "None", 60s)) << gateway->log();
  EXPECT_NE(tap->last(topic("nodes/cell_04_voltage")), "None");
  peers->clear_faults();
  EXPECT_TRUE(is("cell_03_node_state", "ok", 60s)) << gateway->log();
}

TEST_F(GatewayNodes, TheBleedEndsInTheNodeWhenTheLineIsPulled) {
  start();
  tap->publish(topic("nodes/bleed_time/set"), "600");
  tap->publish(topic("nodes/cell_01_bleed/set"), "ON");
  ASSERT_TRUE(peers->wait_for("node id=nodes node=1 bleed=on", 30s)) << gateway->log();

  peers->fault("kind=unplug spi_nodes=nodes for_s=15");

  ASSERT_TRUE(peers->wait_for("fault kind=unplug"));
  EXPECT_TRUE(peers->wait_for("node id=nodes node=1 bleed=off by=timeout", 15s)) << peers->said();
  EXPECT_TRUE(is("cell_01_node_state", "ok", 60s)) << gateway->log();
}

/// The demo, as anybody may start it.
TEST(GatewayNodesDemo, ShowsThePackAndBleedsACell) {
  const Broker broker;
  MqttTap tap({broker.url(), "", "", "battery2mqtt/#"});
  const GatewayProcess demo({"demo", "--broker", broker.url(), "--speed", "10"});
  for (const char* cell : {"01", "02", "03", "04"})
    ASSERT_TRUE(
        tap.wait_state(std::string("battery2mqtt/nodes/cell_") + cell + "_node_state", "ok", 30s))
        << demo.log();

  tap.publish("battery2mqtt/nodes/cell_02_bleed/set", "ON");

  EXPECT_TRUE(tap.wait_state("battery2mqtt/nodes/cell_02_bleed", "ON", 30s)) << demo.log();
  EXPECT_TRUE(tap.wait_state("battery2mqtt/nodes/cell_02_bleed", "OFF", 60s)) << demo.log();
}

}  // namespace
}  // namespace b2m::test

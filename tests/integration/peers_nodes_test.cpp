// SPDX-License-Identifier: MIT
// `battery2mqtt peers` with SPI cell nodes, over its socket, spoken to with raw bytes.
#include <gtest/gtest.h>

#include "gateway/io/spi_bus.hpp"
#include "tests/support/node_bus.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/running.hpp"

namespace b2m::test {
namespace {

constexpr const char* kWorld = R"(
[[spi_nodes]]
id = "nodes"
transport = "socket:@DIR@/nodes"
chemistry = "nmc"
  [[spi_nodes.node]]
  select = 0
  serial = "DEADBEEF0001"
  [[spi_nodes.node]]
  select = 1
  protocol = "legacy"
)";

class PeersNodes : public testing::Test {
 protected:
  Result<std::unique_ptr<SpiBus>> open(int select) {
    SpiOpening opening;
    opening.device = "socket:" + peers_.folder() + "/nodes#" + std::to_string(select);
    return open_(opening);
  }
  std::string say(SpiBus& bus, const std::string& mosi) {
    const auto miso = finish(clock_, bus.exchange(from_hex(mosi)));
    return miso ? to_hex(*miso) : miso.error().text();
  }
  std::string ask(SpiBus& bus, std::uint8_t command, std::array<std::uint8_t, 4> arguments = {}) {
    (void)say(bus, NodeBus::request(0, 1, command, arguments));
    return say(bus, NodeBus::request(0, 2, 0));
  }

  Peers peers_{kWorld};
  VirtualClock clock_;
  OpenSpi open_ = make_spi_opener(clock_.executor(), clock_);
};

TEST_F(PeersNodes, SpeakBothProtocolsAndBleedForATime) {
  const auto v2 = open(0), legacy = open(1);
  ASSERT_TRUE(v2 && legacy);
  (void)ask(**v2, 0x10);

  EXPECT_EQ(ask(**v2, 0x32).substr(2, 20), "5A011032DEADBEEF0001");
  const std::string reading = say(**legacy, "4501450145");
  EXPECT_EQ(reading.substr(2, 4), reading.substr(6, 4));

  (void)ask(**v2, 0x20, {255, 1, 0, 60});
  EXPECT_TRUE(peers_.wait_for("node id=nodes node=1 bleed=on duty=255 seconds=1 by=command"));
  EXPECT_TRUE(peers_.wait_for("node id=nodes node=1 bleed=off by=timeout"));
}

TEST_F(PeersNodes, FaultsOfNodesAndOfTheirLineCanBeBroughtInALine) {
  auto bus = open(0);
  ASSERT_TRUE(bus);
  peers_.fault("kind=stuck_low spi_nodes=nodes node=1");
  ASSERT_TRUE(peers_.wait_for("fault kind=stuck_low spi_nodes=nodes node=1"));
  EXPECT_EQ(say(**bus, "A65A"), "0000");
  peers_.fault("kind=dead spi_nodes=nodes node=7");
  EXPECT_TRUE(peers_.wait_for("refused kind=dead spi_nodes=nodes reason=cannot"));

  peers_.fault("kind=unplug spi_nodes=nodes for_s=1");
  ASSERT_TRUE(peers_.wait_for("fault kind=unplug spi_nodes=nodes node=0"));
  EXPECT_FALSE(finish(clock_, (*bus)->exchange({1})));
  clock_.run_until([&] { return bool(bus = open(0)); }, std::chrono::seconds(10));
  EXPECT_TRUE(bus);
}

}  // namespace
}  // namespace b2m::test

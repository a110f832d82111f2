// SPDX-License-Identifier: MIT
// The program with a simulated ring of two Tesla modules on a pseudo terminal: what arrives on the
// broker, a bleed by command, modules and lines that go and come back.
#include <gtest/gtest.h>

#include "tests/support/gateway_rig.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kWorld = R"(
[[tesla_uart]]
id = "ring1"
transport = "pty:@DIR@/tesla"
modules = 2
chemistry = "nca_tesla"
soc = 0.9
soc_scatter = 0.03
)";

constexpr const char* kTables = R"(
[[tesla_uart]]
id = "ring1"
port = "@DIR@/tesla"
modules = 2

[[pack]]
id = "tesla"
name = "Tesla"
chemistry = "nca_tesla"
cells_in_series = 12
source = "ring1"
bleed_time_s = 3
)";

class GatewayTesla : public GatewayRig {
 protected:
  void start() {
    peers = std::make_unique<Peers>(kWorld);
    std::string tables = kTables;
    const std::string mark = "@DIR@";
    tables.replace(tables.find(mark), mark.size(), peers->folder());
    file.packs.clear();
    file.allow = R"("balancing")";
    file.more = tables;
    start_tap();
    start_gateway();
    for (const char* device : {"tesla", "tesla_module1", "tesla_module2"})
      ASSERT_TRUE(is(std::string(device) + "/availability", "online")) << gateway->log();
    ASSERT_TRUE(is("tesla_module2/cell_06_bleed", "OFF")) << gateway->log();
  }
  /// Each reading interrupts a bleed; what counts is what was said last.
  [[nodiscard]] bool ends_unbled() {
    const auto end = std::chrono::steady_clock::now() + 35s;
    while (std::chrono::steady_clock::now() < end) {
      const std::size_t at = peers->said().rfind("module=1 bleed=");
      if (peers->said().compare(at, 19, "module=1 bleed=none") == 0) return true;
      (void)peers->wait_for("bleed=none", 1s);
    }
    return false;
  }
  [[nodiscard]] bool is(const std::string& below, std::string_view payload,
                        std::chrono::milliseconds limit = 30s) const {
    return tap->wait_state(topic(below), payload, limit);
  }
};

TEST_F(GatewayTesla, BleedsACellForItsTimeAndShowsItReadBack) {
  start();

  tap->publish(topic("tesla_module2/cell_03_bleed/set"), "ON");

  EXPECT_TRUE(peers->wait_for("ring id=ring1 module=2 bleed=3", 30s)) << gateway->log();
  EXPECT_TRUE(is("tesla_module2/cell_03_bleed", "ON")) << gateway->log();
  EXPECT_TRUE(is("tesla_module2/cell_03_bleed", "OFF")) << gateway->log();
  EXPECT_TRUE(peers->wait_for("ring id=ring1 module=2 bleed=none"));
}

TEST_F(GatewayTesla, ADeadModuleGoesOfflineAloneAndComesBack) {
  start();

  peers->fault("kind=dead module=1 for_s=20");

  EXPECT_TRUE(is("tesla_module1/availability", "offline", 60s)) << gateway->log();
  EXPECT_EQ(tap->last(topic("tesla_module2/availability")), "online");
  EXPECT_TRUE(is("tesla_module1/availability", "online", 60s)) << gateway->log();
}

TEST_F(GatewayTesla, TheBleedEndsInTheChipWhenTheLineIsPulled) {
  start();
  tap->publish(topic("tesla/bleed_time/set"), "600");
  tap->publish(topic("tesla_module1/cell_01_bleed/set"), "ON");
  ASSERT_TRUE(peers->wait_for("ring id=ring1 module=1 bleed=1", 30s)) << gateway->log();

  peers->fault("kind=unplug tesla_uart=ring1 for_s=40");

  ASSERT_TRUE(peers->wait_for("fault kind=unplug"));
  EXPECT_TRUE(ends_unbled()) << peers->said();
}

/// The demo, as anybody may start it.
TEST(GatewayTeslaDemo, ShowsThePackAndBothModules) {
  const Broker broker;
  MqttTap tap({broker.url(), "", "", "battery2mqtt/#"});
  const GatewayProcess demo({"demo", "--broker", broker.url(), "--speed", "10"});
  for (const char* device : {"tesla", "tesla_module1", "tesla_module2"})
    ASSERT_TRUE(
        tap.wait_state(std::string("battery2mqtt/") + device + "/availability", "online", 30s))
        << demo.log();

  tap.publish("battery2mqtt/tesla_module1/cell_02_bleed/set", "ON");

  EXPECT_TRUE(tap.wait_state("battery2mqtt/tesla_module1/cell_02_bleed", "ON", 30s)) << demo.log();
  EXPECT_TRUE(tap.wait_state("battery2mqtt/tesla_module1/cell_02_bleed", "OFF", 60s)) << demo.log();
}

}  // namespace
}  // namespace b2m::test

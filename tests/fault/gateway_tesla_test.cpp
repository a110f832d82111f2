// SPDX-License-Identifier: MIT
// Modules that die, a serial line that is pulled, a gateway that is killed: what is shown
// meanwhile, and what ends a bleed.
#include <csignal>

#include "tests/support/wired_rig.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

class GatewayTeslaFault : public WiredRig {
 protected:
  GatewayTeslaFault() { has_nodes = false; }

  /// Readings of a cell that arrive within that time.
  [[nodiscard]] std::size_t reads(const std::string& device, std::chrono::milliseconds time) {
    const std::size_t from = tap->mark();
    const std::string at = topic(device + "/module_reads");
    std::size_t count = 0;
    eventually(
        [&] {
          count = tap->payloads(at, from).size();
          return count >= 2;
        },
        time);
    return count;
  }
};

TEST_F(GatewayTeslaFault, ADeadModuleGoesOfflineAloneAndThePackHasNoVoltage) {
  start_site();
  const std::size_t from = tap->mark();

  peers->fault("kind=dead tesla_uart=ring1 module=2");

  EXPECT_TRUE(is("tesla_module2/availability", "offline")) << gateway->log();
  EXPECT_TRUE(is("tesla/voltage", "None"));
  EXPECT_TRUE(wait_event({"device_lost", "\"tesla_module2\""}, from));
  for (const std::string& sum : tap->payloads(topic("tesla/voltage"), from))
    EXPECT_TRUE(sum == "None" || std::stod(sum) > 40) << "a sum of six cells: " << sum;
  EXPECT_EQ(tap->last(topic("tesla_module1/availability")), "online");
  EXPECT_TRUE(has_all_cells("tesla_module1", 6));
  EXPECT_GE(reads("tesla_module1", 20s), 2U) << "the other keeps its rhythm";
  const std::size_t later = tap->mark();

  peers->clear_faults();

  EXPECT_TRUE(is("tesla_module2/availability", "online", 60s)) << gateway->log();
  EXPECT_TRUE(eventually([&] { return is_whole(); }, 60s)) << gateway->log();
  EXPECT_TRUE(wait_event({"\"tesla_module2\""}, later));
}

TEST_F(GatewayTeslaFault, APulledSerialLineTakesBothModulesAwayAndGivesThemBack) {
  start_site();

  peers->fault("kind=unplug tesla_uart=ring1 for_s=8");

  EXPECT_TRUE(is("tesla_module1/availability", "offline")) << gateway->log();
  EXPECT_TRUE(is("tesla_module2/availability", "offline"));
  EXPECT_TRUE(is("tesla/availability", "offline"))
      << tap->last(topic("tesla/voltage")).value_or("");
  EXPECT_TRUE(eventually([&] { return is_whole(); }, 60s)) << gateway->log();
  EXPECT_TRUE(is("tesla/availability", "online"));
}

TEST_F(GatewayTeslaFault, AKilledGatewayLeavesTheEndOfItsBleedToTheChip) {
  start_site();
  publish("tesla/bleed_time/set", "600");
  ASSERT_TRUE(is("tesla/bleed_time", "600"));
  publish("tesla_module2/cell_05_bleed/set", "ON");
  ASSERT_TRUE(peers->wait_for("ring id=ring1 module=2 bleed=5\n")) << gateway->log();
  ASSERT_TRUE(is("tesla_module2/cell_05_bleed", "ON"));

  gateway->signal(SIGKILL);
  gateway->wait();
  const std::size_t from = peers->said().size();

  EXPECT_TRUE(eventually(
      [&] {
        const auto lines = lines_of("ring id=ring1 module=2 ");
        return !lines.empty() && lines.back() == "ring id=ring1 module=2 bleed=none";
      },
      20s))
      << peers->said();
  EXPECT_TRUE(lines_of("ring id=ring1 module=2 bleed=5", from).empty());
  ASSERT_TRUE(run_again()) << gateway->log();
  EXPECT_TRUE(eventually([&] { return is_whole(); }, 30s)) << gateway->log();
  EXPECT_TRUE(is("tesla_module2/cell_05_bleed", "OFF"));
  EXPECT_TRUE(lines_of("ring id=ring1 module=2 bleed=5", from).empty()) << "taken up again";
}

TEST_F(GatewayTeslaFault, AStoppedGatewaySwitchesItsBleedsOff) {
  start_site();
  publish("tesla_module1/cell_01_bleed/set", "ON");
  ASSERT_TRUE(peers->wait_for("ring id=ring1 module=1 bleed=1\n")) << gateway->log();

  EXPECT_EQ(stop_gateway(), 0) << gateway->log();

  EXPECT_TRUE(eventually(
      [&] {
        return lines_of("ring id=ring1 module=1 ").back() == "ring id=ring1 module=1 bleed=none";
      },
      1s))
      << peers->said();
}

}  // namespace
}  // namespace b2m::test

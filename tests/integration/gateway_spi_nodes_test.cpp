// SPDX-License-Identifier: MIT
// SPI nodes of both protocols in one pack, with a ring beside them: bleeding, permission,
// calibration over a restart.
#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "tests/support/wired_rig.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

class GatewaySpiNodes : public WiredRig {
 protected:
  GatewaySpiNodes() { has_ring = false; }
};

TEST_F(GatewaySpiNodes, ABleedShowsAsReadBackEmptiesItsCellAndEndsByItself) {
  start_site();
  const double before = number("nodes/cell_02_voltage");
  const double neighbour = number("nodes/cell_01_voltage");

  publish("nodes/cell_02_bleed/set", "ON");

  EXPECT_TRUE(peers->wait_for("node id=nodes node=2 bleed=on")) << gateway->log();
  EXPECT_TRUE(is("nodes/cell_02_bleed", "ON")) << gateway->log();
  EXPECT_TRUE(is("nodes/cell_02_bleed", "OFF")) << gateway->log();
  EXPECT_TRUE(is("nodes/balancing_reason", "Cell 2 bleed ended: its time is over"))
      << tap->last(topic("nodes/balancing_reason")).value_or("");
  EXPECT_TRUE(eventually([&] { return number("nodes/cell_02_voltage") < before - 0.008; }))
      << before << " " << number("nodes/cell_02_voltage");
  EXPECT_NEAR(number("nodes/cell_01_voltage"), neighbour, 0.004);
  EXPECT_TRUE(lines_of("node id=nodes node=1 ").empty()) << "on the same select line";
}

TEST_F(GatewaySpiNodes, WithoutPermissionNothingIsBledAndTheRefusalNamesTheLineToAdd) {
  file.allow = "\"limits\"";
  start_site();
  const std::size_t from = tap->mark();

  publish("nodes/cell_01_bleed/set", "ON");

  EXPECT_TRUE(wait_event({"command_failed", "\"nodes\"", R"(add \"balancing\" to allow)"}, from))
      << gateway->log();
  EXPECT_TRUE(lines_of("node id=nodes node=1 bleed=on").empty());
}

TEST_F(GatewaySpiNodes, AKilledGatewayLeavesTheEndOfItsBleedToTheNode) {
  start_site();
  publish("nodes/bleed_time/set", "600");
  ASSERT_TRUE(is("nodes/bleed_time", "600"));
  publish("nodes/cell_04_bleed/set", "ON");
  ASSERT_TRUE(peers->wait_for("node id=nodes node=4 bleed=on")) << gateway->log();

  gateway->signal(SIGKILL);
  gateway->wait();

  EXPECT_TRUE(peers->wait_for("node id=nodes node=4 bleed=off by=timeout", 40s)) << peers->said();
}

TEST_F(GatewaySpiNodes, ACalibrationIsToldAndSurvivesARestart) {
  start_site();
  const double before = number("nodes/cell_03_voltage");
  const double meter = std::round((before + 0.06) * 1000) / 1000;
  const std::size_t from = tap->mark();

  publish("nodes/cell_03_calibrate/set", std::to_string(meter));

  EXPECT_TRUE(wait_event({"calibrated", "\"nodes\"", "cell 3", "before", "now"}, from))
      << gateway->log();
  const auto is_corrected = [&] {
    return std::abs(number("nodes/cell_03_voltage") - meter) < 0.015;
  };
  EXPECT_TRUE(eventually(is_corrected)) << number("nodes/cell_03_voltage") << " " << meter;
  ASSERT_EQ(stop_gateway(), 0) << gateway->log();
  const std::size_t later = tap->mark();

  ASSERT_TRUE(run_again()) << gateway->log();

  const auto again = [&] {
    const auto all = tap->payloads(topic("nodes/cell_03_voltage"), later);
    return std::ranges::any_of(all, [&](const std::string& v) {
      return v != "None" && !v.empty() && std::abs(std::stod(v) - meter) < 0.015;
    });
  };
  EXPECT_TRUE(eventually(again, 20s)) << gateway->log();
  publish("nodes/cell_03_calibration_reset/set", "PRESS");
  EXPECT_TRUE(eventually([&] {
    return std::abs(number("nodes/cell_03_voltage") - before) < 0.015;
  })) << number("nodes/cell_03_voltage")
      << " " << before;
}

TEST_F(GatewaySpiNodes, RescanNamesEveryNode) {
  start_site();

  const Json answer = command(topic("bridge/request/rescan"), R"({"adapter":"wires"})");

  EXPECT_EQ(answer.value("status", ""), "ok") << answer;
  EXPECT_NE(answer.dump().find("cell 3: legacy"), std::string::npos) << answer;
  EXPECT_NE(answer.dump().find("cell 4: "), std::string::npos) << answer;
}

}  // namespace
}  // namespace b2m::test

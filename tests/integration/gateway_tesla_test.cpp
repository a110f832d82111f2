// SPDX-License-Identifier: MIT
// A ring of Tesla modules and SPI nodes beside it, from mosquitto_pub to the bleed resistor of a
// simulated cell and back.
#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/support/wired_rig.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

class GatewayTesla : public WiredRig {
 protected:
  GatewayTesla() { has_nodes = false; }

  Json config_of(const std::string& device) {
    return json_at("homeassistant/device/battery2mqtt_" + device + "/config");
  }
  static std::string cell(int n) {
    return fmt::format("tesla_module{}/cell_{:02}", n > 6 ? 2 : 1, n > 6 ? n - 6 : n);
  }
  [[nodiscard]] std::vector<double> voltages() const {
    std::vector<double> all;
    for (int n = 1; n <= 12; ++n) all.push_back(number(cell(n) + "_voltage"));
    return all;
  }
  /// Cells that the ring has bled, counted from 1 through both modules.
  [[nodiscard]] std::set<int> bled(std::size_t from) {
    std::set<int> cells;
    for (const std::string& line : lines_of("ring id=ring1 module=", from)) {
      const int module = line[std::string("ring id=ring1 module=").size()] - '0';
      const std::string list = line.substr(line.find("bleed=") + 6);
      if (list == "none") continue;
      for (const char c : list)
        if (c != ',') cells.insert((module - 1) * 6 + c - '0');
    }
    return cells;
  }
};

class GatewayWired : public WiredRig {};

TEST_F(GatewayWired, EverythingOfAPackItsModulesAndNodesArrives) {
  start_site();

  for (const char* below : {"tesla/voltage",
                            "tesla/cell_voltage_min",
                            "tesla/cell_voltage_max",
                            "tesla/cell_voltage_spread",
                            "tesla/module_voltage_spread",
                            "tesla/worst_cell",
                            "tesla/temperature_min",
                            "tesla/temperature_max",
                            "tesla/balancing",
                            "tesla/bleed_time",
                            "tesla_module1/voltage",
                            "tesla_module1/temperature_01",
                            "tesla_module1/temperature_02",
                            "tesla_module1/cell_01_bleed",
                            "tesla_module1/chip_alert",
                            "tesla_module1/chip_fault",
                            "tesla_module1/module_address",
                            "tesla_module1/chip_cell_voltage_high",
                            "tesla_module1/chip_temperature_high_delay",
                            "tesla_module1/module_reads",
                            "tesla_module2/voltage",
                            "tesla_module2/temperature_02",
                            "tesla_module2/cell_06_bleed",
                            "nodes/voltage",
                            "nodes/cell_voltage_spread",
                            "nodes/cell_01_bleed",
                            "nodes/cell_01_temperature",
                            "nodes/cell_03_voltage_error",
                            "nodes/cell_04_node",
                            "nodes/cell_03_node_state",
                            "nodes/cell_02_calibration"})
    EXPECT_TRUE(eventually([&] { return is_known(below); })) << below;
  EXPECT_EQ(tap->last(topic("nodes/cell_03_node_state")), "ok");
  EXPECT_NEAR(number("tesla/voltage"),
              number("tesla_module1/voltage") + number("tesla_module2/voltage"), 0.1);
  EXPECT_FALSE(is_known("nodes/cell_03_bleed")) << "a legacy node has nothing to bleed with";
}

TEST_F(GatewayWired, HomeAssistantCanUseEverythingThatIsSaidOfModulesAndNodes) {
  start_site();
  publish("tesla_module1/cell_03_bleed/set", "ON");
  publish("nodes/cell_01_bleed/set", "ON");
  ASSERT_TRUE(is("tesla_module1/cell_03_bleed", "ON")) << gateway->log();
  ASSERT_TRUE(is("nodes/cell_01_bleed", "ON")) << gateway->log();

  const Ran checked = run_other({"python3", B2M_SOURCE_DIR "/tests/support/ha_check.py", "--topics",
                                 tap->write_capture(folder / "capture")});

  EXPECT_EQ(checked.status, 0) << checked.output << checked.log;
}

TEST_F(GatewayTesla, ABleedShowsAsReadBackEmptiesItsCellAndEndsByItself) {
  start_site();
  const double before = number("tesla_module1/cell_03_voltage");
  const double neighbour = number("tesla_module1/cell_04_voltage");

  publish("tesla_module1/cell_03_bleed/set", "ON");

  EXPECT_TRUE(peers->wait_for("ring id=ring1 module=1 bleed=3\n")) << gateway->log();
  EXPECT_TRUE(is("tesla_module1/cell_03_bleed", "ON"));
  EXPECT_TRUE(is("tesla_module1/cell_03_bleed", "OFF")) << gateway->log();
  EXPECT_TRUE(is("tesla/balancing_reason", "Tesla module 1: Cell 3 bleed ended: its time is over"))
      << tap->last(topic("tesla/balancing_reason")).value_or("");
  EXPECT_TRUE(eventually([&] { return number("tesla_module1/cell_03_voltage") < before - 0.005; }))
      << before << " " << number("tesla_module1/cell_03_voltage");
  EXPECT_NEAR(number("tesla_module1/cell_04_voltage"), neighbour, 0.004);
  EXPECT_EQ(lines_of("ring id=ring1 module=1 ").back(), "ring id=ring1 module=1 bleed=none");
  EXPECT_EQ(bled(0), std::set{3});
}

TEST_F(GatewayTesla, WithoutPermissionNothingIsBledAndTheRefusalNamesTheLineToAdd) {
  file.allow.clear();
  start_site();
  const std::size_t from = tap->mark();

  publish("tesla_module1/cell_03_bleed/set", "ON");
  publish("tesla/balancing/set", "ON");

  EXPECT_TRUE(wait_event(
      {"command_failed", "\"tesla_module1\"", R"(add \"balancing\" to allow)", "[control]"}, from))
      << gateway->log();
  EXPECT_TRUE(was("tesla_module1/cell_03_bleed", "OFF", from)) << "the switch must jump back";
  EXPECT_TRUE(wait_event({"command_failed", "\"tesla\"", R"(add \"balancing\" to allow)"}, from));
  EXPECT_EQ(config_of("tesla_module1")["cmps"]["cell_03_bleed"].value("p", ""), "binary_sensor");
  EXPECT_TRUE(bled(0).empty());
}

TEST_F(GatewayTesla, BalancingBleedsOnlyHighCellsAndEndsWhenTheyAreAlike) {
  tesla_lines = "balance_difference_v = 0.015\n";
  start_site();
  const std::vector<double> before = voltages();
  const double low = *std::ranges::min_element(before);
  ASSERT_GT(*std::ranges::max_element(before), low + 0.02) << "nothing to balance";
  const std::size_t from = tap->mark(), said = peers->said().size();

  publish("tesla/balancing/set", "ON");

  EXPECT_TRUE(wait_event({"balancing_started", "\"tesla\""}, from)) << gateway->log();
  EXPECT_TRUE(wait_event({"balancing_ended", "\"tesla\"", "balanced, the spread is"}, from, 100s))
      << gateway->log() << tap->last(topic("tesla/balancing_reason")).value_or("");
  EXPECT_TRUE(is("tesla/balancing", "OFF"));
  const std::set<int> cells = bled(said);
  EXPECT_FALSE(cells.empty());
  for (const int n : cells)
    EXPECT_GT(before[static_cast<std::size_t>(n - 1)], low + 0.01) << "cell " << n;
  const std::vector<double> after = voltages();
  EXPECT_LT(*std::ranges::max_element(after) - *std::ranges::min_element(after), 0.02);
}

TEST_F(GatewayTesla, ThresholdsAreWrittenAndReadBack) {
  start_site();
  ASSERT_TRUE(is("tesla_module2/chip_cell_voltage_high", "4.45")) << gateway->log();

  publish("tesla_module2/chip_cell_voltage_high/set", "4.25");
  publish("tesla_module2/chip_temperature_high/set", "60");

  EXPECT_TRUE(is("tesla_module2/chip_cell_voltage_high", "4.25")) << gateway->log();
  EXPECT_TRUE(is("tesla_module2/chip_temperature_high", "60")) << gateway->log();
  EXPECT_EQ(tap->last(topic("tesla_module1/chip_cell_voltage_high")), "4.45") << "another module";
  const Json answer = command(topic("tesla_module2/chip_cell_voltage_high/set"), "9");
  EXPECT_EQ(answer.value("status", ""), "error") << answer;
}

TEST_F(GatewayTesla, ThresholdsAreNotWrittenWithoutPermission) {
  file.allow = "\"balancing\"";
  start_site();
  ASSERT_TRUE(is("tesla_module1/chip_cell_voltage_high", "4.45"));
  const std::size_t from = tap->mark();

  publish("tesla_module1/chip_cell_voltage_high/set", "4.25");

  EXPECT_TRUE(
      wait_event({"command_failed", "\"tesla_module1\"", R"(add \"limits\" to allow)"}, from))
      << gateway->log();
  EXPECT_FALSE(was("tesla_module1/chip_cell_voltage_high", "4.25", from, 3s));
}

TEST_F(GatewayTesla, AnExtraModuleIsToldAndRescanAnswers) {
  start_site();
  const std::size_t from = tap->mark();

  peers->fault("kind=extra_module tesla_uart=ring1");

  EXPECT_TRUE(wait_event({"module_warning", "more than the 2 modules", "set modules"}, from, 60s))
      << gateway->log();
  const Json answer = command(topic("bridge/request/rescan"), "{}");
  EXPECT_EQ(answer.value("status", ""), "ok") << answer;
  EXPECT_NE(answer.dump().find("ring1"), std::string::npos) << answer;
  EXPECT_TRUE(eventually([&] { return is_whole(); }, 20s)) << gateway->log();
}

}  // namespace
}  // namespace b2m::test

// SPDX-License-Identifier: MIT
// A virtual pack in the program itself, from the broker's side: values, charging, a bleed, a fault
// by command and its alarm, and that Home Assistant can tell it from a real one.
#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/support/wired_rig.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr const char* kTables = R"([[simulator]]
id = "virtual"
modules = 2
cells = 3
chemistry = "nmc"
capacity_ah = 1
soc = 0.6
soc_scatter = 0.02
bleed_ohm = 4
charger_current_a = 2
load_current_a = 0
interval_s = 0.25
speed = 4

[[pack]]
id = "virt"
source = "virtual"
chemistry = "nmc"
cells_in_series = 6
bleed_time_s = 4
balance_voltage_v = 3.3
)";

class GatewaySimulator : public WiredRig {
 protected:
  void start() {
    file.allow = R"("charging", "balancing", "limits", "contactors")";
    file.more = kTables;
    start_tap();
    start_gateway();
    ASSERT_TRUE(eventually([&] {
      return has_all_cells("virt_module1", 3) && has_all_cells("virt_module2", 3) &&
             is("virt/charging", "OFF", 0ms);
    })) << gateway->log();
  }
};

TEST_F(GatewaySimulator, EverythingArrivesAndSaysThatItIsSimulated) {
  start();

  EXPECT_NEAR(number("virt/voltage"),
              number("virt_module1/voltage") + number("virt_module2/voltage"), 0.05);
  EXPECT_NEAR(number("virt/soc"), 60, 2);
  EXPECT_TRUE(is("virt/contactor", "ON"));
  EXPECT_TRUE(is("virt/simulated_fault", "none"));
  const Json config = json_at("homeassistant/device/battery2mqtt_virt/config");
  EXPECT_EQ(config["dev"]["mdl"], "Simulated pack") << config.dump();
  const Ran checked = run_other({"python3", B2M_SOURCE_DIR "/tests/support/ha_check.py", "--topics",
                                 tap->write_capture(folder / "capture")});
  EXPECT_EQ(checked.status, 0) << checked.log;
}

TEST_F(GatewaySimulator, ChargingByCommandRaisesEveryCellAndASigtermEndsIt) {
  start();
  const double before = number("virt_module2/cell_03_voltage");

  publish("virt/charging/set", "ON");
  ASSERT_TRUE(is("virt/charging", "ON")) << gateway->log();
  EXPECT_TRUE(eventually([&] { return number("virt_module2/cell_03_voltage") > before + 0.05; }));
  EXPECT_TRUE(eventually([&] { return number("virt/current") > 1.9; }));
  const std::size_t from = tap->mark();
  EXPECT_FALSE(was("virt/charging", "OFF", from, 7s)) << "orders are repeated";

  publish("virt/charging/set", "OFF");
  EXPECT_TRUE(is("virt/charging", "OFF"));
  EXPECT_EQ(stop_gateway(), 0);
}

TEST_F(GatewaySimulator, ABleedLowersItsCellAndEnds) {
  start();
  const double bled = number("virt_module1/cell_02_voltage");
  const double other = number("virt_module1/cell_01_voltage");

  publish("virt_module1/cell_02_bleed/set", "ON");
  ASSERT_TRUE(is("virt_module1/cell_02_bleed", "ON")) << gateway->log();
  EXPECT_TRUE(eventually([&] { return number("virt_module1/cell_02_voltage") < bled - 0.02; }));
  EXPECT_NEAR(number("virt_module1/cell_01_voltage"), other, 0.004);
  EXPECT_TRUE(is("virt_module1/cell_02_bleed", "OFF"));
}

TEST_F(GatewaySimulator,
       OpeningTheContactorStopsCurrentAndChargingAndClosingItShowsInEveryVoltage) {
  start();
  publish("virt/simulated_load/set", "1.5");
  publish("virt/charging/set", "ON");
  ASSERT_TRUE(is("virt/charging", "ON")) << gateway->log();
  ASSERT_TRUE(eventually([&] { return number("virt/current") > 0.4; }));

  publish("virt/simulated_contactor/set", "OFF");
  EXPECT_TRUE(is("virt/contactor", "OFF")) << gateway->log();
  EXPECT_TRUE(is("virt/charging", "OFF")) << gateway->log();
  EXPECT_TRUE(eventually([&] { return number("virt/current") == 0; }));
  const auto every_cell = [&] {
    std::vector<double> all;
    for (const char* module : {"virt_module1", "virt_module2"})
      for (const char* cell : {"01", "02", "03"})
        all.push_back(number(fmt::format("{}/cell_{}_voltage", module, cell)));
    return all;
  };
  const std::vector<double> open = every_cell();

  publish("virt/simulated_contactor/set", "ON");
  EXPECT_TRUE(is("virt/contactor", "ON")) << gateway->log();
  EXPECT_TRUE(eventually([&] { return number("virt/current") < -1.4; })) << "the load is back";
  EXPECT_TRUE(eventually([&] {
    const std::vector<double> now = every_cell();
    return std::ranges::equal(now, open, [](double v, double rest) { return v < rest - 0.02; });
  }));
  EXPECT_TRUE(is("virt/charging", "OFF", 0ms)) << "closing is no order to charge";
}

TEST_F(GatewaySimulator, AFaultByCommandRaisesItsAlarmAndStopsACharge) {
  start();
  publish("virt/charging/set", "ON");
  ASSERT_TRUE(is("virt/charging", "ON"));
  publish("virt/simulated_fault_cell/set", "5");
  ASSERT_TRUE(is("virt/simulated_fault_cell", "5")) << gateway->log();
  const std::size_t from = tap->mark();

  publish("virt/simulated_fault/set", "open_sensor");
  ASSERT_TRUE(is("virt/simulated_fault", "open_sensor")) << gateway->log();
  EXPECT_TRUE(is("virt_module2/cell_02_voltage", "None"));
  EXPECT_TRUE(is("virt/alarm_data_missing", "ON")) << gateway->log();
  EXPECT_TRUE(was("virt/charging", "OFF", from)) << gateway->log();

  publish("virt/simulated_fault/set", "none");
  EXPECT_TRUE(is("virt/alarm_data_missing", "OFF"));
}

TEST_F(GatewaySimulator, AShortedCellIsFoundByItsHeat) {
  start();

  publish("virt/simulated_fault/set", "short");

  EXPECT_TRUE(is("virt/alarm_temperature_high", "ON", 60s)) << gateway->log();
  EXPECT_TRUE(is("virt/problem", "ON"));
}

TEST_F(GatewaySimulator, CommandsNeedTheirClass) {
  file.allow = R"("charging")";
  file.more = kTables;
  start_tap();
  start_gateway();
  ASSERT_TRUE(eventually([&] { return has_all_cells("virt_module1", 3); })) << gateway->log();

  const Json answer = command(topic("virt/simulated_fault/set"), "short");

  EXPECT_EQ(answer["status"], "error") << answer.dump();
  EXPECT_TRUE(is("virt/simulated_fault", "none"));
}

}  // namespace
}  // namespace b2m::test

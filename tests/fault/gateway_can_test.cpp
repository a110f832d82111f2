// SPDX-License-Identifier: MIT
// What goes wrong on a CAN bus, made by the simulated boards, and what the user sees of it.
#include <nlohmann/json.hpp>

#include "tests/support/gateway_rig.hpp"

namespace b2m::test {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

class GatewayCan : public GatewayRig {
 protected:
  bool counts(const std::string& counter, int at_least) {
    return wait_health([&](const Json& h) {
             return h["adapters"][0]["counters"].value(counter, 0) >= at_least;
           })
        .is_object();
  }
  bool lists(const std::string& text) {
    return wait_health([&](const Json& h) {
             return h["adapters"][0]["details"].dump().find(text) != std::string::npos;
           })
        .is_object();
  }
};

TEST_F(GatewayCan, ASilentPackBecomesUnknownThenOfflineAndRaisesAnAlarm) {
  start_all();
  const std::size_t from = tap->mark();
  const auto silenced = SteadyClock::now();

  peers->fault("kind=silent pack=1");

  EXPECT_TRUE(tap->wait_state(topic("pack1/cell_01_voltage"), "None"));
  EXPECT_GE(SteadyClock::now() - silenced, 4s) << "a value is good for five seconds";
  EXPECT_TRUE(tap->wait_state(topic("pack1/availability"), "offline"));
  EXPECT_LE(SteadyClock::now() - silenced, 10s);
  EXPECT_TRUE(tap->wait_state(topic("pack1/voltage"), "None"));
  EXPECT_TRUE(tap->wait_state(topic("pack1/connected"), "OFF"));
  EXPECT_TRUE(tap->wait_state(topic("pack1/alarm_data_missing"), "ON"));
  EXPECT_TRUE(tap->wait_event(file.id, {"device_lost", "pack1"}, from));
  EXPECT_TRUE(tap->wait_event(file.id, {"alarm_raised", "alarm_data_missing"}, from));
  EXPECT_EQ(tap->last(topic("pack2/availability")), "online");
  EXPECT_EQ(tap->last(topic("bridge/bench_connected")), "ON") << "the other pack still talks";

  peers->clear_faults();

  EXPECT_TRUE(tap->wait_state(topic("pack1/availability"), "online"));
  EXPECT_TRUE(tap->wait_state(topic("pack1/alarm_data_missing"), "OFF"));
  EXPECT_TRUE(tap->wait_event(file.id, {"device_found", "pack1"}, from));
}

TEST_F(GatewayCan, OneSilentCellIsUnknownAndThePackStaysOnline) {
  start_all();

  peers->fault("kind=silent pack=1 cell=4");

  EXPECT_TRUE(tap->wait_state(topic("pack1/cell_04_voltage"), "None"));
  EXPECT_TRUE(tap->wait_state(topic("pack1/voltage"), "None")) << "a sum without one is no sum";
  EXPECT_EQ(tap->last(topic("pack1/availability")), "online");
  EXPECT_NE(tap->last(topic("pack1/cell_03_voltage")), "None");
}

TEST_F(GatewayCan, ASpikeOfOneFrameIsNotPublished) {
  file.mqtt_lines = "min_interval_s = 0\n";
  start_all();
  const std::size_t from = tap->mark();

  peers->fault("kind=spike pack=1 cell=3 value=65000");

  EXPECT_TRUE(wait_health([](const Json& h) { return h["implausible_samples"] >= 1; }).is_object());
  for (const std::string& payload : tap->payloads(topic("pack1/cell_03_voltage"), from)) {
    EXPECT_NE(payload, "None");
    EXPECT_LT(std::stod(payload), 15) << payload;
  }
  EXPECT_EQ(tap->last(topic("pack1/alarm_cell_voltage_high")), "OFF");
}

TEST_F(GatewayCan, ACellThatKeepsSayingNonsenseBecomesUnknown) {
  start_all();

  peers->fault("kind=cell_voltage pack=1 cell=3 value=650");

  EXPECT_TRUE(tap->wait_state(topic("pack1/cell_03_voltage"), "None"));
}

TEST_F(GatewayCan, FramesOfWrongLengthAreCountedAndListedAndDecodeToNothing) {
  start_all();

  peers->fault("kind=wrong_length pack=1 value=2");

  EXPECT_TRUE(counts("wrong_length", 5));
  EXPECT_TRUE(lists("0x600"));
  EXPECT_TRUE(tap->wait_state(topic("pack1/cell_01_voltage"), "None")) << "nothing is guessed";
}

TEST_F(GatewayCan, RemoteFramesAreCountedAndDecodeToNothing) {
  start_all();

  peers->fault("kind=remote pack=1");

  EXPECT_TRUE(counts("remote", 5));
  EXPECT_TRUE(tap->wait_state(topic("pack1/cell_01_voltage"), "None"));
}

TEST_F(GatewayCan, TheSameNumberAsExtendedIdIsAnotherId) {
  start_all();

  peers->fault("kind=extended pack=1");

  EXPECT_TRUE(counts("unknown", 5));
  EXPECT_TRUE(lists("0x00000600"));
  EXPECT_TRUE(tap->wait_state(topic("pack1/cell_01_voltage"), "None"));
}

TEST_F(GatewayCan, UnknownIdsAreCountedAndListed) {
  start_all();

  peers->fault("kind=unknown_id pack=2 value=1962");

  EXPECT_TRUE(counts("unknown", 5));
  EXPECT_TRUE(lists("0x7AA"));
  EXPECT_EQ(tap->last(topic("pack2/availability")), "online");
}

TEST_F(GatewayCan, GarbageOnTheSerialLineIsSurvived) {
  start_all();
  const std::size_t from = tap->mark();

  for (int i = 0; i < 20; ++i) peers->fault("kind=garbage_line");

  EXPECT_TRUE(counts("frames", 50));
  peers->fault("kind=cell_voltage pack=1 cell=3 value=12.11");
  EXPECT_TRUE(tap->wait_state(topic("pack1/cell_03_voltage"), "12.11"));
  EXPECT_FALSE(tap->wait_event(file.id, {"adapter_failed"}, from, 1ms));
}

TEST_F(GatewayCan, AnUnpluggedAdapterIsFoundAgain) {
  start_all();
  const std::size_t from = tap->mark();

  peers->fault("kind=unplug for_s=2");

  EXPECT_TRUE(tap->wait_event(file.id, {"adapter_failed", "bench"}, from)) << gateway->log();
  EXPECT_TRUE(tap->wait_state(topic("bridge/bench_connected"), "OFF"));
  const std::size_t gone = tap->mark();
  EXPECT_TRUE(tap->wait_event(file.id, {"adapter_recovered", "bench"}, gone)) << gateway->log();
  EXPECT_TRUE(tap->wait_state(topic("bridge/bench_connected"), "ON"));
  peers->fault("kind=cell_voltage pack=1 cell=3 value=12.11");
  EXPECT_TRUE(tap->wait_state(topic("pack1/cell_03_voltage"), "12.11"));
  EXPECT_EQ(command(topic("pack1/charging/set"), "ON").value("status", ""), "ok");
  EXPECT_TRUE(charging_is(1, "ON"));
}

TEST_F(GatewayCan, UnpluggingWhileChargingEndsItAndItStaysOff) {
  start_all();
  ASSERT_TRUE(charging_is(1, "OFF"));
  tap->publish(topic("pack1/charging/set"), "ON");
  ASSERT_TRUE(charging_is(1, "ON"));
  const std::size_t from = tap->mark();

  peers->fault("kind=unplug for_s=1");

  EXPECT_TRUE(tap->wait_event(file.id, {"charging_stopped", "pack1"}, from)) << gateway->log();
  const std::size_t gone = tap->mark();
  EXPECT_TRUE(tap->wait_event(file.id, {"adapter_recovered"}, gone)) << gateway->log();
  EXPECT_TRUE(peers->wait_for("bms part=1 charging=off"));
  EXPECT_TRUE(charging_is(1, "OFF"));
  EXPECT_FALSE(peers->wait_for("bms part=1 charging=on", 2s));
}

TEST_F(GatewayCan, ChargingEndsWithBusOffAndDoesNotComeBackByItself) {
  start_all();
  ASSERT_TRUE(charging_is(1, "OFF"));
  tap->publish(topic("pack1/charging/set"), "ON");
  ASSERT_TRUE(charging_is(1, "ON"));
  const std::size_t from = tap->mark();

  peers->fault("kind=bus_off for_s=3");

  EXPECT_TRUE(tap->wait_event(file.id, {"charging_stopped", "pack1"}, from)) << gateway->log();
  EXPECT_TRUE(peers->wait_for("bms part=1 charging=off")) << peers->said();
  EXPECT_TRUE(tap->wait_state(topic("pack1/availability"), "online"));
  EXPECT_TRUE(charging_is(1, "OFF"));
  EXPECT_FALSE(peers->wait_for("bms part=1 charging=on", 1s));
}

TEST_F(GatewayCan, BusOffAndItsEndAreTold) {
  start_all();
  const std::size_t from = tap->mark();

  peers->fault("kind=bus_off for_s=3");

  EXPECT_TRUE(tap->wait_event(file.id, {"\"bus_off\"", "bench"}, from)) << gateway->log();
  EXPECT_TRUE(tap->wait_event(file.id, {"bus_recovered", "bench"}, from)) << gateway->log();
}

TEST_F(GatewayCan, AMissingInterfaceIsExplainedAndTheGatewayGoesOn) {
  file.interface = "slcan:" + (folder / "nothing");
  start_tap();

  start_gateway();

  EXPECT_TRUE(tap->wait_state(topic("bridge/state"), "online")) << gateway->log();
  EXPECT_TRUE(tap->wait_state(topic("bridge/bench_connected"), "OFF"));
  EXPECT_TRUE(tap->wait([&](const TapMessage& m) {
    return m.topic == topic("bridge/bench_last_error") &&
           m.payload.find(folder / "nothing") != std::string::npos;
  })) << tap->last(topic("bridge/bench_last_error")).value_or("");
  EXPECT_TRUE(tap->wait_state(topic("pack1/availability"), "offline"));
  EXPECT_EQ(command(topic("pack1/charging/set"), "ON").value("status", ""), "error");
}

}  // namespace
}  // namespace b2m::test

// SPDX-License-Identifier: MIT
// The charge switch of a CAN pack, from an MQTT message to the frame on the bus
// and back.
#include <csignal>

#include <nlohmann/json.hpp>

#include "tests/support/gateway_rig.hpp"
#include "tests/support/slcan_end.hpp"

namespace b2m::test {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view kOnFrame = "t6043010031";
constexpr std::string_view kOffFrame = "t6043000031";

class GatewayCharging : public GatewayRig {
 protected:
  void switch_on() {
    ASSERT_TRUE(charging_is(1, "OFF")) << gateway->log();
    tap->publish(topic("pack1/charging/set"), "ON");
    ASSERT_TRUE(peers->wait_for("bms part=1 charging=on cause=command")) << gateway->log();
    ASSERT_TRUE(charging_is(1, "ON")) << gateway->log();
  }
  void expect_stopped_with(std::string_view cause, std::size_t from) {
    EXPECT_TRUE(
        tap->wait_event(file.id, {"charging_stopped", "pack1", std::string(cause)}, from, 15s))
        << gateway->log();
    EXPECT_TRUE(peers->wait_for("bms part=1 charging=off cause=command")) << peers->said();
  }
};

TEST_F(GatewayCharging, TheSwitchReachesTheBmsAndShowsWhatTheBmsSays) {
  start_all();
  switch_on();

  tap->publish(topic("pack1/charging/set"), "OFF");

  EXPECT_TRUE(peers->wait_for("bms part=1 charging=off cause=command"));
  EXPECT_TRUE(charging_is(1, "OFF"));
  EXPECT_EQ(tap->last(topic("pack2/charging")), "OFF");
}

TEST_F(GatewayCharging, TheOnFrameIsRepeatedEverySecondAndOffIsTheFirstFrameOfAll) {
  SlcanEnd line(folder / "can");
  line.repeat(healthy_pack_lines());
  file.interface = "slcan:" + (folder / "can");
  file.packs = {1};
  file.can_lines = "[[can.part]]\nid = \"1\"\nack_max_age_s = 0\n";
  start_tap();
  start_gateway();
  ASSERT_TRUE(wait_for_packs()) << gateway->log();
  ASSERT_TRUE(line.wait_for(kOffFrame, 1, 5s)) << gateway->log();
  auto lines = healthy_pack_lines();
  lines.emplace_back("t6063000031");  // the BMS says that it does not charge
  line.repeat(lines);
  ASSERT_TRUE(charging_is(1, "OFF"));

  tap->publish(topic("pack1/charging/set"), "ON");
  ASSERT_TRUE(line.wait_for(kOnFrame, 1, 2s)) << gateway->log();
  lines.back() = "t6063010031";
  line.repeat(lines);

  ASSERT_TRUE(line.wait_for(kOnFrame, 4, 6s));
  std::vector<SlcanEnd::Heard> on;
  for (const SlcanEnd::Heard& h : line.frames())
    if (h.line == kOnFrame) on.push_back(h);
  for (std::size_t i = 1; i < on.size(); ++i) {
    EXPECT_GE(on[i].time - on[i - 1].time, 700ms);
    EXPECT_LE(on[i].time - on[i - 1].time, 1500ms);
  }
  EXPECT_EQ(line.frames().front().line, kOffFrame);
  EXPECT_TRUE(charging_is(1, "ON"));
}

TEST_F(GatewayCharging, OnIsRefusedWithTheReasonWhileACellIsOutOfRange) {
  start_all();
  ASSERT_TRUE(charging_is(1, "OFF"));
  peers->fault("kind=cell_voltage pack=1 cell=2 value=14.5");
  ASSERT_TRUE(tap->wait_state(topic("pack1/cell_02_voltage"), "14.50"));
  const std::size_t from = tap->mark();

  const Json answer = command(topic("pack1/charging/set"), "ON");

  EXPECT_EQ(answer.value("status", ""), "error");
  EXPECT_NE(answer.dump().find("Cell 2 voltage is 14.50 V"), std::string::npos) << answer;
  EXPECT_TRUE(tap->wait_event(file.id, {"command_failed", "pack1", "Cell 2 voltage"}, from));
  EXPECT_TRUE(tap->wait(
      [&](const TapMessage& m) {
        return m.topic == topic("pack1/charging") && m.payload == "OFF" && m.retained;
      },
      from))
      << "the switch must jump back";
  EXPECT_FALSE(was_charged());
}

TEST_F(GatewayCharging, ChargingStopsWhenThePackFallsSilent) {
  start_all();
  switch_on();
  const std::size_t from = tap->mark();

  peers->fault("kind=silent pack=1");

  expect_stopped_with("is stale", from);
  EXPECT_EQ(tap->last(topic("pack2/availability")), "online");
}

TEST_F(GatewayCharging, ChargingStopsOnAnErrorOfTheBms) {
  start_all();
  switch_on();
  const std::size_t from = tap->mark();

  peers->fault("kind=error_id pack=1 value=7");

  expect_stopped_with("BMS error", from);
  EXPECT_TRUE(tap->wait_event(file.id, {"bms_error", "pack1", "07"}, from));
  EXPECT_TRUE(tap->wait_state(topic("pack1/problem"), "ON"));
}

TEST_F(GatewayCharging, ABmsThatIgnoresOnEndsInAStopThatSaysSo) {
  start_all();
  ASSERT_TRUE(charging_is(1, "OFF"));
  peers->fault("kind=ignores_on pack=1");
  const std::size_t from = tap->mark();

  tap->publish(topic("pack1/charging/set"), "ON");

  EXPECT_TRUE(
      tap->wait_event(file.id, {"charging_stopped", "pack1", "switched off by itself"}, from, 15s))
      << gateway->log();
  EXPECT_EQ(tap->last(topic("pack1/charging")), "OFF");
}

TEST_F(GatewayCharging, SigtermSwitchesOffFirstAndSaysGoodbye) {
  start_all();
  switch_on();
  const auto asked = SteadyClock::now();

  gateway->signal(SIGTERM);

  EXPECT_EQ(gateway->wait(5s), 0) << gateway->log();
  EXPECT_LE(SteadyClock::now() - asked, 5s);
  EXPECT_TRUE(peers->wait_for("bms part=1 charging=off cause=command")) << peers->said();
  EXPECT_TRUE(tap->wait_state(topic("pack1/availability"), "offline"));
  EXPECT_TRUE(tap->wait_state(topic("pack2/availability"), "offline"));
  EXPECT_TRUE(tap->wait_state(topic("bridge/state"), "offline"));
}

TEST_F(GatewayCharging, WithoutAnOutputOnSigtermEndsItWithinTwoSeconds) {
  start_all();
  const auto asked = SteadyClock::now();

  EXPECT_EQ(stop_gateway(), 0);

  EXPECT_LE(SteadyClock::now() - asked,
            2500ms);  // two and what starting to look costs
  EXPECT_TRUE(tap->wait_state(topic("bridge/state"), "offline"));
}

TEST_F(GatewayCharging, AfterAKillTheBmsStopsByItselfAndTheWillSaysOffline) {
  start_all();
  switch_on();
  const auto killed = SteadyClock::now();

  gateway->signal(SIGKILL);

  EXPECT_TRUE(peers->wait_for("bms part=1 charging=off cause=timeout", 7s)) << peers->said();
  EXPECT_LE(SteadyClock::now() - killed, 6s);
  EXPECT_TRUE(tap->wait_state(topic("bridge/state"), "offline", 15s));
}

TEST_F(GatewayCharging, WithoutPermissionItIsReadOnlyAndTheRefusalNamesTheLineToAdd) {
  file.allow = "";
  start_all();
  const Json config = json_at("homeassistant/device/battery2mqtt_pack1/config");
  EXPECT_EQ(config["cmps"]["charging"].value("p", ""), "binary_sensor");
  EXPECT_FALSE(config["cmps"]["charging"].contains("cmd_t"));
  const std::size_t from = tap->mark();

  const Json answer = command(topic("pack1/charging/set"), "ON");

  EXPECT_EQ(answer.value("status", ""), "error");
  EXPECT_TRUE(tap->wait_event(
      file.id, {"command_failed", "pack1", R"(add \"charging\" to allow)", "[control]"}, from));
  EXPECT_TRUE(tap->wait_state(topic("pack1/charging"), "OFF"));
  EXPECT_FALSE(was_charged());
}

TEST_F(GatewayCharging, AnAdapterThatOnlyListensHasNoSwitch) {
  file.charge_control = false;
  start_all();

  const Json config = json_at("homeassistant/device/battery2mqtt_pack1/config");

  EXPECT_EQ(config["cmps"]["charging"].value("p", ""), "binary_sensor");
  EXPECT_EQ(command(topic("pack1/charging/set"), "ON").value("status", ""), "error");
  EXPECT_FALSE(was_charged());
}

}  // namespace
}  // namespace b2m::test

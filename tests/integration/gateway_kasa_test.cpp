// SPDX-License-Identifier: MIT
// Smart plugs and a charger, from mosquitto_pub to the relay of a simulated plug and back.
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/support/kasa_rig.hpp"

namespace b2m::test {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

constexpr int kFast = 10;

class GatewayKasa : public KasaRig {
 protected:
  Json config_of(const std::string& device) {
    return json_at("homeassistant/device/battery2mqtt_" + device + "/config");
  }
  [[nodiscard]] bool was_on(const std::string& plug) {
    const auto lines = lines_of(plug);
    return std::ranges::any_of(
        lines, [](const std::string& line) { return line.find("relay=on") != std::string::npos; });
  }
};

std::size_t place(const std::vector<std::string>& lines, std::string_view text) {
  const auto at = std::ranges::find_if(
      lines, [&](const std::string& line) { return line.find(text) != std::string::npos; });
  return static_cast<std::size_t>(at - lines.begin());
}

TEST_F(GatewayKasa, APlainPlugFollowsAndShowsItsRelayAndPower) {
  start_site();

  publish("lamp/relay/set", "ON");

  EXPECT_TRUE(peers->wait_for("kasa id=lamp relay=on by=lan\n")) << gateway->log();
  EXPECT_TRUE(is("lamp/relay", "ON"));
  EXPECT_TRUE(eventually([&] { return std::abs(number("lamp/power") - 40) < 2; }))
      << number("lamp/power");
  publish("lamp/relay/set", "OFF");
  EXPECT_TRUE(peers->wait_for("kasa id=lamp relay=off by=lan\n"));
  EXPECT_TRUE(is("lamp/relay", "OFF"));
  EXPECT_FALSE(was_on("garage")) << "another plug";
}

TEST_F(GatewayKasa, AButtonPressedAtAPlainPlugShows) {
  start_site();

  peers->fault("kind=button kasa=lamp value=1");

  EXPECT_TRUE(is("lamp/relay", "ON"));
  EXPECT_FALSE(peers->wait_for("kasa id=lamp relay=off", 2s)) << "its own business";
}

TEST_F(GatewayKasa, WithoutPermissionNothingIsSwitchedAndTheRefusalNamesTheLineToAdd) {
  file.allow = "\"charging\"";
  start_site();
  const std::size_t from = tap->mark();

  publish("lamp/relay/set", "ON");

  EXPECT_TRUE(
      wait_event({"command_failed", "\"lamp\"", R"(add \"plugs\" to allow)", "[control]"}, from));
  EXPECT_TRUE(tap->wait(
      [&](const TapMessage& m) { return m.topic == topic("lamp/relay") && m.payload == "OFF"; },
      from))
      << "the switch must jump back";
  EXPECT_FALSE(was_on("lamp"));
  EXPECT_EQ(config_of("lamp")["cmps"]["relay"].value("p", ""), "binary_sensor");
  EXPECT_EQ(config_of("garage")["cmps"]["relay"].value("p", ""), "switch");
}

TEST_F(GatewayKasa, AChargerIsSwitchedOnBehindItsGuardAndOffByTheUser) {
  start_fast_site(kFast);

  ASSERT_TRUE(start_charge()) << gateway->log();

  const auto lines = lines_of("garage");
  EXPECT_LT(place(lines, "timer=armed seconds=1800 act=off"), place(lines, "relay=on"))
      << peers->said();
  EXPECT_TRUE(eventually([&] { return number("garage/guard_remaining") > 1500; }));
  EXPECT_LE(number("garage/guard_remaining"), 1800);
  ASSERT_TRUE(is("garage/charge_state", "charge_cc")) << gateway->log();
  const auto states = tap->payloads(topic("garage/charge_state"));
  EXPECT_TRUE(std::ranges::find(states, "probe") != states.end());
  const std::size_t before = peers->said().size();

  publish("garage/relay/set", "OFF");

  EXPECT_TRUE(peers->wait_for("kasa id=garage relay=off by=lan\n"));
  EXPECT_TRUE(is("garage/relay", "OFF"));
  EXPECT_TRUE(is("garage/charge_state", "paused"));
  EXPECT_TRUE(is("garage/guard_remaining", "None"));
  const auto after = lines_of("garage", before);
  EXPECT_LT(place(after, "timer=removed"), after.size()) << peers->said();
}

TEST_F(GatewayKasa, SettingsMadeOverMqttSurviveARestart) {
  start_site();
  const std::size_t from = tap->mark();

  publish("garage/charge_mode/set", "nominal");
  publish("garage/schedule_windows/set", "mon-fri 22:00-06:00");
  publish("garage/ready_by/set", "sun 07:30");

  EXPECT_TRUE(is("garage/charge_mode", "nominal"));
  EXPECT_TRUE(is("garage/schedule_windows", "mon-fri 22:00-06:00"));
  EXPECT_TRUE(is("garage/ready_by", "sun 07:30"));
  publish("garage/schedule_windows/set", "mon-fri 22:00-26:00");
  EXPECT_TRUE(wait_event({"command_failed", "\"garage\"", "there is no time 26:00"}, from))
      << gateway->log();
  const Json answer = command(topic("garage/ready_by/set"), "someday 07:30");
  EXPECT_EQ(answer.value("status", ""), "error");
  EXPECT_NE(answer.value("error", "").find("\"someday\" is no day of the week"), std::string::npos)
      << answer;

  ASSERT_EQ(stop_gateway(), 0) << gateway->log();
  const std::size_t later = tap->mark();
  ASSERT_TRUE(run_again()) << gateway->log();

  const auto again = [&](const char* key, const std::string& payload) {
    return tap
        ->wait([&](const TapMessage& m) { return m.topic == topic(key) && m.payload == payload; },
               later)
        .has_value();
  };
  EXPECT_TRUE(again("garage/charge_mode", "nominal")) << gateway->log();
  EXPECT_TRUE(again("garage/schedule_windows", "mon-fri 22:00-06:00"));
  EXPECT_TRUE(again("garage/ready_by", "sun 07:30"));
}

TEST_F(GatewayKasa, AStoppedChargeIsToldAndInTheExport) {
  start_fast_site(kFast);
  ASSERT_TRUE(charge()) << gateway->log();
  ASSERT_TRUE(eventually([&] { return number("garage/session_energy") > 0; }));
  const std::size_t from = tap->mark();

  publish("garage/charge_stop/set", "PRESS");

  EXPECT_TRUE(wait_event({"charge_session_finished", "\"garage\"", "stopped by the user"}, from))
      << gateway->log();
  EXPECT_TRUE(is("garage/charge_state", "off"));
  EXPECT_TRUE(peers->wait_for("kasa id=garage relay=off by=lan\n"));
  const std::string csv = exported();
  EXPECT_EQ(std::ranges::count(csv, '\n'), 2) << csv;
  EXPECT_NE(csv.find("1,garage_charger,garage,,"), std::string::npos) << csv;
  EXPECT_NE(csv.find("manual"), std::string::npos) << csv;
  EXPECT_NE(csv.find("stopped by the user"), std::string::npos) << csv;
  const Json curve = command(topic("bridge/request/export"), R"({"what":"curve","session":1})");
  EXPECT_NE(curve.dump().find("t_s,power_w"), std::string::npos) << curve;
}

TEST_F(GatewayKasa, SocketsOfAStripAreSwitchedOneByOne) {
  start_site();

  publish("strip_socket2/relay/set", "ON");

  EXPECT_TRUE(peers->wait_for("kasa id=strip socket=2 relay=on by=lan\n")) << gateway->log();
  EXPECT_TRUE(is("strip_socket2/relay", "ON"));
  EXPECT_TRUE(eventually([&] { return std::abs(number("strip_socket2/power") - 25) < 2; }));
  publish("strip_socket3/relay/set", "ON");
  EXPECT_TRUE(is("strip_socket3/relay", "ON"));
  publish("strip_socket2/relay/set", "OFF");
  EXPECT_TRUE(is("strip_socket2/relay", "OFF"));
  EXPECT_EQ(tap->last(topic("strip_socket1/relay")), "OFF");
  EXPECT_EQ(tap->last(topic("strip_socket3/relay")), "ON");
  EXPECT_EQ(config_of("strip_socket2")["dev"].value("via_device", ""), "battery2mqtt_strip");
}

TEST_F(GatewayKasa, HomeAssistantCanUseEverythingThatIsSaidOfPlugsAndACharger) {
  start_site();
  ASSERT_TRUE(start_charge()) << gateway->log();
  publish("garage/schedule_windows/set", "sat,sun 00:00-24:00");
  ASSERT_TRUE(is("garage/schedule_windows", "sat,sun 00:00-24:00"));
  publish("garage/charge_stop/set", "PRESS");
  ASSERT_TRUE(is("garage/charge_state", "off"));
  ASSERT_TRUE(config_of("garage")["cmps"].contains("charge_state"));
  ASSERT_TRUE(config_of("lamp")["cmps"].contains("relay"));
  ASSERT_TRUE(config_of("strip_socket3")["cmps"].contains("relay"));

  const Ran checked = run_other({"python3", B2M_SOURCE_DIR "/tests/support/ha_check.py", "--topics",
                                 tap->write_capture(folder / "capture")});

  EXPECT_EQ(checked.status, 0) << checked.output << checked.log;
}

TEST_F(GatewayKasa, ALimitedChargeWaitsForAPriceAndSaysSo) {
  charger_lines =
      "mode = \"nominal\"\nschedule = true\nprice_topic = \"tariff/now\"\nprice_limit = 0.2\n"
      "price_limited = true\n";
  start_site();

  EXPECT_TRUE(is("garage/charge_state", "off"));
  EXPECT_TRUE(is("garage/charge_reason", "the price is not known"))
      << tap->last(topic("garage/charge_reason")).value_or("");
  tap->publish("tariff/now", "0.35");
  EXPECT_TRUE(is("garage/charge_reason", "the price of 0.35 is above the limit of 0.2"))
      << tap->last(topic("garage/charge_reason")).value_or("");
  tap->publish("tariff/now", "cheap");
  EXPECT_TRUE(is("garage/charge_reason", "the price is not known"));
  EXPECT_FALSE(was_on("garage"));

  tap->publish("tariff/now", "0.15");

  EXPECT_TRUE(peers->wait_for("kasa id=garage relay=on by=lan\n", 20s)) << gateway->log();
}

/// The demo, as anybody may start it: a whole charge.
TEST(GatewayDemo, TheChargerInTheGarageGoesThroughAWholeCharge) {
  const Broker broker;
  MqttTap tap({broker.url(), "", "", "battery2mqtt/#"});
  const GatewayProcess demo({"demo", "--broker", broker.url(), "--speed", "120"});
  ASSERT_TRUE(tap.wait_state("battery2mqtt/garage/relay", "OFF", 20s)) << demo.log();

  tap.publish("battery2mqtt/garage/charge_start/set", "PRESS");

  const auto finished =
      tap.wait_event("battery2mqtt", {"charge_session_finished", "\"garage\"", "full"}, 0, 110s);
  EXPECT_TRUE(finished) << demo.log();
  EXPECT_TRUE(tap.wait_state("battery2mqtt/garage/charge_state", "done"));
  EXPECT_TRUE(tap.wait_state("battery2mqtt/garage/relay", "OFF"));
  // On a busy machine a quarter of a second is half a minute of silence: other states may lie
  // between.
  const std::vector<std::string> course{"off",       "probe",   "charge_cc",
                                        "charge_cv", "balance", "done"};
  auto next = course.begin();
  for (const std::string& state : tap.payloads("battery2mqtt/garage/charge_state"))
    if (next != course.end() && state == *next) ++next;
  EXPECT_EQ(next, course.end()) << "not all of the states, in this order";
}

}  // namespace
}  // namespace b2m::test

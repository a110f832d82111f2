// SPDX-License-Identifier: MIT
// Everything wrong that can be sent to the gateway: each is refused with a clear word, and nothing
// changes.
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/support/gateway_rig.hpp"

namespace b2m::test {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

constexpr std::size_t kMebibyte = 1U << 20;

class GatewayCommands : public GatewayRig {
 protected:
  void expect_refused(const std::string& to, const std::string& payload,
                      const std::string& reason) {
    const Json answer = command(to, payload);
    EXPECT_EQ(answer.value("status", ""), "error") << to << ": " << payload.substr(0, 40);
    EXPECT_NE(answer.dump().find(reason), std::string::npos) << to << ": " << answer;
  }
  void expect_nothing_has_changed() {
    EXPECT_FALSE(was_charged());
    EXPECT_EQ(tap->last(topic("pack1/charging")), "OFF");
    EXPECT_EQ(tap->last(topic("pack2/charging")), "OFF");
    EXPECT_EQ(tap->last(topic("bridge/log_level")), "info");
    EXPECT_EQ(tap->payloads(topic("bridge/started")).empty(), false);
    EXPECT_EQ(command(topic("bridge/request/config_check"), "").value("status", ""), "ok");
  }
  void expect_commands_work() {
    EXPECT_TRUE(eventually([&] {
      return command(topic("pack1/charging/set"), "ON").value("status", "") == "ok";
    })) << gateway->log();
    EXPECT_TRUE(charging_is(1, "ON"));
  }
};

TEST_F(GatewayCommands, RubbishOnASwitchIsRefusedWithTheReason) {
  start_all();
  ASSERT_TRUE(charging_is(1, "OFF"));
  ASSERT_TRUE(charging_is(2, "OFF"));
  const std::string at = topic("pack1/charging/set");
  const std::size_t from = tap->mark();

  expect_refused(at, "", "empty");
  expect_refused(at, std::string(kMebibyte, 'x'), "large");
  expect_refused(at, "\xff\xfe\x80", "UTF-8");
  expect_refused(at, "maybe", "neither ON nor OFF");
  expect_refused(at, "1", "neither ON nor OFF");
  expect_refused(at, std::string(2000, ' '), "2000 bytes");
  expect_refused(at, "{\"value\":42}", "number");
  expect_refused(at, "{\"value\":[[[[[[[[[[1]]]]]]]]]]}", "JSON");
  expect_refused(at, "{\"value\":\"ON\",\"more\":1}", "may hold only");
  expect_refused(at, "{\"value\":\"ON\"", "JSON");
  expect_refused(at, "{\"value\":\"ON\",\"expires_at\":\"soon\"}", "expires_at");

  EXPECT_TRUE(tap->wait_event(file.id, {"command_failed", "pack1", "charging"}, from));
  expect_nothing_has_changed();
  expect_commands_work();
}

TEST_F(GatewayCommands, RubbishOnTheTopicOfADeviceIsRefusedWithTheReason) {
  start_all();
  ASSERT_TRUE(charging_is(1, "OFF"));
  ASSERT_TRUE(charging_is(2, "OFF"));
  const std::string at = topic("pack1/set");
  const std::size_t from = tap->mark();

  expect_refused(at, "", "empty");
  expect_refused(at, std::string(kMebibyte, '{'), "large");
  expect_refused(at, "\xc3\x28", "UTF-8");
  expect_refused(at, "ON", "JSON object");
  expect_refused(at, "[]", "JSON object");
  expect_refused(at, "{}", "names no key");
  expect_refused(at, "{\"charging\":\"perhaps\"}", "neither ON nor OFF");
  expect_refused(at, "{\"charging\":\"ON\",\"chraging\":\"ON\"}", "no key");
  expect_refused(at, "{\"charging\":\"ON\",\"voltage\":12}", "takes no commands");

  EXPECT_TRUE(tap->wait_event(file.id, {"command_failed", "pack1"}, from));
  expect_nothing_has_changed();
}

TEST_F(GatewayCommands, RubbishForTheGatewayItselfIsRefusedWithTheReason) {
  start_all();
  ASSERT_TRUE(charging_is(1, "OFF"));
  ASSERT_TRUE(charging_is(2, "OFF"));
  const std::size_t from = tap->mark();

  for (const char* key : {"log_level", "restart", "rediscover"}) {
    const std::string at = topic(fmt::format("bridge/{}/set", key));
    expect_refused(at, "", "empty");
    expect_refused(at, std::string(kMebibyte, 'x'), "large");
    expect_refused(at, "\xff", "UTF-8");
    expect_refused(at, "42", key);
    expect_refused(at, "{\"value\":7}", key);
  }
  expect_refused(topic("bridge/set"), "{\"version\":\"9\"}", "takes no commands");
  expect_refused(topic("bridge/version/set"), "9", "read-only");

  EXPECT_TRUE(tap->wait_event(file.id, {"command_failed", "bridge", "log_level"}, from));
  expect_nothing_has_changed();
}

TEST_F(GatewayCommands, UnknownDevicesAndKeysAreNamedInTheRefusal) {
  start_all();
  ASSERT_TRUE(charging_is(1, "OFF"));
  ASSERT_TRUE(charging_is(2, "OFF"));
  const std::size_t from = tap->mark();

  expect_refused(topic("pack9/charging/set"), "ON", "pack9");
  expect_refused(topic("pack9/set"), "{\"charging\":\"ON\"}", "pack9");
  expect_refused(topic("pack1/turbo/set"), "ON", "turbo");
  expect_refused(topic("pack1/voltage/set"), "12", "voltage");
  expect_refused(topic("pack1/\xc3\xa4/set"), "12", "\xc3\xa4");

  EXPECT_TRUE(tap->wait_event(file.id, {"command_failed", "pack9"}, from));
  expect_nothing_has_changed();
}

TEST_F(GatewayCommands, RequestsAreAnsweredAndUnknownOnesNameTheKnown) {
  start_all();
  ASSERT_TRUE(charging_is(1, "OFF"));
  ASSERT_TRUE(charging_is(2, "OFF"));
  const std::size_t from = tap->mark();

  expect_refused(topic("bridge/request/explode"), "", "requests are restart");
  expect_refused(topic("bridge/request/log_level"), "{", "expected");
  expect_refused(topic("bridge/request/log_level"), "{\"value\":\"loud\"}", "expected");
  expect_refused(topic("bridge/request/log_level"), "{\"value\":null}", "expected");
  expect_refused(topic("bridge/request/log_level"), "\xff\xfe", "expected");
  expect_refused(topic("bridge/request/rescan"), "{}", "hardware");
  const Json checked = command(topic("bridge/request/config_check"), "{\"transaction\":\"t7\"}");

  EXPECT_EQ(checked["status"], "ok");
  EXPECT_EQ(checked["transaction"], "t7");
  const auto public_answer = tap->wait(
      [&](const TapMessage& m) { return m.topic == topic("bridge/response/config_check"); }, from);
  ASSERT_TRUE(public_answer);
  EXPECT_FALSE(public_answer->retained);
  EXPECT_EQ(Json::parse(public_answer->payload)["transaction"], "t7");
  EXPECT_TRUE(tap->wait_event(file.id, {"command_failed", "explode"}, from));
  expect_nothing_has_changed();
}

TEST_F(GatewayCommands, ARequestOfAMebibyteIsRefused) {
  start_all();
  ASSERT_TRUE(charging_is(1, "OFF"));
  ASSERT_TRUE(charging_is(2, "OFF"));

  for (const char* verb : {"log_level", "config_check", "rediscover", "restart"})
    expect_refused(topic(fmt::format("bridge/request/{}", verb)), std::string(kMebibyte, '['),
                   "too large");

  expect_nothing_has_changed();
}

TEST_F(GatewayCommands, ARetainedCommandIsIgnoredWithAnEventThatSaysSo) {
  start_tap();
  TapPublish retained;
  retained.retain = true;
  tap->publish(topic("pack1/charging/set"), "ON", retained);
  tap->publish(topic("bridge/request/restart"), "", retained);

  start_all();

  EXPECT_TRUE(
      tap->wait_event(file.id, {"command_failed", "retained commands are ignored", "charging"}))
      << gateway->log();
  EXPECT_TRUE(charging_is(1, "OFF"));
  EXPECT_FALSE(was_charged());
  expect_commands_work();
}

TEST_F(GatewayCommands, AnExpiredCommandIsRefusedAndAFreshOneObeyed) {
  start_all();
  ASSERT_TRUE(charging_is(1, "OFF"));
  const std::string at = topic("pack1/charging/set");

  expect_refused(at, R"({"value":"ON","expires_at":"2020-01-01T00:00:00Z"})", "expired");
  expect_refused(at, R"({"value":"ON","expires_at":1577836800})", "expired");
  EXPECT_FALSE(was_charged());

  const Json obeyed = command(at, R"({"value":"ON","expires_at":"2199-01-01T00:00:00Z"})");
  EXPECT_EQ(obeyed["status"], "ok") << obeyed;
  EXPECT_TRUE(charging_is(1, "ON"));
}

TEST_F(GatewayCommands, AnAnswerCarriesTheCorrelationOfItsCommand) {
  start_all();
  ASSERT_TRUE(charging_is(1, "OFF"));
  TapPublish how;
  how.response_topic = "my/answers";
  how.correlation = std::string("\x01\x00\xfe", 3);

  tap->publish(topic("pack1/charging/set"), "ON", how);

  const auto answer = tap->wait([](const TapMessage& m) { return m.topic == "my/answers"; });
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->correlation, how.correlation);
  EXPECT_EQ(Json::parse(answer->payload)["status"], "ok");
  EXPECT_FALSE(answer->retained);
}

TEST_F(GatewayCommands, AResponseTopicAmongOurOwnIsIgnored) {
  start_all();
  ASSERT_TRUE(charging_is(1, "OFF"));
  const std::size_t from = tap->mark();
  for (const std::string below :
       {"pack2/charging/set", "bridge/state", "pack1/availability", "bridge/request/restart"}) {
    TapPublish how;
    how.response_topic = topic(below);
    tap->publish(topic("pack1/charging/set"), "OFF", how);
  }
  ASSERT_EQ(command(topic("pack1/charging/set"), "OFF")["status"], "ok");

  for (const TapMessage& m : tap->all(from)) {
    const bool is_answer = m.payload.find("\"transaction\"") != std::string::npos;
    EXPECT_TRUE(!is_answer || m.topic.starts_with("answers/")) << m.topic << ": " << m.payload;
  }
}

TEST_F(GatewayCommands, TenThousandCommandsASecondAreLimitedAndHarmNothing) {
  start_all();
  ASSERT_TRUE(charging_is(1, "OFF"));
  const std::size_t before_kib = gateway->resident_kib();
  std::ofstream lines(folder / "lines");
  for (int i = 0; i < 10'000; ++i) lines << "OFF\n";
  lines.close();
  const std::size_t from = tap->mark();

  const Ran flood = run_other({"sh", "-c",
                               fmt::format("mosquitto_pub -p {} -t {} -l < {}", broker->port(),
                                           topic("pack1/charging/set"), folder / "lines")});

  ASSERT_EQ(flood.status, 0) << flood.log;
  EXPECT_TRUE(tap->wait_event(file.id, {"command_failed", "too many commands"}, from));
  const Json health = wait_health([](const Json& h) {
    return h["refused_commands"].get<int>() + h["mqtt"]["received_dropped"].get<int>() > 9'000;
  });
  EXPECT_TRUE(health.is_object()) << "refused and dropped ones are counted";
  EXPECT_LT(gateway->resident_kib(), before_kib + 8 * 1024);
  EXPECT_LT(tap->payloads(topic("bridge/event"), from).size(), 200U);
  expect_commands_work();
}

TEST_F(GatewayCommands, RetainedRubbishOnOurOwnTopicsIsReplaced) {
  start_tap();
  TapPublish retained;
  retained.retain = true;
  const std::string config = "homeassistant/device/battery2mqtt_pack1/config";
  for (const std::string below :
       {"pack1/cell_01_voltage", "pack1/availability", "pack1/charging", "pack1", "bridge/info",
        "bridge/state", "bridge/devices", "bridge/log_level"})
    tap->publish(topic(below), "rubbish\xf0\x9f\x92\xa9{[", retained);
  tap->publish(config, "\xff\xfe{\"cmps\":", retained);
  tap->publish("homeassistant/device/battery2mqtt_gone/config", "[1,2", retained);

  start_all();

  EXPECT_TRUE(tap->wait_event(file.id, {"discovery_foreign", "pack1"})) << gateway->log();
  EXPECT_TRUE(json_at(config).is_object());
  EXPECT_TRUE(json_at(topic("bridge/info")).is_object());
  EXPECT_TRUE(tap->wait_state(topic("bridge/state"), "online"));
  EXPECT_TRUE(tap->wait_state(topic("bridge/log_level"), "info"));
  EXPECT_TRUE(charging_is(1, "OFF"));
  EXPECT_TRUE(tap->wait([&](const TapMessage& m) {
    return m.topic == topic("pack1") && m.payload.starts_with("{\"");
  }));
}

TEST_F(GatewayCommands, RubbishOnADiscoveryTopicWhileRunningIsReplaced) {
  start_all();
  TapPublish retained;
  retained.retain = true;
  const std::string config = "homeassistant/device/battery2mqtt_pack1/config";
  const std::string good = tap->last(config).value_or("");
  const std::size_t from = tap->mark();

  tap->publish(config, R"({"dev":{"ids":["x"]}})", retained);

  EXPECT_TRUE(tap->wait_event(file.id, {"discovery_foreign", "pack1"}, from));
  EXPECT_TRUE(tap->wait_state(config, good));
}

}  // namespace
}  // namespace b2m::test

// SPDX-License-Identifier: MIT
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/kasa/smart_protocol.hpp"
#include "adapters/kasa/wire_text.hpp"

namespace b2m::kasa {
namespace {

using testing::HasSubstr;

TEST(KasaSmartProtocol, BuildsTheRequestsAsOnTheWire) {
  EXPECT_EQ(smart::request(smart::set_relay(false), 1700000000123),
            R"({"method":"set_device_info","params":{"device_on":false},)"
            R"("request_time_milis":1700000000123})");
  EXPECT_EQ(smart::add_timer(1801).params,
            R"({"delay":1801,"desired_states":{"on":false},"enable":true,"remain":1801})");
  EXPECT_EQ(smart::edit_timer("C1", 61).params,
            R"({"id":"C1","delay":61,"desired_states":{"on":false},"enable":true,"remain":61})");
  EXPECT_EQ(smart::to_child("S1", smart::set_relay(true)).params,
            R"({"device_id":"S1","requestData":{"method":"set_device_info",)"
            R"("params":{"device_on":true}}})");
  EXPECT_EQ(smart::set_nickname("Büro").params, R"({"nickname":"QsO8cm8="})");
  EXPECT_EQ(smart::set_auto_off(780).params, R"({"enable":true,"delay_min":780})");
}

TEST(KasaSmartProtocol, PutsSeveralCallsIntoOne) {
  std::vector<smart::Call> calls = {{"component_nego", ""}, smart::set_relay(true)};

  EXPECT_EQ(smart::batch(calls).params,
            R"({"requests":[{"method":"component_nego"},)"
            R"({"method":"set_device_info","params":{"device_on":true}}]})");
}

TEST(KasaSmartProtocol, Base64GoesThereAndBack) {
  for (const char* text : {"", "a", "ab", "abc", "abcd", "#MASKED_NAME#", "Büro ⚡"})
    EXPECT_EQ(from_base64(to_base64(text)), text);
  EXPECT_EQ(to_base64("#MASKED_NAME#"), "I01BU0tFRF9OQU1FIw==");
  for (const char* wrong : {"abc", "ab=c", "====", "a===", "ab c", "\xFF\xFF\xFF\xFF"})
    EXPECT_FALSE(from_base64(wrong).has_value()) << wrong;
}

TEST(KasaSmartProtocol, SaysWhatTheDeviceRefusedAndWhy) {
  const auto unknown = smart::parse_result(R"({"error_code":-1002})", "get_emeter_data");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Errc::not_supported);
  EXPECT_THAT(unknown.error().text(), HasSubstr("get_emeter_data"));
  EXPECT_EQ(smart::parse_result(R"({"error_code":9999})", "x").error().code, Errc::disconnected);
  EXPECT_EQ(smart::parse_result(R"({"error_code":-1501})", "x").error().code, Errc::not_allowed);
  EXPECT_EQ(smart::parse_result(R"({"error_code":-1905})", "x").error().code, Errc::refused);
  EXPECT_THAT(smart::parse_result(R"({"error_code":-77})", "x").error().text(), HasSubstr("-77"));
}

TEST(KasaSmartProtocol, WithoutAnErrorCodeThereIsNoYes) {
  EXPECT_EQ(*smart::parse_result(R"({"error_code":0})", "set_device_info"), "{}");
  for (const char* text : {"{}", "[]", "null", "7", R"({"result":{}})", R"({"error_code":"0"})"})
    EXPECT_EQ(smart::parse_result(text, "set_device_info").error().code, Errc::malformed) << text;
}

TEST(KasaSmartProtocol, HearsAChildThatSaysNoThroughAStripThatSaysYes) {
  EXPECT_TRUE(smart::parse_child_result(R"({"responseData":{"error_code":0}})", "x"));
  EXPECT_EQ(smart::parse_child_result(R"({"responseData":{"error_code":-1002}})", "x").error().code,
            Errc::not_supported);
  EXPECT_FALSE(smart::parse_child_result("{}", "x"));
}

TEST(KasaSmartProtocol, KnowsBothWaysToSayTooHotAndTooMuch) {
  const auto state = [](const std::string& fields) {
    return *smart::parse_info(R"({"device_id":"1","type":"SMART.KASAPLUG",)" + fields + "}");
  };

  EXPECT_EQ(state(R"("overheated":true)").is_overheated, true);
  EXPECT_EQ(state(R"("overheat_status":"cool_down")").is_overheated, true);
  EXPECT_EQ(state(R"("overheat_status":"normal")").is_overheated, false);
  EXPECT_EQ(state(R"("overheated":1.5)").is_overheated, std::nullopt);
  EXPECT_EQ(state(R"("power_protection_status":"overloaded","overcurrent_status":"normal")")
                .is_overloaded,
            true);
  EXPECT_EQ(state(R"("overcurrent_status":"normal")").is_overloaded, false);
  EXPECT_EQ(state(R"("device_on":"yes")").sockets.at(0).is_on, std::nullopt);
}

TEST(KasaSmartProtocol, WhatIsNoPlugIsNotSupported) {
  EXPECT_EQ(smart::parse_info(R"({"device_id":"1","type":"SMART.TAPOBULB"})").error().code,
            Errc::not_supported);
  EXPECT_EQ(smart::parse_info("{}").error().code, Errc::malformed);
}

TEST(KasaSmartProtocol, TakesTheFinestPowerThereIs) {
  MeterState meter;
  smart::add_emeter(R"({"power_mw":1003,"voltage_mv":121215,"current_ma":33})", meter);
  smart::add_usage(R"({"current_power":2000,"today_energy":20})", meter);
  smart::add_current_power(R"({"current_power":9})", meter);
  EXPECT_DOUBLE_EQ(*meter.power_w, 1.003);
  EXPECT_DOUBLE_EQ(*meter.voltage_v, 121.215);
  EXPECT_DOUBLE_EQ(*meter.counter_kwh, 0.02);

  MeterState coarse;
  smart::add_emeter(R"({"power_mw":"much"})", coarse);
  smart::add_current_power(R"({"current_power":9})", coarse);
  EXPECT_DOUBLE_EQ(*coarse.power_w, 9);
  EXPECT_FALSE(coarse.counter_kwh);
}

TEST(KasaSmartProtocol, TellsOursFromAnAppsTimerByTheOddSecond) {
  EXPECT_EQ(smart::marked_delay(1800), 1801);
  EXPECT_EQ(smart::marked_delay(1795), 1795);
  const auto rules = smart::parse_timers(
      R"({"rule_list":[{"id":"C1","delay":1801,"desired_states":{"on":false},"enable":true,)"
      R"("remain":1700},{"id":"C2","delay":300,"desired_states":{"on":true},"enable":false},)"
      R"({"delay":1e300,"desired_states":{"on":false}},5]})");

  ASSERT_TRUE(rules);
  EXPECT_TRUE(rules->at(0).is_ours);
  EXPECT_FALSE(rules->at(1).is_ours);
  EXPECT_EQ(rules->at(1).ends_on, true);
  EXPECT_FALSE(rules->at(2).is_ours);
}

TEST(KasaSmartProtocol, SortsTheSocketsOfAStripByPosition) {
  const auto page = smart::parse_children(
      R"({"child_device_list":[{"device_id":"B","position":2,"overheat_status":"overheated"},)"
      R"({"device_id":"A","position":1,"overheat_status":"normal"}],"sum":2})");
  ASSERT_TRUE(page);
  DeviceState state;

  ASSERT_TRUE(smart::add_children(state, page->children, 2));

  EXPECT_EQ(state.sockets.at(0).id, "A");
  EXPECT_EQ(state.sockets.at(1).id, "B");
  EXPECT_EQ(state.is_overheated, true);
  EXPECT_FALSE(smart::add_children(state, page->children, 3));
}

TEST(KasaSmartProtocol, ChangesOnlyTheRuleOfTheLed) {
  const std::string info =
      R"({"led_rule":"night_mode","led_status":false,"night_mode":{"start_time":1140}})";

  EXPECT_EQ(smart::set_led(info, true).method, "");
  EXPECT_EQ(smart::set_led(info, false).params,
            R"({"led_rule":"never","night_mode":{"start_time":1140}})");
}

TEST(KasaSmartProtocol, NoGarbageCrashesAParser) {
  const std::string deep(100000, '[');
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"), std::string("{"), deep,
        std::string("\xFF"), std::string(R"({"rule_list":{},"responses":1})"),
        std::string(R"({"component_list":"x","child_device_list":null,"device_id":5})"),
        std::string(R"({"child_component_list":7,"enable":"x","error_code":[]})")}) {
    EXPECT_FALSE(smart::parse_result(text, "x"));
    EXPECT_FALSE(smart::parse_child_result(text, "x"));
    EXPECT_FALSE(smart::parse_batch(text));
    EXPECT_FALSE(smart::parse_components(text));
    EXPECT_FALSE(smart::parse_children(text));
    EXPECT_FALSE(smart::parse_child_components(text));
    EXPECT_FALSE(smart::parse_info(text));
    EXPECT_FALSE(smart::parse_timers(text));
    EXPECT_FALSE(smart::parse_auto_off(text));
    EXPECT_FALSE(smart::parse_led(text));
    EXPECT_FALSE(smart::parse_auto_off_left(text));
    EXPECT_EQ(smart::count_away_rules(text), 0);
    EXPECT_FALSE(smart::says_auto_update(text));
    MeterState meter;
    smart::add_emeter(text, meter);
    smart::add_usage(text, meter);
    EXPECT_FALSE(meter.power_w);
  }
}

TEST(KasaSmartProtocol, AReplyNestedWithoutEndIsRefused) {
  const auto nested = [](std::size_t levels, const std::string& core) {
    return R"({"error_code":0,"result":)" + std::string(levels, '[') + core +
           std::string(levels, ']') + "}";
  };

  const auto result = smart::parse_result(nested(32'000, ""), "get_device_info");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::malformed);

  const std::string brackets = '"' + std::string(100, '[') + R"(\"[\\")";
  EXPECT_TRUE(smart::parse_result(nested(20, brackets), "get_device_info"));
}

}  // namespace
}  // namespace b2m::kasa

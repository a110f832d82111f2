// SPDX-License-Identifier: MIT
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/kasa/iot_protocol.hpp"
#include "adapters/kasa/wire_text.hpp"

namespace b2m::kasa {
namespace {

using testing::HasSubstr;

std::string sysinfo(const std::string& fields) {
  return R"({"system":{"get_sysinfo":{"err_code":0,"relay_state":1,)" + fields + "}}}";
}

TEST(KasaIotProtocol, BuildsTheRequestsAsOnTheWire) {
  EXPECT_EQ(iot::request({}, iot::kSysinfo), R"({"system":{"get_sysinfo":{}}})");
  EXPECT_EQ(iot::relay_request({}, true), R"({"system":{"set_relay_state":{"state":1}}})");
  EXPECT_EQ(iot::relay_request("AB01", false),
            R"({"context":{"child_ids":["AB01"]},"system":{"set_relay_state":{"state":0}}})");
  EXPECT_EQ(iot::led_request(false), R"({"system":{"set_led_off":{"off":1}}})");
  EXPECT_EQ(iot::alias_request({}, "a\"b"), R"({"system":{"set_dev_alias":{"alias":"a\"b"}}})");
  EXPECT_EQ(iot::reboot_request(), R"({"system":{"reboot":{"delay":1}}})");
  EXPECT_EQ(iot::add_timer_request({}, 1800),
            R"({"count_down":{"add_rule":{"enable":1,"delay":1800,"act":0,)"
            R"("name":"battery2mqtt"}}})");
  EXPECT_EQ(iot::edit_timer_request("AB01", "F00", 60),
            R"({"context":{"child_ids":["AB01"]},"count_down":{"edit_rule":{"id":"F00",)"
            R"("enable":1,"delay":60,"act":0,"name":"battery2mqtt"}}})");
}

TEST(KasaIotProtocol, DeletesBeforeItAddsSoThatTheSlotIsFree) {
  const auto request = iot::replace_timer_request({}, "F00", 60);

  EXPECT_LT(request.find("delete_rule"), request.find("add_rule"));
}

TEST(KasaIotProtocol, ReadsBothFormsOfTheMeter) {
  const auto milli = iot::parse_realtime(
      R"({"emeter":{"get_realtime":{"voltage_mv":230577,"current_ma":296,"power_mw":63499,)"
      R"("total_wh":12068,"err_code":0}}})");
  ASSERT_TRUE(milli);
  EXPECT_DOUBLE_EQ(*milli->voltage_v, 230.577);
  EXPECT_DOUBLE_EQ(*milli->current_a, 0.296);
  EXPECT_DOUBLE_EQ(*milli->power_w, 63.499);
  EXPECT_DOUBLE_EQ(*milli->counter_kwh, 12.068);

  const auto plain = iot::parse_realtime(
      R"({"emeter":{"get_realtime":{"err_code":0,"power":0.928511,"total":55.139}}})");
  ASSERT_TRUE(plain);
  EXPECT_DOUBLE_EQ(*plain->power_w, 0.928511);
  EXPECT_DOUBLE_EQ(*plain->counter_kwh, 55.139);
  EXPECT_FALSE(plain->voltage_v);
  EXPECT_FALSE(plain->current_a);
}

TEST(KasaIotProtocol, AReadingOfTheWrongTypeIsMissingAndNotZero) {
  const auto meter = iot::parse_realtime(
      R"({"emeter":{"get_realtime":{"voltage_mv":"230","current_ma":null,"power_mw":[1],)"
      R"("total_wh":-5,"err_code":0}}})");

  ASSERT_TRUE(meter);
  EXPECT_FALSE(meter->voltage_v);
  EXPECT_FALSE(meter->current_a);
  EXPECT_FALSE(meter->power_w);
  EXPECT_FALSE(meter->counter_kwh);
}

TEST(KasaIotProtocol, ARelayIsOnlyOnOrOffByExactlyOneOrZero) {
  const auto relay = [](const std::string& value) {
    const auto state =
        iot::parse_sysinfo(R"({"system":{"get_sysinfo":{"relay_state":)" + value + "}}}");
    return state ? state->sockets.at(0).is_on : std::nullopt;
  };

  EXPECT_EQ(relay("1"), true);
  EXPECT_EQ(relay("0"), false);
  for (const char* wrong : {"2", "-1", "0.5", "\"1\"", "null", "{}", "1e300"})
    EXPECT_EQ(relay(wrong), std::nullopt) << wrong;
}

TEST(KasaIotProtocol, ErrorsOfModuleAndMethodBothCountAndSayWhatThePlugSaid) {
  const auto module =
      iot::parse_realtime(R"({"emeter":{"err_code":-1,"err_msg":"module not support"}})");
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().code, Errc::not_supported);
  EXPECT_THAT(module.error().text(), HasSubstr("module not support"));
  EXPECT_THAT(module.error().text(), HasSubstr("emeter.get_realtime"));

  const auto method = iot::parse_done(
      R"({"count_down":{"add_rule":{"err_code":-10,"err_msg":"table is full"}}})", iot::kAddTimer);
  ASSERT_FALSE(method);
  EXPECT_EQ(method.error().code, Errc::buffer_full);

  const auto unknown =
      iot::parse_done(R"({"system":{"set_relay_state":{"err_code":-4711}}})", iot::kSetRelay);
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().text(), HasSubstr("-4711"));
}

TEST(KasaIotProtocol, AnEmptyAnswerIsNoYes) {
  EXPECT_FALSE(iot::parse_done("{}", iot::kSetRelay));
  EXPECT_FALSE(iot::parse_done(R"({"system":{}})", iot::kSetRelay));
  EXPECT_FALSE(iot::parse_done(R"({"system":{"set_relay_state":null}})", iot::kSetRelay));
}

TEST(KasaIotProtocol, MakesShortenedSocketIdsWhole) {
  const std::string device_id(40, '8');
  const auto state =
      iot::parse_sysinfo(R"({"system":{"get_sysinfo":{"deviceId":")" + device_id +
                         R"(","child_num":2,"children":[{"id":"00","state":0},{"id":")" +
                         device_id + R"(01","state":1}]}}})");

  ASSERT_TRUE(state);
  EXPECT_EQ(state->sockets.at(0).id, device_id + "00");
  EXPECT_EQ(state->sockets.at(1).id, device_id + "01");
}

TEST(KasaIotProtocol, SocketsAreInTheOrderOfTheirNumbersWhateverTheListSays) {
  const auto state =
      iot::parse_sysinfo(R"({"system":{"get_sysinfo":{"child_num":3,"children":[)"
                         R"({"id":"8802","alias":"three"},{"id":"8800","alias":"one"},)"
                         R"({"id":"8801","alias":"two"}]}}})");

  ASSERT_TRUE(state);
  EXPECT_EQ(state->sockets.at(0).alias, "one");
  EXPECT_EQ(state->sockets.at(1).alias, "two");
  EXPECT_EQ(state->sockets.at(2).alias, "three");
}

TEST(KasaIotProtocol, AStripThatDoesNotListAllItsSocketsIsNotBelieved) {
  EXPECT_FALSE(iot::parse_sysinfo(sysinfo(R"("child_num":6,"children":[{"id":"00"}])")));
  EXPECT_FALSE(iot::parse_sysinfo(sysinfo(R"("child_num":6)")));
  EXPECT_FALSE(iot::parse_sysinfo(sysinfo(R"("child_num":6,"children":{})")));
}

TEST(KasaIotProtocol, WhatIsNoPlugIsNotSupported) {
  for (const auto& other :
       {sysinfo(R"("mic_type":"IOT.SMARTBULB")"),
        sysinfo(R"("type":"IOT.SMARTPLUGSWITCH","dev_name":"Wi-Fi Smart Dimmer")"),
        sysinfo(R"("type":"IOT.SMARTPLUGSWITCH","dev_name":"Smart Wi-Fi Light Switch")"),
        std::string(R"({"system":{"get_sysinfo":{"system":{"model":"KC100"},"err_code":0}}})")}) {
    const auto state = iot::parse_sysinfo(other);
    ASSERT_FALSE(state) << other;
    EXPECT_EQ(state.error().code, Errc::not_supported) << other;
  }
}

TEST(KasaIotProtocol, ANameCutWithinACharacterDoesNotHideThePlug) {
  const auto state = iot::parse_sysinfo(sysinfo("\"alias\":\"Gar\xC3\""));

  ASSERT_TRUE(state);
  EXPECT_EQ(state->alias, "Gar?");
}

TEST(KasaIotProtocol, AHotSensorIsReported) {
  EXPECT_EQ(iot::parse_sysinfo(sysinfo(R"("ntc_state":0)"))->is_overheated, false);
  EXPECT_EQ(iot::parse_sysinfo(sysinfo(R"("ntc_state":1)"))->is_overheated, true);
  EXPECT_EQ(iot::parse_sysinfo(sysinfo(R"("rssi":-40)"))->is_overheated, std::nullopt);
}

TEST(KasaIotProtocol, KnowsItsOwnTimerByName) {
  const auto rules = iot::parse_timers(
      R"({"count_down":{"get_rules":{"err_code":0,"rule_list":[)"
      R"({"id":"A","name":"battery2mqtt","enable":1,"delay":1800,"act":0,"remain":1712},)"
      R"({"id":"B","name":"app","enable":0,"act":1,"remain":"x"},7,null,[]]}}})");

  ASSERT_TRUE(rules);
  ASSERT_EQ(rules->size(), 5U);
  EXPECT_TRUE(rules->at(0).is_ours);
  EXPECT_EQ(rules->at(0).ends_on, false);
  EXPECT_EQ(rules->at(0).remaining_s, 1712);
  EXPECT_FALSE(rules->at(1).is_ours);
  EXPECT_EQ(rules->at(1).is_enabled, false);
  EXPECT_EQ(rules->at(1).remaining_s, std::nullopt);
}

TEST(KasaIotProtocol, CountsOnlyRulesThatAreInForceAndSwitchOn) {
  const auto schedules = [](const std::string& enable, const std::string& rules) {
    return *iot::count_rules(
        R"({"schedule":{"get_rules":{"err_code":0,)" + enable + R"("rule_list":[)" + rules + "]}}}",
        iot::kSchedule, false);
  };

  EXPECT_EQ(schedules(R"("enable":1,)", R"({"enable":1,"sact":1})"), 1);
  EXPECT_EQ(schedules("", R"({"enable":1,"sact":1})"), 1);
  EXPECT_EQ(schedules(R"("enable":0,)", R"({"enable":1,"sact":1})"), 0);
  EXPECT_EQ(schedules("", R"({"enable":0,"sact":1})"), 0);
  EXPECT_EQ(schedules("", R"({"enable":1,"sact":0,"eact":-1})"), 0);
}

TEST(KasaIotProtocol, NoGarbageCrashesAParser) {
  const std::string deep(100000, '[');
  const std::string objects = [] {
    std::string text;
    for (int i = 0; i < 20000; ++i) text += R"({"system":)";
    return text;
  }();
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"), std::string("1"),
        std::string("\"system\""), std::string("{"), std::string("\xFF\xFE"), std::string(3, '\0'),
        std::string("NaN"), std::string(R"({"system":{"get_sysinfo":{"rssi":NaN}}})"),
        std::string(R"({"system":[],"emeter":7,"count_down":"x"})"),
        std::string(R"({"system":{"get_sysinfo":[1]},"emeter":{"get_realtime":"x"}})"),
        std::string(R"({"count_down":{"get_rules":{"rule_list":{"a":1}}}})"), deep, objects}) {
    EXPECT_FALSE(iot::parse_sysinfo(text));
    EXPECT_FALSE(iot::parse_realtime(text));
    EXPECT_FALSE(iot::parse_timers(text));
    EXPECT_FALSE(iot::parse_done(text, iot::kSetRelay));
    EXPECT_FALSE(iot::count_rules(text, iot::kSchedule, true));
  }
}

TEST(KasaIotProtocol, ANumberBeyondAllBoundsIsMissing) {
  const auto state =
      iot::parse_sysinfo(sysinfo(R"("relay_state":1,"rssi":1e999,"on_time":-1e999)"));

  ASSERT_TRUE(state);
  EXPECT_FALSE(state->rssi_dbm);
  EXPECT_FALSE(state->sockets.at(0).on_time_s);
}

TEST(KasaIotProtocol, OfTwoEqualKeysOneCountsAndNothingBreaks) {
  const auto state = iot::parse_sysinfo(sysinfo(R"("relay_state":0,"rssi":-1,"rssi":"x")"));

  ASSERT_TRUE(state);
  EXPECT_EQ(state->sockets.at(0).is_on, false);
  EXPECT_FALSE(state->rssi_dbm);
}

TEST(KasaIotProtocol, CountsANamesCharactersAndNotItsBytes) {
  std::string name;
  for (int i = 0; i < 31; ++i) name += "ü";
  EXPECT_TRUE(check_alias(name));
  EXPECT_EQ(check_alias(name + "x").error().code, Errc::out_of_range);
  EXPECT_EQ(check_alias("").error().code, Errc::out_of_range);
  for (const char* broken : {"\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "a\x80"})
    EXPECT_EQ(check_alias(broken).error().code, Errc::malformed);
}

}  // namespace
}  // namespace b2m::kasa

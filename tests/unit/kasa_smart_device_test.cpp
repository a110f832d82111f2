// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/kasa/device.hpp"
#include "tests/support/recorded_plug.hpp"
#include "tests/support/running.hpp"
#include "tests/support/scripted_plug_link.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::kasa {
namespace {

using test::finish;
using test::RecordedSmartPlug;
using test::ScriptedPlugLink;
using test::VirtualClock;
using testing::HasSubstr;
using Json = nlohmann::json;

Json components(const std::vector<std::string>& names) {
  Json list = Json::array();
  for (const auto& name : names) list.push_back({{"id", name}, {"ver_code", 1}});
  return {{"component_list", list}};
}

Json info(const std::string& id, bool on) {
  return {{"device_id", id}, {"type", "SMART.KASAPLUG"}, {"model", "KP125M"}, {"device_on", on}};
}

Json plug(const std::vector<std::string>& names) {
  return {{"component_nego", components(names)}, {"get_device_info", info("D1", false)}};
}

Json strip() {
  auto device = plug({"control_child", "led", "energy_monitoring"});
  device["get_led_info"] = {{"led_rule", "always"}};
  auto second = info("S2", true);
  second["position"] = 2;
  auto first = info("S1", false);
  first["position"] = 1;
  device["get_child_device_list"] = {{"child_device_list", {second, first}}, {"sum", 2}};
  device["child_devices"]["S1"]["get_energy_usage"] = {{"current_power", 1000}};
  device["child_devices"]["S2"]["get_energy_usage"] = {{"current_power", 2000}};
  return device;
}

/// A device that answers as recorded.
struct Answering {
  VirtualClock clock;
  RecordedSmartPlug* link;
  std::unique_ptr<Device> device;

  explicit Answering(Json recording)
      : link(new RecordedSmartPlug(std::move(recording))),
        device(make_smart_device(std::unique_ptr<PlugLink>(link), clock)) {}
  template <class T>
  Result<T> get(Awaitable<Result<T>> work) {
    return finish(clock, std::move(work));
  }
  [[nodiscard]] auto asked(const std::string& method) const {
    return std::count(link->methods.begin(), link->methods.end(), method);
  }
};

/// A device of which each request is scripted.
struct Scripted {
  VirtualClock clock;
  ScriptedPlugLink* link = new ScriptedPlugLink;
  std::unique_ptr<Device> device = make_smart_device(std::unique_ptr<PlugLink>(link), clock);

  explicit Scripted(const std::vector<std::string>& names) {
    Json responses = Json::array();
    responses.push_back(
        {{"method", "component_nego"}, {"error_code", 0}, {"result", components(names)}});
    responses.push_back(
        {{"method", "get_device_info"}, {"error_code", 0}, {"result", info("D1", false)}});
    link->on("multipleRequest",
             Json({{"error_code", 0}, {"result", {{"responses", responses}}}}).dump());
    EXPECT_TRUE(get(device->identify(kNoDeadline)));
  }
  template <class T>
  Result<T> get(Awaitable<Result<T>> work) {
    return finish(clock, std::move(work));
  }
};

const char* const kYes = R"({"error_code":0})";

std::string timers(const std::string& list) {
  return R"({"error_code":0,"result":{"rule_list":[)" + list + "]}}";
}
std::string timer(int delay, int remain, bool enable = true, bool on = false) {
  return Json({{"id", "C1"},
               {"delay", delay},
               {"remain", remain},
               {"enable", enable},
               {"desired_states", {{"on", on}}}})
      .dump();
}

TEST(KasaSmartDevice, AnUnknownMethodIsAskedForOnce) {
  auto device = plug({"energy_monitoring"});
  device["get_energy_usage"] = {{"current_power", 17654}, {"today_energy", 513}};
  Answering f(device);

  for (int i = 0; i < 3; ++i) {
    const auto meter = f.get(f.device->read_meter(0, kNoDeadline));
    ASSERT_TRUE(meter);
    EXPECT_DOUBLE_EQ(*meter->power_w, 17.654);
    EXPECT_DOUBLE_EQ(*meter->counter_kwh, 0.513);
  }

  EXPECT_EQ(f.asked("get_emeter_data"), 1);
  EXPECT_EQ(f.asked("get_energy_usage"), 3);
  EXPECT_EQ(f.asked("get_current_power"), 0);
}

TEST(KasaSmartDevice, ADeviceThatStopsABatchAtAnErrorIsAskedForTheRest) {
  auto device = plug({"energy_monitoring"});
  device["get_energy_usage"] = {{"current_power", 1000}};
  Answering f(device);
  f.link->stops_at_error = true;

  const auto meter = f.get(f.device->read_meter(0, kNoDeadline));

  ASSERT_TRUE(meter);
  EXPECT_DOUBLE_EQ(*meter->power_w, 1);
}

TEST(KasaSmartDevice, ADeviceThatCannotBatchIsAskedOneByOne) {
  Answering f(plug({"countdown"}));
  f.link->can_batch = false;

  EXPECT_TRUE(f.get(f.device->identify(kNoDeadline)));
  EXPECT_TRUE(f.get(f.device->read_state(kNoDeadline)));
}

TEST(KasaSmartDevice, TheSocketsOfAStripAreReadAndSwitchedAsTheyArePlaced) {
  Answering f(strip());

  const auto state = f.get(f.device->identify(kNoDeadline));

  ASSERT_TRUE(state);
  EXPECT_TRUE(state->is_strip);
  EXPECT_TRUE(state->has_meter);
  EXPECT_EQ(state->sockets.at(0).id, "S1");
  EXPECT_EQ(state->sockets.at(0).is_on, false);
  EXPECT_EQ(state->sockets.at(1).is_on, true);
  EXPECT_DOUBLE_EQ(*f.get(f.device->read_meter(0, kNoDeadline))->power_w, 1);
  EXPECT_DOUBLE_EQ(*f.get(f.device->read_meter(1, kNoDeadline))->power_w, 2);
  EXPECT_TRUE(f.get(f.device->set_relay(1, false, kNoDeadline)));
}

TEST(KasaSmartDevice, AStripThatLosesASocketIsNotBelieved) {
  Answering f(strip());
  ASSERT_TRUE(f.get(f.device->identify(kNoDeadline)));
  auto& list = f.link->device["get_child_device_list"];
  list["child_device_list"].erase(1);

  EXPECT_FALSE(f.get(f.device->read_state(kNoDeadline)));
  list["sum"] = 1;
  EXPECT_FALSE(f.get(f.device->read_state(kNoDeadline)));
}

TEST(KasaSmartDevice, AsksForTheLedOnceAndAgainAfterAChange) {
  Answering f(strip());
  ASSERT_TRUE(f.get(f.device->identify(kNoDeadline)));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(f.get(f.device->read_state(kNoDeadline)));
  EXPECT_EQ(f.asked("get_led_info"), 1);

  ASSERT_TRUE(f.get(f.device->set_led(false, kNoDeadline)));
  f.link->device["get_led_info"]["led_rule"] = "never";

  EXPECT_EQ(f.get(f.device->read_state(kNoDeadline))->is_led_on, false);
}

TEST(KasaSmartDevice, AnotherDeviceAtThisAddressIsLookedAtAnew) {
  Answering f(plug({"energy_monitoring"}));
  ASSERT_TRUE(f.get(f.device->identify(kNoDeadline))->has_meter);
  f.link->device = plug({"countdown"});
  f.link->device["get_device_info"]["device_id"] = "D2";

  const auto state = f.get(f.device->read_state(kNoDeadline));

  ASSERT_TRUE(state);
  EXPECT_EQ(state->device_id, "D2");
  EXPECT_FALSE(state->has_meter);
}

TEST(KasaSmartDevice, ASessionThatIsOverIsOpenedAgainEvenForOn) {
  Scripted f({});
  f.link->on("set_device_info", R"({"error_code":9999})").on("set_device_info", kYes);

  EXPECT_TRUE(f.get(f.device->set_relay(0, true, kNoDeadline)));
  EXPECT_EQ(f.link->closed, 1);
  EXPECT_EQ(f.link->sent.back().repeat, Repeat::never);
}

TEST(KasaSmartDevice, ALostAnswerToOnIsNotSentAgain) {
  Scripted f({});
  f.link->fail("set_device_info", Errc::disconnected);

  EXPECT_FALSE(f.get(f.device->set_relay(0, true, kNoDeadline)));
}

TEST(KasaSmartDevice, ArmsTheCountdownWithAMarkOfItsOwnAndRenewsIt) {
  Scripted f({"countdown"});
  f.link->on("get_countdown_rules", timers(timer(300, 0, false, true)))
      .on(R"("id":"C1","delay":1801)", kYes)
      .on("get_countdown_rules", timers(timer(1801, 1800)));
  const auto armed = f.get(f.device->arm_guard(0, 1800, kNoDeadline));
  ASSERT_TRUE(armed);
  EXPECT_EQ(armed->remaining_s, 1800);

  f.clock.advance(std::chrono::seconds(600));
  f.link->on("get_countdown_rules", timers(timer(1801, 1200)))
      .on("edit_countdown_rule", kYes)
      .on("get_countdown_rules", timers(timer(1801, 1801)));
  EXPECT_TRUE(f.get(f.device->arm_guard(0, 1800, kNoDeadline)));
}

TEST(KasaSmartDevice, LeavesATimerOfTheAppAloneAlsoWhenItTookOursPlace) {
  Scripted f({"countdown"});
  f.link->on("get_countdown_rules", timers(timer(1801, 1795)));
  ASSERT_TRUE(f.get(f.device->arm_guard(0, 1800, kNoDeadline)));

  f.link->on("get_countdown_rules", timers(timer(1800, 900)));

  EXPECT_EQ(f.get(f.device->arm_guard(0, 1800, kNoDeadline)).error().code, Errc::refused);
}

TEST(KasaSmartDevice, SetsTheLastResortOnceAndBelievesTheCountdownWithoutIt) {
  Scripted f({"countdown", "auto_off"});
  f.link->on("get_countdown_rules", timers(""))
      .on("add_countdown_rule", R"({"error_code":0,"result":{"id":"C1"}})")
      .on("get_countdown_rules", timers(timer(1801, 1800)))
      .on("get_auto_off_config", R"({"error_code":0,"result":{"enable":false,"delay_min":120}})")
      .on(R"("delay_min":780)", R"({"error_code":-1008})");
  const auto first = f.get(f.device->arm_guard(0, 1800, kNoDeadline));
  ASSERT_TRUE(first);
  EXPECT_THAT(first->worry, HasSubstr("auto-off could not be set"));

  f.clock.advance(std::chrono::seconds(600));
  f.link->on("get_countdown_rules", timers(timer(1801, 1200)))
      .on("edit_countdown_rule", kYes)
      .on("get_countdown_rules", timers(timer(1801, 1801)))
      .on("get_auto_off_config", R"({"error_code":0,"result":{"enable":true,"delay_min":60}})");
  ASSERT_TRUE(f.get(f.device->arm_guard(0, 1800, kNoDeadline)));

  f.clock.advance(std::chrono::seconds(600));
  f.link->on("get_countdown_rules", timers(timer(1801, 1200)))
      .on("edit_countdown_rule", kYes)
      .on("get_countdown_rules", timers(timer(1801, 1801)));
  ASSERT_TRUE(f.get(f.device->arm_guard(0, 1800, kNoDeadline)));
}

TEST(KasaSmartDevice, AutoOffIsTheGuardWhereThereIsNoCountdown) {
  Answering f(plug({"auto_off"}));
  f.link->device["get_auto_off_config"] = {{"enable", true}, {"delay_min", 30}};
  const auto armed = f.get(f.device->arm_guard(0, 1790, kNoDeadline));
  ASSERT_TRUE(armed);
  EXPECT_TRUE(armed->is_armed);
  EXPECT_EQ(armed->remaining_s, 1800);

  auto& device_info = f.link->device["get_device_info"];
  device_info["device_on"] = true;
  device_info["auto_off_status"] = "on";
  device_info["auto_off_remain_time"] = 700;
  EXPECT_EQ(f.get(f.device->read_guard(0, kNoDeadline))->remaining_s, 700);

  device_info["auto_off_status"] = "off";
  EXPECT_FALSE(f.get(f.device->read_guard(0, kNoDeadline))->is_armed);
  EXPECT_FALSE(f.get(f.device->arm_guard(0, 1790, kNoDeadline)));
}

TEST(KasaSmartDevice, AnAutoOffThatDidNotTakeIsNoGuard) {
  Answering f(plug({"auto_off"}));
  f.link->device["get_auto_off_config"] = {{"enable", false}, {"delay_min", 30}};
  EXPECT_FALSE(f.get(f.device->arm_guard(0, 1800, kNoDeadline)));

  f.link->device["get_auto_off_config"] = {{"enable", true}, {"delay_min", 120}};
  EXPECT_FALSE(f.get(f.device->arm_guard(0, 1800, kNoDeadline)));
}

TEST(KasaSmartDevice, WithoutAnyTimerThereIsNoGuard) {
  Answering f(plug({}));

  EXPECT_EQ(f.get(f.device->arm_guard(0, 1800, kNoDeadline)).error().code, Errc::not_supported);
  EXPECT_EQ(f.get(f.device->read_guard(0, kNoDeadline)).error().code, Errc::not_supported);
  EXPECT_TRUE(f.get(f.device->disarm_guard(0, kNoDeadline)));
}

TEST(KasaSmartDevice, DisarmingStopsOnlyItsOwnTimer) {
  Scripted f({"countdown"});
  f.link->on("get_countdown_rules", timers(timer(1801, 900)))
      .on(R"("id":"C1","delay":1801,"desired_states":{"on":false},"enable":false)", kYes);
  EXPECT_TRUE(f.get(f.device->disarm_guard(0, kNoDeadline)));

  f.link->on("get_countdown_rules", timers(timer(600, 300)));
  EXPECT_TRUE(f.get(f.device->disarm_guard(0, kNoDeadline)));
}

TEST(KasaSmartDevice, WorriesAboutSchedulesShortAutoOffAndUpdates) {
  auto device = plug({"countdown", "auto_off"});
  device["get_schedule_rules"] =
      Json::parse(R"({"enable":true,"rule_list":[{"enable":true,"desired_states":{"on":true}}]})");
  device["get_auto_off_config"] = {{"enable", true}, {"delay_min", 120}};
  device["get_auto_update_info"] = {{"enable", true}};
  Answering f(device);

  const auto worries = f.get(f.device->worries(0, kNoDeadline));

  ASSERT_TRUE(worries);
  ASSERT_EQ(worries->size(), 3U);
  EXPECT_THAT(worries->at(1), HasSubstr("120 min"));
}

}  // namespace
}  // namespace b2m::kasa

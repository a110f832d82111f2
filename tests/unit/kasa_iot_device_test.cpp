// SPDX-License-Identifier: MIT
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/kasa/device.hpp"
#include "tests/support/running.hpp"
#include "tests/support/scripted_plug_link.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::kasa {
namespace {

using test::finish;
using test::ScriptedPlugLink;
using test::VirtualClock;
using testing::HasSubstr;

const std::string kId(40, '8');
const std::string kPlug = R"({"system":{"get_sysinfo":{"err_code":0,"deviceId":")" + kId +
                          R"(","model":"KP115",
                  "feature" : "TIM:ENE", "relay_state" : 0, "on_time" : 0
}
}
})";
const std::string kStrip =
    R"({"system":{"get_sysinfo":{"err_code":0,"deviceId":")" + kId +
    R"(","model":"HS300","alias":"Bench","feature":"TIM:ENE","child_num":2,"children":[)"
    R"({"id":")" +
    kId + R"(00","state":0},{"id":")" + kId + R"(01","state":1}]}}})";
const std::string kSocket1 = R"("context":{"child_ids":[")" + kId + R"(01"]})";
const std::string kDone = R"({"system":{"set_relay_state":{"err_code":0}}})";

/// Both replies in one.
std::string joined(const std::string& first, const std::string& second) {
  return first.substr(0, first.rfind('}')) + "," + second.substr(1);
}
const std::string kReading = R"({"emeter":{"get_realtime":{"err_code":0,"power_mw":12000}}})";

std::string timers(const std::string& list) {
  return R"({"count_down":{"get_rules":{"err_code":0,"rule_list":[)" + list + "]}}}";
}
std::string timer(const std::string& id, const std::string& name, int remain) {
  return R"({"id":")" + id + R"(","name":")" + name +
         R"(","enable":1,"act":0,"delay":1800,"remain":)" + std::to_string(remain) + "}";
}

struct KasaIotDevice : testing::Test {
  VirtualClock clock;
  ScriptedPlugLink* link = new ScriptedPlugLink;  // the device's
  std::unique_ptr<Device> device = make_iot_device(std::unique_ptr<PlugLink>(link), clock);

  template <class T>
  Result<T> get(Awaitable<Result<T>> work) {
    return finish(clock, std::move(work));
  }
  void identify_as(const std::string& sysinfo) {
    link->on("get_sysinfo", sysinfo);
    ASSERT_TRUE(get(device->identify(kNoDeadline)));
  }
};

TEST_F(KasaIotDevice, TheFirstContactAsksForNothingButSysinfo) {
  identify_as(kPlug);

  ASSERT_EQ(link->sent.size(), 1U);
  EXPECT_EQ(link->sent[0].request, R"({"system":{"get_sysinfo":{}}})");
}

TEST_F(KasaIotDevice, AnOrderForASocketNamesItAndOnlyOffMayBeRepeated) {
  identify_as(kStrip);
  link->on(kSocket1, kDone).on(kSocket1, kDone);

  ASSERT_TRUE(get(device->set_relay(1, true, kNoDeadline)));
  ASSERT_TRUE(get(device->set_relay(1, false, kNoDeadline)));

  EXPECT_EQ(link->sent[1].repeat, Repeat::never);
  EXPECT_EQ(link->sent[2].repeat, Repeat::safe);
}

TEST_F(KasaIotDevice, ALostAnswerToOnIsNotSentAgain) {
  identify_as(kPlug);
  link->fail("set_relay_state", Errc::disconnected);

  EXPECT_EQ(get(device->set_relay(0, true, kNoDeadline)).error().code, Errc::disconnected);
}

TEST_F(KasaIotDevice, LearnsTheSocketsBeforeTheFirstOrder) {
  link->on("get_sysinfo", kStrip).on(kSocket1, kDone);

  EXPECT_TRUE(get(device->set_relay(1, false, kNoDeadline)));
}

TEST_F(KasaIotDevice, ASocketThatDoesNotExistIsRefusedUnsent) {
  identify_as(kStrip);

  for (const int socket : {-1, 2, 1000}) {
    const auto done = get(device->set_relay(socket, false, kNoDeadline));
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().text(), HasSubstr("Bench"));
  }
  EXPECT_EQ(link->sent.size(), 1U);
}

TEST_F(KasaIotDevice, ASocketWithoutIdIsNeverOrderedAboutWithoutContext) {
  identify_as(
      R"({"system":{"get_sysinfo":{"err_code":0,"child_num":2,"children":[{"state":0},{}]}}})");

  EXPECT_FALSE(get(device->set_relay(0, true, kNoDeadline)));
  EXPECT_FALSE(get(device->set_alias(0, "x", kNoDeadline)));
  EXPECT_FALSE(get(device->arm_guard(0, 1800, kNoDeadline)));
  EXPECT_EQ(link->sent.size(), 1U);
}

TEST_F(KasaIotDevice, AStripStaysAStripWhenOneAnswerLacksItsSockets) {
  identify_as(kStrip);
  link->on("get_sysinfo", R"({"system":{"get_sysinfo":{"err_code":0,"relay_state":0,"deviceId":")" +
                              kId + "\"}}}");
  EXPECT_FALSE(get(device->read_state(kNoDeadline)));

  link->on(kSocket1, kDone);
  EXPECT_TRUE(get(device->set_relay(1, false, kNoDeadline)));
}

TEST_F(KasaIotDevice, APlugThatSaysNoToAnOrderIsHeard) {
  identify_as(kPlug);
  link->on("set_relay_state",
           R"({"system":{"set_relay_state":{"err_code":-3,"err_msg":"invalid argument"}}})");

  const auto done = get(device->set_relay(0, true, kNoDeadline));

  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().text(), HasSubstr("invalid argument"));
}

TEST_F(KasaIotDevice, AsksNoMeterWhereThereIsNone) {
  identify_as(R"({"system":{"get_sysinfo":{"err_code":0,"feature":"TIM","relay_state":0}}})");

  EXPECT_EQ(get(device->read_meter(0, kNoDeadline)).error().code, Errc::not_supported);
  EXPECT_EQ(link->sent.size(), 1U);
}

TEST_F(KasaIotDevice, AModuleItDoesNotHaveIsAskedForOnce) {
  identify_as(kPlug);
  link->on("emeter", R"({"emeter":{"err_code":-1,"err_msg":"module not support"}})");

  EXPECT_EQ(get(device->read_meter(0, kNoDeadline)).error().code, Errc::not_supported);
  EXPECT_EQ(get(device->read_meter(0, kNoDeadline)).error().code, Errc::not_supported);
  EXPECT_EQ(link->sent.size(), 2U);
}

TEST_F(KasaIotDevice, GuardsASocketThroughItsContextAndRenewsByItsRule) {
  identify_as(kStrip);
  link->on(kSocket1, timers(""))
      .on(kSocket1, R"({"count_down":{"add_rule":{"id":"R1","err_code":0}}})")
      .on(kSocket1, timers(timer("R1", "battery2mqtt", 1799)));
  ASSERT_TRUE(get(device->arm_guard(1, 1800, kNoDeadline)));
  EXPECT_EQ(link->sent[2].repeat, Repeat::never);

  clock.advance(std::chrono::seconds(600));
  link->on("get_rules", timers(timer("R1", "battery2mqtt", 1199)))
      .on(R"("edit_rule":{"id":"R1")", R"({"count_down":{"edit_rule":{"err_code":0}}})")
      .on("get_rules", timers(timer("R1", "battery2mqtt", 1800)));
  const auto renewed = get(device->arm_guard(1, 1800, kNoDeadline));

  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->remaining_s, 1800);
  EXPECT_EQ(link->sent[5].repeat, Repeat::safe);
}

TEST_F(KasaIotDevice, LooksAtStateAndTimersInOneRequestOnceItKnowsBoth) {
  identify_as(kPlug);
  link->on("get_sysinfo", kPlug);
  ASSERT_TRUE(get(device->read_state_to_arm(kNoDeadline)));
  EXPECT_EQ(link->sent.back().request.find("count_down"), std::string::npos);
  link->on("get_rules", timers(""));
  ASSERT_TRUE(get(device->read_guard(0, kNoDeadline)));

  link->on("get_rules", joined(kPlug, timers("")))
      .on("add_rule", R"({"count_down":{"add_rule":{"id":"R1","err_code":0}}})")
      .on("get_rules", timers(timer("R1", "battery2mqtt", 1799)));
  ASSERT_TRUE(get(device->read_state_to_arm(kNoDeadline)));
  EXPECT_TRUE(get(device->arm_guard(0, 1800, kNoDeadline)));
}

TEST_F(KasaIotDevice, APlugThatDoesNotAnswerTwoQuestionsAtOnceIsAskedOneByOne) {
  identify_as(kPlug);
  link->on("get_rules", timers(""));
  ASSERT_TRUE(get(device->read_guard(0, kNoDeadline)));
  link->fail("get_rules", Errc::disconnected).on("get_sysinfo", kPlug).on("get_sysinfo", kPlug);

  EXPECT_TRUE(get(device->read_state_to_arm(kNoDeadline)));
  EXPECT_TRUE(get(device->read_state_to_arm(kNoDeadline)));

  EXPECT_EQ(link->sent.back().request.find("count_down"), std::string::npos);
}

TEST_F(KasaIotDevice, PollsStateAndMeterInOneRequestOnceItKnowsBoth) {
  identify_as(kPlug);
  link->on("get_sysinfo", kPlug).on("get_realtime", kReading);
  ASSERT_TRUE(get(device->read_state_to_meter(kNoDeadline)));
  EXPECT_EQ(link->sent.back().request.find("emeter"), std::string::npos) << "not known yet";
  ASSERT_TRUE(get(device->read_meter(0, kNoDeadline)));

  link->on("get_realtime", joined(kPlug, kReading)).on("get_realtime", kReading);
  ASSERT_TRUE(get(device->read_state_to_meter(kNoDeadline)));
  EXPECT_EQ(get(device->read_meter(0, kNoDeadline))->power_w, 12.0);
  EXPECT_EQ(link->sent.size(), 4U);
  ASSERT_TRUE(get(device->read_meter(0, kNoDeadline)));
  EXPECT_EQ(link->sent.size(), 5U) << "a reading is good once";
}

TEST_F(KasaIotDevice, AReadingFromBeforeAnOrderIsNotTakenForOneFromAfterIt) {
  identify_as(kPlug);
  link->on("get_realtime", kReading).on("get_realtime", joined(kPlug, kReading));
  ASSERT_TRUE(get(device->read_meter(0, kNoDeadline)));
  ASSERT_TRUE(get(device->read_state_to_meter(kNoDeadline)));

  link->on("set_relay_state", kDone)
      .on("get_realtime", R"({"emeter":{"get_realtime":{"err_code":0,"power_mw":0}}})");
  ASSERT_TRUE(get(device->set_relay(0, false, kNoDeadline)));

  EXPECT_EQ(get(device->read_meter(0, kNoDeadline))->power_w, 0.0);
}

TEST_F(KasaIotDevice, SwitchingOnIsReadBackInTheSameReplyOnceOnly) {
  identify_as(kPlug);
  std::string on = kPlug;
  on.replace(on.find("\"relay_state\" : 0"), 17, R"("relay_state":1)");
  const std::string done = R"("set_relay_state":{"err_code":0},)";
  link->on(R"("set_relay_state":{"state":1},"get_sysinfo")",
           on.insert(on.find("\"get_sysinfo\""), done));
  link->on("get_sysinfo", kPlug);

  ASSERT_TRUE(get(device->set_relay(0, true, kNoDeadline)));

  EXPECT_EQ(get(device->read_state(kNoDeadline))->sockets.at(0).is_on, true);
  EXPECT_EQ(get(device->read_state(kNoDeadline))->sockets.at(0).is_on, false) << "asked anew";
  EXPECT_EQ(link->sent[1].repeat, Repeat::never);
}

TEST_F(KasaIotDevice, SwitchingOnWithoutAStateInTheReplyIsReadBackByAsking) {
  identify_as(kPlug);
  link->on("set_relay_state", kDone).on("get_sysinfo", kPlug);

  ASSERT_TRUE(get(device->set_relay(0, true, kNoDeadline)));

  EXPECT_EQ(get(device->read_state(kNoDeadline))->sockets.at(0).is_on, false);
}

TEST_F(KasaIotDevice, OffIsSentAlone) {
  identify_as(kPlug);
  link->on(R"({"system":{"set_relay_state":{"state":0}}})", kDone);

  EXPECT_TRUE(get(device->set_relay(0, false, kNoDeadline)));
}

TEST_F(KasaIotDevice, AsksOneByOneForAnHourAfterABadJointReplyAndForGoodAfterTheSecond) {
  identify_as(kPlug);
  link->on("get_realtime", kReading);
  ASSERT_TRUE(get(device->read_meter(0, kNoDeadline)));
  const auto asks_both = [&] {
    return get(device->read_state_to_meter(kNoDeadline)) &&
           link->sent.back().request.find("emeter") != std::string::npos;
  };

  link->on("get_realtime", kPlug).on("get_sysinfo", kPlug);  // the meter is missing in it
  EXPECT_TRUE(asks_both());
  EXPECT_FALSE(asks_both());
  clock.advance(std::chrono::hours(1));
  link->on("get_realtime", kPlug);
  EXPECT_TRUE(asks_both());
  clock.advance(std::chrono::hours(1000));
  link->on("get_sysinfo", kPlug);
  EXPECT_FALSE(asks_both());
}

TEST_F(KasaIotDevice, AFullTableIsLookedIntoAndNotJustReported) {
  identify_as(kPlug);
  link->on("get_rules", timers(""))
      .on("add_rule", R"({"count_down":{"add_rule":{"err_code":-10,"err_msg":"table is full"}}})")
      .on("get_rules", timers(timer("A1", "my timer", 60)));

  const auto state = get(device->arm_guard(0, 1800, kNoDeadline));

  ASSERT_FALSE(state);
  EXPECT_THAT(state.error().text(), HasSubstr("app"));
}

TEST_F(KasaIotDevice, AnotherDeviceAtThisAddressInheritsNoTimer) {
  identify_as(kPlug);
  link->on("get_rules", timers(timer("R1", "battery2mqtt", 1795)));
  ASSERT_TRUE(get(device->arm_guard(0, 1800, kNoDeadline)));
  link->on("get_sysinfo",
           R"({"system":{"get_sysinfo":{"err_code":0,"deviceId":"77","relay_state":0}}})");
  ASSERT_TRUE(get(device->read_state(kNoDeadline)));

  link->on("get_rules", timers(timer("R9", "battery2mqtt", 1795)));
  EXPECT_TRUE(get(device->arm_guard(0, 1800, kNoDeadline)));
}

TEST_F(KasaIotDevice, APlugWithoutTimersHasNothingToDisarm) {
  identify_as(kPlug);
  link->on("count_down", R"({"count_down":{"err_code":-1,"err_msg":"module not support"}})");

  EXPECT_TRUE(get(device->disarm_guard(0, kNoDeadline)));
  EXPECT_EQ(get(device->arm_guard(0, 1800, kNoDeadline)).error().code, Errc::not_supported);
}

TEST_F(KasaIotDevice, WorriesAboutWhatSwitchesWithoutTheGateway) {
  identify_as(kPlug);
  link->on("anti_theft",
           R"({"anti_theft":{"get_rules":{"err_code":0,"enable":1,"rule_list":[{"enable":1}]}}})")
      .on("schedule", R"({"schedule":{"get_rules":{"err_code":0,"rule_list":[)"
                      R"({"enable":1,"sact":1},{"enable":1,"sact":0}]}}})")
      .on("count_down", timers(timer("A1", "my timer", 60)));

  const auto worries = get(device->worries(0, kNoDeadline));

  ASSERT_TRUE(worries);
  ASSERT_EQ(worries->size(), 3U);
  EXPECT_THAT(worries->at(1), HasSubstr("1 of the app's schedules"));
}

TEST_F(KasaIotDevice, ModulesThatAreNotThereAreNoWorry) {
  identify_as(kPlug);
  link->on("anti_theft", R"({"anti_theft":{"err_code":-1}})")
      .on("schedule", R"({"schedule":{"err_code":-1}})")
      .on("count_down", R"({"count_down":{"err_code":-1}})");

  const auto worries = get(device->worries(0, kNoDeadline));

  ASSERT_TRUE(worries);
  EXPECT_TRUE(worries->empty());
}

TEST_F(KasaIotDevice, ANameThatIsTooLongIsNotSent) {
  EXPECT_EQ(get(device->set_alias(0, std::string(32, 'x'), kNoDeadline)).error().code,
            Errc::out_of_range);
  EXPECT_TRUE(link->sent.empty());
}

}  // namespace
}  // namespace b2m::kasa

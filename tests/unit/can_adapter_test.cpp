// SPDX-License-Identifier: MIT
#include <chrono>
#include <fstream>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/can/adapter.hpp"
#include "gateway/io/can_error.hpp"
#include "tests/support/can_adapter_fixture.hpp"

namespace b2m::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

const char* const kOff1 = "604#000031";
const char* const kOff2 = "605#000031";
const char* const kOn1 = "604#010031";

TEST(CanAdapter, DecodesEveryWorkedExample) {
  std::ifstream in(B2M_SOURCE_DIR "/tests/vectors/can/two_packs.txt");
  int checked = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string frame, arrow, device, key, value;
    words >> frame >> arrow >> device >> key >> value;
    CanAdapterFixture f;
    f.start();
    f.inbox.forget();

    f.inject(frame);

    const auto on_packs = [&] { return f.inbox.last(device, key, key == "charging" ? 0 : 2); };
    if (device == "nothing")
      EXPECT_EQ(f.inbox.said_of_packs(), 0U) << line;
    else
      EXPECT_EQ(on_packs(), value) << line;
    ++checked;
  }
  EXPECT_EQ(checked, 31);
}

TEST(CanAdapter, KeepsTheNewestValueOfABatch) {
  CanAdapterFixture f;
  f.start();
  CanFrame a{.id = 0x600, .length = 3, .data = {0x00, 0x05, 0x21}};
  f.bus.inject(a);
  a.data[0] = 0x01;
  f.bus.inject(a);
  f.clock.settle();

  EXPECT_EQ(f.inbox.last("pack1", "cell_01_voltage"), "12.81");
}

TEST(CanAdapter, OffersWhatTheProfileMaps) {
  CanAdapterFixture f;

  const Entity* voltage = f.site->find("pack2", "cell_06_voltage");
  ASSERT_NE(voltage, nullptr);
  EXPECT_EQ(voltage->decimals, 2);
  EXPECT_DOUBLE_EQ(voltage->max_age_s, 5);
  const Entity* charging = f.site->find("pack1", "charging");
  ASSERT_NE(charging, nullptr);
  EXPECT_TRUE(charging->writable);
  EXPECT_FALSE(charging->optimistic);
  EXPECT_DOUBLE_EQ(charging->refresh_s, 1);
  EXPECT_NE(f.site->find("bridge", "bench_bus_state"), nullptr);
}

TEST(CanAdapter, CountsFramesOfWrongLengthAndListsUnknownIds) {
  CanAdapterFixture f;
  f.start();

  f.inject("600#00");
  f.inject("600#R");
  for (int i = 0; i < 3; ++i) f.inject("123#0102");

  EXPECT_EQ(f.counter("wrong_length"), 1U);
  EXPECT_EQ(f.counter("remote"), 1U);
  EXPECT_EQ(f.counter("unknown"), 3U);
  const auto details = f.adapter->details();
  ASSERT_EQ(details.size(), 2U);
  EXPECT_EQ(details[0].text, "0x123: 3 frames, last 01 02");
  EXPECT_EQ(details[1].text, "0x600: 1 frames, last 00");
}

TEST(CanAdapter, BoundsTheListOfUnknownIds) {
  auto settings = CanAdapterFixture::settings();
  settings.unknown_ids_listed = 2;
  CanAdapterFixture f(settings);
  f.start();

  for (const char* frame : {"101#", "102#", "103#", "104#"}) f.inject(frame);

  EXPECT_EQ(f.adapter->details().size(), 3U);
  EXPECT_THAT(f.adapter->details()[2].text, HasSubstr("others: 2 frames"));
}

TEST(CanAdapter, SaysOffBeforeAnythingElse) {
  CanAdapterFixture f;
  f.start();

  EXPECT_THAT(f.take_sent(), ElementsAre(kOff1, kOff2));
}

TEST(CanAdapter, NeverTransmitsWithoutChargeControl) {
  auto settings = CanAdapterFixture::settings();
  settings.charge_control = false;
  CanAdapterFixture f(settings);
  f.start();
  const auto outcome = f.order("1", true);

  EXPECT_THAT(f.take_sent(), IsEmpty());
  EXPECT_EQ(outcome->value().error().code, Errc::refused);
  EXPECT_THAT(outcome->value().error().detail, HasSubstr("charge_control = true"));
  EXPECT_FALSE(f.site->find("pack1", "charging")->writable);
}

TEST(CanAdapter, RefusesToSendWhereItMustOnlyListen) {
  auto settings = CanAdapterFixture::settings();
  settings.listen_only = true;
  CanAdapterFixture f(settings);
  f.start();
  const auto outcome = f.order("1", true);

  EXPECT_THAT(f.take_sent(), IsEmpty());
  EXPECT_THAT(outcome->value().error().detail, HasSubstr("listen_only"));
}

TEST(CanAdapter, SendsTheOrderAndBelievesOnlyTheAcknowledgement) {
  CanAdapterFixture f;
  f.start();
  EXPECT_TRUE(f.order("1", false)->value().has_value());
  (void)f.take_sent();
  f.inbox.forget();

  const auto outcome = f.order("1", true);

  EXPECT_TRUE(outcome->value().has_value());
  EXPECT_THAT(f.take_sent(), ElementsAre(kOn1));
  EXPECT_EQ(f.inbox.last("pack1", "charging"), "nothing");
  f.inject("606#010031");
  EXPECT_EQ(f.inbox.last("pack1", "charging", 0), "1");
}

TEST(CanAdapter, ShowsWhatItSentWhereNobodyAcknowledges) {
  CanAdapterFixture f;
  can::CanSettings settings = CanAdapterFixture::settings();
  PointTable points;
  auto profile =
      can::load_profile(B2M_SOURCE_DIR "/config/profiles/can/two_packs", settings, points);
  ASSERT_TRUE(profile);
  for (can::Part& part : profile->parts) part.ack.reset();
  const auto network = make_network(f.clock.executor(), f.clock);
  Resources resources{f.clock.executor(), f.clock, points, f.bus.opener(), *network, {}};
  f.adapter = std::make_unique<can::CanAdapter>(settings, std::move(*profile), resources);
  f.adapter->bind(*f.site, 0);

  f.start();
  EXPECT_EQ(f.inbox.last("pack1", "charging", 0), "0");
  EXPECT_TRUE(f.order("1", false)->value().has_value());
  EXPECT_TRUE(f.order("1", true)->value().has_value());
  EXPECT_EQ(f.inbox.last("pack1", "charging", 0), "1");
  f.stop();
  f.adapter.reset();
}

TEST(CanAdapter, ForgetsChargingOnBusOffAndSaysOffFirstAfterwards) {
  CanAdapterFixture f;
  f.start();
  f.order("1", true);
  f.inject("606#010031");
  (void)f.take_sent();

  f.bus.bus_off();
  f.clock.settle();

  EXPECT_EQ(f.inbox.last("pack1", "charging"), "unknown");
  EXPECT_EQ(f.inbox.last("bridge", "bench_bus_state", 0), "3");
  EXPECT_EQ(f.inbox.notes("bus_off"), 1U);
  f.bus.recover();
  f.clock.settle();
  EXPECT_EQ(f.inbox.notes("bus_recovered"), 1U);
  EXPECT_THAT(f.take_sent(), ElementsAre(kOff1, kOff2));
}

TEST(CanAdapter, SaysOffAfterARestartThatNobodyAnnounced) {
  CanAdapterFixture f;
  f.start();
  f.order("1", true);
  (void)f.take_sent();

  f.bus.error_frame(can_error::make(can_error::kRestarted));
  f.clock.settle();

  EXPECT_THAT(f.take_sent(), ElementsAre(kOff1, kOff2));
  EXPECT_EQ(f.inbox.last("pack1", "charging"), "unknown");
}

TEST(CanAdapter, RefusesOnUntilOffHasBeenSent) {
  CanAdapterFixture f;
  f.bus.set_clogged(true);
  f.start();
  f.clock.advance(1s);
  f.bus.set_clogged(false);
  EXPECT_THAT(f.take_sent(), IsEmpty());

  const auto first = f.order("1", true);
  EXPECT_EQ(first->value().error().code, Errc::refused);
  EXPECT_THAT(f.take_sent(), ElementsAre(kOff1));
  EXPECT_EQ(f.order("1", true)->value().error().code, Errc::refused);  // nobody ordered that OFF
  EXPECT_TRUE(f.order("1", false)->value().has_value());
  (void)f.take_sent();
  EXPECT_TRUE(f.order("1", true)->value().has_value());
  EXPECT_THAT(f.take_sent(), ElementsAre(kOn1));
}

TEST(CanAdapter, CannotBeSwitchedOnWhileTheBusIsOff) {
  CanAdapterFixture f;
  f.start();
  f.bus.bus_off();
  f.clock.settle();
  (void)f.take_sent();

  const auto outcome = f.order("1", true);

  EXPECT_EQ(outcome->value().error().code, Errc::bus_off);
  EXPECT_THAT(f.take_sent(), IsEmpty());
}

TEST(CanAdapter, StaysOffAfterAnOutageTooShortForAnyoneToNotice) {
  CanAdapterFixture f;
  f.start();
  EXPECT_TRUE(f.order("1", false)->value().has_value());
  EXPECT_TRUE(f.order("1", true)->value().has_value());
  f.bus.bus_off();
  f.bus.recover();
  f.clock.advance(2s);
  (void)f.take_sent();

  EXPECT_EQ(f.order("1", true)->value().error().code, Errc::refused);
  EXPECT_THAT(f.take_sent(), IsEmpty());
}

TEST(CanAdapter, WaitsForRoomInTheSendQueueWithinTheDeadline) {
  CanAdapterFixture f;
  f.start();
  EXPECT_TRUE(f.order("1", false)->value().has_value());
  (void)f.take_sent();
  f.bus.set_clogged(true);

  const auto outcome = f.order("1", true, 500ms);
  f.clock.advance(100ms);
  EXPECT_FALSE(outcome->has_value());
  f.bus.set_clogged(false);
  f.clock.advance(50ms);

  ASSERT_TRUE(outcome->has_value());
  EXPECT_TRUE(outcome->value().has_value());
  EXPECT_THAT(f.take_sent(), ElementsAre(kOn1));
}

TEST(CanAdapter, GivesUpOnAFullSendQueueAtTheDeadline) {
  CanAdapterFixture f;
  f.start();
  EXPECT_TRUE(f.order("1", false)->value().has_value());
  f.bus.set_clogged(true);

  const auto outcome = f.order("1", true, 500ms);
  f.clock.advance(1s);

  EXPECT_EQ(outcome->value().error().code, Errc::buffer_full);
  EXPECT_EQ(f.counter("send_errors"), 1U);
}

TEST(CanAdapter, NotesBmsErrorsAtMostOnceASecond) {
  CanAdapterFixture f;
  f.start();

  f.inject("602#01");
  f.inject("602#02");
  EXPECT_EQ(f.inbox.last("pack1", "bms_error"), "02");
  EXPECT_EQ(f.inbox.notes("bms_error"), 1U);
  f.clock.advance(1s);
  f.inject("602#03");
  EXPECT_EQ(f.inbox.notes("bms_error"), 2U);
}

TEST(CanAdapter, PostsItsStatusAtMostOnceASecond) {
  CanAdapterFixture f;
  f.start();
  f.clock.advance(1s);
  f.inject("600#000521");
  f.inbox.forget();

  f.inject("600#000521");
  EXPECT_EQ(f.inbox.last("bridge", "bench_frame_rate"), "nothing");
  f.clock.advance(1s);
  f.inject("600#000521");
  EXPECT_EQ(f.inbox.last("bridge", "bench_frame_rate", 0), "2");
  EXPECT_EQ(f.inbox.last("bridge", "bench_bus_load"), "0.03");
}

TEST(CanAdapter, SaysThatErrorCountersAreUnknownWhereTheControllerCannotTell) {
  CanAdapterFixture f;
  f.start();

  EXPECT_EQ(f.inbox.last("bridge", "bench_tx_errors"), "unknown");
}

TEST(CanAdapter, EndsWhenTheInterfaceVanishesAndStartsOverWhenItIsBack) {
  CanAdapterFixture f;
  f.start();
  f.inject("606#010031");
  (void)f.take_sent();

  f.bus.vanish();
  f.clock.settle();
  ASSERT_FALSE(f.is_running());
  EXPECT_EQ(f.ending().code, Errc::disconnected);
  EXPECT_EQ(f.inbox.last("pack1", "charging"), "unknown");
  EXPECT_EQ(f.order("1", true)->value().error().code, Errc::disconnected);
  f.start();
  EXPECT_EQ(f.ending().code, Errc::not_found);
  f.bus.reappear();
  f.start();
  EXPECT_TRUE(f.is_running());
  EXPECT_THAT(f.take_sent(), ElementsAre(kOff1, kOff2));
}

TEST(CanAdapter, TakesOtherIdsFromTheConfiguration) {
  auto settings = CanAdapterFixture::settings();
  can::MessageOverride message;
  message.name = "Pack2Data";
  message.can_id = 0x702;
  settings.messages.push_back(message);
  can::PartSettings part;
  part.id = "1";
  part.charge_command_id = 0x1ABCDEF;
  settings.parts.push_back(part);
  CanAdapterFixture f(settings);
  f.start();

  f.inject("702#000521");

  EXPECT_EQ(f.inbox.last("pack2", "cell_01_voltage"), "12.80");
  EXPECT_THAT(f.take_sent(), ElementsAre("01ABCDEF#000031", kOff2));
}

TEST(CanAdapter, PassesOnlyTheProfilesIdsWhenFiltering) {
  auto settings = CanAdapterFixture::settings();
  settings.filter = true;
  CanAdapterFixture f(settings);
  f.start();

  f.inject("123#00");
  f.inject("602#01");

  EXPECT_EQ(f.counter("frames"), 1U);
  EXPECT_EQ(f.inbox.last("pack1", "bms_error"), "01");
}

}  // namespace
}  // namespace b2m::test

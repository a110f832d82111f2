// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "gateway/app/event_publisher.hpp"
#include "gateway/app/value_publisher.hpp"
#include "tests/support/recording_link.hpp"
#include "tests/support/site_fixture.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using Payloads = std::vector<std::string>;

struct ValuePublisherTest : testing::Test {
  test::VirtualClock clock;
  test::SiteFixture site;
  test::RecordingLink link;
  discovery::Topics topics{"battery2mqtt", "homeassistant", "battery2mqtt"};
  app::ValuePublisher values{site.model(), site.site(), topics, link, clock};

  void report(int cell, Volts v) {
    Report r(Target{site.pack(), 0});
    r.add(point::cell_voltage, v, cell - 1);
    site.model().apply(r, clock.now());
    values.flush();
  }
  [[nodiscard]] Payloads cell_3() const { return link.on("battery2mqtt/pack1/cell_03_voltage"); }
};

TEST_F(ValuePublisherTest, PrintsAsManyDecimalsAsTheSourceHas) {
  report(3, 12.75_V);

  EXPECT_EQ(cell_3(), Payloads{"12.75"});
  EXPECT_TRUE(link.sent.at(0).retain);
  EXPECT_EQ(link.sent.at(0).qos, 0);
}

TEST_F(ValuePublisherTest, KeepsQuietWithinTheDeadBand) {
  report(3, 12.75_V);
  clock.advance(2s);
  report(3, 12.751_V);

  EXPECT_EQ(cell_3(), Payloads{"12.75"});
}

TEST_F(ValuePublisherTest, HoldsBackWithinTheMinimumIntervalAndThenSendsTheNewest) {
  report(3, 12.75_V);
  clock.advance(300ms);
  report(3, 12.80_V);
  clock.advance(300ms);
  report(3, 12.85_V);
  EXPECT_EQ(cell_3(), Payloads{"12.75"});

  clock.advance(400ms);
  ASSERT_LE(values.next_due(), clock.now());
  values.flush();

  EXPECT_EQ(cell_3(), (Payloads{"12.75", "12.85"}));
  EXPECT_EQ(values.next_due(), app::ValuePublisher::kNever);
}

TEST_F(ValuePublisherTest, AValueThatReturnsToWhatWasSentIsNotSentAgain) {
  report(3, 12.75_V);
  clock.advance(300ms);
  report(3, 12.80_V);
  report(3, 12.75_V);
  clock.advance(1s);
  values.flush();

  EXPECT_EQ(cell_3(), Payloads{"12.75"});
}

TEST_F(ValuePublisherTest, RepeatsAConstantValueAfterTheMaximumInterval) {
  report(3, 12.75_V);
  clock.advance(299s);
  report(3, 12.75_V);
  values.tick();
  EXPECT_EQ(cell_3().size(), 1U);

  clock.advance(1s);
  values.tick();

  EXPECT_EQ(cell_3().size(), 2U);
}

TEST_F(ValuePublisherTest, AStaleValueBecomesNone) {
  report(3, 12.75_V);
  clock.advance(6s);
  site.model().freeze(clock.now());
  values.flush();

  EXPECT_EQ(cell_3(), (Payloads{"12.75", "None"}));
}

TEST_F(ValuePublisherTest, KeepsSamplesForLaterOnlyWhileOffline) {
  Payloads kept;
  values.set_offline_sample([&](const Entity& e, const std::string& text, WallTime) {
    kept.push_back(e.key + "=" + text);
  });
  report(3, 12.75_V);
  link.online = false;
  clock.advance(2s);
  report(3, 12.80_V);

  EXPECT_EQ(kept, Payloads{"cell_03_voltage=12.80"});
}

TEST_F(ValuePublisherTest, PublishesEverythingAgainForANewBroker) {
  report(3, 12.75_V);
  link.sent.clear();

  values.publish_all();

  EXPECT_EQ(cell_3(), Payloads{"12.75"});
  EXPECT_EQ(link.on("battery2mqtt/pack1/cell_01_voltage"), Payloads{"None"});
  EXPECT_EQ(link.on("battery2mqtt/pack1/availability"), Payloads{"offline"});
  EXPECT_TRUE(link.on("battery2mqtt/bridge/state").empty());
}

TEST_F(ValuePublisherTest, AnAlertGoesOutOnTheBridgeAndOnItsDevice) {
  app::EventPublisher events(site.site(), topics, link, clock);
  Alert alert;
  alert.slot = site.slot("alarm_cell_voltage_high");
  alert.active = true;
  alert.message = "Cell 3 voltage is 14.01 V, the limit is 14.00 V";

  events.publish(alert);

  ASSERT_EQ(link.sent.size(), 2U);
  EXPECT_EQ(link.sent[0].topic, "battery2mqtt/pack1/last_event");
  EXPECT_EQ(link.sent[1].topic, "battery2mqtt/bridge/event");
  EXPECT_FALSE(link.sent[1].retain);
  EXPECT_EQ(link.sent[1].lane, mqtt::Lane::alert);
  EXPECT_NE(link.sent[0].coalesce, link.sent[1].coalesce);
  EXPECT_NE(link.sent[1].payload.find(R"("event_type":"alarm_raised")"), std::string::npos);
}

}  // namespace
}  // namespace b2m

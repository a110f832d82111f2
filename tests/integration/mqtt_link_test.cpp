// SPDX-License-Identifier: MIT
// The link against a real mosquitto: messages both ways, loss, return, rivals, stopping.
#include <cstdlib>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/broker.hpp"
#include "tests/support/link_fixture.hpp"
#include "tests/support/test_client.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

TEST(MqttLink, SaysOnlineBeforeAnythingElseAndOfflineWhenItStops) {
  Broker broker;
  TestClient tap(broker.port());
  LinkUnderTest link(settings_for(broker.url()));
  link.user().when_online = [&] { link.send("base/value", "1"); };
  ASSERT_TRUE(link.run_until_online());
  ASSERT_TRUE(link.run_until_sent());
  const auto took = link.stop(1s);

  EXPECT_TRUE(tap.wait_for("base/bridge/state", "offline"));
  EXPECT_LT(took, 1600ms);  // Paho looks at its queue once a second when it misses a signal
  const auto heard = tap.all();
  ASSERT_EQ(heard.size(), 3U);
  EXPECT_EQ(heard[0].payload, "online");
  EXPECT_TRUE(heard[0].is_retained);
  EXPECT_EQ(heard[1].topic, "base/value");
  EXPECT_EQ(heard[2].payload, "offline");
  EXPECT_TRUE(heard[2].is_retained);
}

TEST(MqttLink, SpeaksMqtt5WhereItCan) {
  Broker broker;
  LinkUnderTest link(settings_for(broker.url()));
  ASSERT_TRUE(link.run_until_online());

  EXPECT_EQ(link->stats().protocol, 5);
}

TEST(MqttLink, Speaks311WhenTold) {
  Broker broker;
  auto settings = settings_for(broker.url());
  settings.protocol = 4;
  TestClient tap(broker.port());
  LinkUnderTest link(settings);
  ASSERT_TRUE(link.run_until_online());
  link.send("base/value", "1", 1);

  EXPECT_EQ(link->stats().protocol, 4);
  EXPECT_TRUE(link.run_until_sent());
  EXPECT_TRUE(tap.wait_for("base/value", "1"));
}

TEST(MqttLink, TellsRetainedMessagesAndAnswersAddresses) {
  Broker broker;
  TestClient tap(broker.port());
  tap.publish("in/old", "kept", {.is_retained = true});
  LinkUnderTest link(settings_for(broker.url()));
  ASSERT_TRUE(link.run_until([&] { return link.user().messages.size() == 1; }));
  EXPECT_TRUE(link.user().messages[0].retained);
  const std::string correlation("\x01\x00\xFF", 3);
  tap.publish("in/new", "", {.response_topic = "answers/1", .correlation = correlation});
  ASSERT_TRUE(link.run_until([&] { return link.user().messages.size() == 2; }));

  const auto& message = link.user().messages[1];
  EXPECT_FALSE(message.retained);
  EXPECT_EQ(message.payload, "");
  EXPECT_EQ(message.response_topic, "answers/1");
  EXPECT_EQ(message.correlation, correlation);
}

TEST(MqttLink, SendsCorrelationBack) {
  Broker broker;
  TestClient tap(broker.port());
  LinkUnderTest link(settings_for(broker.url()));
  ASSERT_TRUE(link.run_until_online());
  mqtt::Outgoing answer;
  answer.topic = "answers/1";
  answer.payload = "{}";
  answer.lane = mqtt::Lane::response;
  answer.qos = 1;
  answer.correlation = "abc";
  answer.content_type = "application/json";
  link->send(answer);

  ASSERT_TRUE(link.run_until_sent());
  ASSERT_TRUE(tap.wait_for("answers/1", "{}"));
  EXPECT_EQ(tap.last("answers/1")->correlation, "abc");
  EXPECT_EQ(tap.last("answers/1")->content_type, "application/json");
}

TEST(MqttLink, ExpiresMessagesThatNobodyFetchedInTime) {
  Broker broker;
  LinkUnderTest link(settings_for(broker.url()));
  ASSERT_TRUE(link.run_until_online());
  mqtt::Outgoing event;
  event.topic = "base/event";
  event.payload = "old";
  event.retain = true;
  event.qos = 1;
  event.expiry_s = 3;
  link->send(event);
  ASSERT_TRUE(link.run_until_sent());
  TestClient prompt(broker.port());
  EXPECT_TRUE(prompt.wait_for("base/event", "old"));

  const auto is_gone = [&] {
    TestClient late(broker.port());
    if (!late.wait_for("base/bridge/state", "online")) return false;
    return !late.last("base/event");
  };
  EXPECT_TRUE(link.run_until(is_gone, 10s));
}

TEST(MqttLink, CutsOffAHugePayloadAtTheDoor) {
  Broker broker;
  TestClient tap(broker.port());
  LinkUnderTest link(settings_for(broker.url()));
  ASSERT_TRUE(link.run_until_online());
  tap.publish("in/huge", std::string(1 << 20, 'x'));
  tap.publish("in/large", std::string(256 << 10, 'x'));
  ASSERT_TRUE(link.run_until([&] { return link.user().messages.size() == 2; }));

  EXPECT_TRUE(link.user().messages[0].too_large);
  EXPECT_TRUE(link.user().messages[0].payload.empty());
  EXPECT_FALSE(link.user().messages[1].too_large);
  EXPECT_EQ(link.user().messages[1].payload.size(), 256U << 10);
}

TEST(MqttLink, BoundsWhatComesInAndCountsTheRest) {
  Broker broker({.lines = {"max_queued_messages 0", "max_inflight_messages 0"}});
  LinkUnderTest link(settings_for(broker.url()));
  ASSERT_TRUE(link.run_until_online());
  const std::string pub = "mosquitto_pub -q 1 -p " + std::to_string(broker.port());
  const std::string flood = "seq 10000 | " + pub + " -t in/flood -l && " + pub + " -t in/last -m x";
  ASSERT_EQ(std::system(flood.c_str()), 0);  // while nobody fetches what comes in
  const auto is_last = [&] {
    return !link.user().messages.empty() && link.user().messages.back().topic == "in/last";
  };
  ASSERT_TRUE(link.run_until(is_last));

  const auto stats = link->stats();
  EXPECT_EQ(stats.received + stats.received_dropped, 10001U);
  EXPECT_EQ(stats.received, link.user().messages.size());
}

TEST(MqttLink, GoesOnAfterAMessageThatNobodyCanSend) {
  Broker broker;
  TestClient tap(broker.port());
  LinkUnderTest link(settings_for(broker.url()));
  ASSERT_TRUE(link.run_until_online());
  for (const std::string topic : {"", "a/#", "a/+", "a/\xFF\xFE"}) link.send(topic, "bad", 1);
  link.send("base/value", "good", 1);

  EXPECT_TRUE(link.run_until_sent());
  EXPECT_TRUE(tap.wait_for("base/value", "good"));
  EXPECT_EQ(link->stats().connects, 1U);
  EXPECT_EQ(link->stats().lanes.at("state").dropped, 4U);
}

TEST(MqttLink, StartsWithoutABrokerAndSendsTheNewestOnceItIsThere) {
  Broker broker;
  broker.kill();
  LinkUnderTest link(settings_for(broker.url()));
  for (int i = 0; i < 100; ++i) link.send("base/value", std::to_string(i), 1, true);
  ASSERT_TRUE(link.run_until([&] { return link->stats().failed_connects >= 1; }));
  EXPECT_EQ(link->stats().lanes.at("state").depth, 1U);
  broker.start();
  ASSERT_TRUE(link.run_until_online());
  ASSERT_TRUE(link.run_until_sent());

  TestClient tap(broker.port());
  EXPECT_TRUE(tap.wait_for("base/value", "99"));
  EXPECT_EQ(link.user().onlines, 1);
}

TEST(MqttLink, ComesBackToAnEmptyBrokerWithinTwoSeconds) {
  Broker broker;
  LinkUnderTest link(settings_for(broker.url()));
  link.user().when_online = [&] { link.send("base/value", "1", 1, true); };
  ASSERT_TRUE(link.run_until_online());
  ASSERT_TRUE(link.run_until_sent());
  broker.kill();
  ASSERT_TRUE(link.run_until([&] { return !link.user().offlines.empty(); }));
  broker.start();
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(link.run_until_online());
  ASSERT_TRUE(link.run_until_sent());

  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
  TestClient tap(broker.port());
  EXPECT_TRUE(tap.wait_for("base/value", "1"));
  EXPECT_TRUE(tap.wait_for("base/bridge/state", "online"));
}

TEST(MqttLink, LosesNoAlertWhenTheBrokerDiesInMidPublish) {
  Broker broker({.is_persistent = true, .lines = {"max_queued_messages 0"}});
  LinkUnderTest link(settings_for(broker.url()));
  ASSERT_TRUE(link.run_until_online());
  const auto alert = [&](int i) {
    mqtt::Outgoing m;
    m.topic = "base/alert/" + std::to_string(i);
    m.payload = "raised";
    m.qos = 1;
    m.lane = mqtt::Lane::alert;
    m.coalesce = m.topic;
    link->send(m);
  };
  for (int i = 0; i < 2000; ++i) alert(i);
  ASSERT_TRUE(link.run_until([&] { return link->stats().lanes.at("alert").sent >= 100; }));
  broker.kill();
  ASSERT_TRUE(link.run_until([&] { return !link->is_online(); }));
  const auto stats = link->stats().lanes.at("alert");
  const auto confirmed = stats.sent;
  EXPECT_GE(stats.depth + stats.sent, 2000U);
  broker.start();
  TestClient tap(broker.port());
  ASSERT_TRUE(link.run_until_online());
  ASSERT_TRUE(link.run_until_sent());

  EXPECT_TRUE(tap.wait_for("base/alert/1999", "raised"));
  std::map<std::string, int> heard;
  for (const auto& m : tap.all()) ++heard[m.topic];
  EXPECT_GE(heard.size(), 2000U - confirmed);
}

TEST(MqttLink, KeepsTryingForAnHourOfVirtualTime) {
  VirtualClock clock;
  mqtt::LinkSettings settings = settings_for("mqtt://127.0.0.1:" + std::to_string(free_port()));
  RememberingUser user;
  auto link = mqtt::make_paho_link(clock.executor(), clock, settings);
  link->start(user);
  const auto failed = [&](std::uint64_t count) {  // attempts take real time, pauses none
    return clock.run_until([&] {
      if (link->stats().failed_connects >= count) return true;
      clock.advance(10ms);
      return false;
    });
  };
  ASSERT_TRUE(failed(1));
  for (std::uint64_t i = 1; i <= 5; ++i) {
    clock.advance(790ms);
    EXPECT_EQ(link->stats().failed_connects, i);
    ASSERT_TRUE(failed(i + 1));
  }
  clock.advance(1h);
  EXPECT_TRUE(failed(7));
}

TEST(MqttLink, NamesARivalAndDoesNotPlayPingPong) {
  Broker broker;
  LinkUnderTest first(settings_for(broker.url()));
  ASSERT_TRUE(first.run_until_online());
  LinkUnderTest second(settings_for(broker.url()));
  ASSERT_TRUE(second.run_until_online());
  const auto has_named = [&] {
    second.run_until([] { return false; }, 20ms);
    for (auto* link : {&first, &second})
      for (const std::string& reason : link->user().offlines)
        if (reason.find("another client uses the id") != std::string::npos) return true;
    return false;
  };

  EXPECT_TRUE(first.run_until(has_named, 30s));
  EXPECT_LE(first->stats().connects + second->stats().connects, 8U);
}

TEST(MqttLink, StopsInTimeWhenTheBrokerIsFrozen) {
  Broker broker;
  LinkUnderTest link(settings_for(broker.url()));
  ASSERT_TRUE(link.run_until_online());
  ASSERT_TRUE(link.run_until_sent());
  broker.freeze();
  for (int i = 0; i < 1000; ++i) link.send("base/" + std::to_string(i), std::string(10000, 'x'), 1);
  const auto took = link.stop(300ms);
  broker.thaw();

  EXPECT_LT(took, 1500ms);
}

TEST(MqttLink, DoesNotGrowInFrontOfAFrozenBroker) {
  Broker broker;
  LinkUnderTest link(settings_for(broker.url()));
  ASSERT_TRUE(link.run_until_online());
  ASSERT_TRUE(link.run_until_sent());
  broker.freeze();
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 500; ++i)
      link.send("base/" + std::to_string(i), std::string(1000, 'x'), round % 2);
    link.run_until([] { return false; }, 1ms);
  }
  const auto stats = link->stats();
  EXPECT_LE(stats.in_flight, 100U);
  EXPECT_LE(stats.lanes.at("state").depth, 500U);
  broker.thaw();
  EXPECT_TRUE(link.run_until_sent());
}

TEST(MqttLink, NoticesAFrozenBrokerByItsSilence) {
  Broker broker;
  auto settings = settings_for(broker.url());
  settings.keep_alive_s = 1;
  LinkUnderTest link(settings);
  ASSERT_TRUE(link.run_until_online());
  broker.freeze();
  EXPECT_TRUE(link.run_until([&] { return !link->is_online(); }, 8s));
  broker.thaw();
  EXPECT_TRUE(link.run_until_online());
}

TEST(MqttLink, EndsCleanlyInTheMiddleOfConnecting) {
  Broker broker;
  for (int i = 0; i < 20; ++i) {
    LinkUnderTest link(settings_for(broker.url()));
    link.run_until([] { return false; }, std::chrono::milliseconds(i));
  }
}

}  // namespace
}  // namespace b2m::test

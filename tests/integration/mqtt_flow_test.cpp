// SPDX-License-Identifier: MIT
// How much goes out at once and what is made of a broker that says no to a message.
#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/broker.hpp"
#include "tests/support/link_fixture.hpp"
#include "tests/support/test_client.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

mqtt::Outgoing event(int i) {
  mqtt::Outgoing m;
  m.topic = "base/bridge/event";
  m.payload = std::to_string(i);
  m.lane = mqtt::Lane::event;
  m.qos = 1;
  return m;
}

/// Paho waits for a second when it may not send because the broker has to acknowledge first.
/// What a newcomer is told, asked by a program of its own: two Paho clients in one process stall
/// each other.
std::string retained(int port, const std::string& topic) {
  const std::string command =
      "mosquitto_sub -p " + std::to_string(port) + " -t " + topic + " -C 1 -W 5";
  std::string said;
  std::array<char, 256> buffer{};
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (pipe && fgets(buffer.data(), buffer.size(), pipe.get())) said = buffer.data();
  while (said.ends_with('\n')) said.pop_back();
  return said;
}

TEST(MqttFlow, SendsABurstWithoutPausesThoughTheBrokerTakesFewAtOnce) {
  Broker broker({.lines = {"max_inflight_messages 5"}});
  LinkUnderTest link(settings_for(broker.url()));
  ASSERT_TRUE(link.run_until_online());
  ASSERT_TRUE(link.run_until_sent());
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 90; ++i) link->send(event(i));
  EXPECT_LE(link->stats().in_flight, 5U);
  ASSERT_TRUE(link.run_until_sent());

  EXPECT_LT(std::chrono::steady_clock::now() - start, 900ms);
}

TEST(MqttFlow, DoesNotRepeatForEverWhatTheBrokerRefuses) {
  ScratchFolder folder;
  std::ofstream(folder / "acl") << "topic readwrite base/#\ntopic read in/#\n";
  Broker broker({.lines = {"acl_file " + (folder / "acl")}});
  LinkUnderTest link(settings_for(broker.url()));
  ASSERT_TRUE(link.run_until_online());
  link.send("elsewhere/value", "1", 1);
  ASSERT_TRUE(link.run_until_sent());

  EXPECT_EQ(link->stats().lanes.at("state").dropped, 1U);
  EXPECT_TRUE(link->is_online());
}

TEST(MqttFlow, KeepsTheOrderOfEventsOverALoss) {
  Broker broker;
  LinkUnderTest link(settings_for(broker.url()));
  ASSERT_TRUE(link.run_until_online());
  ASSERT_TRUE(link.run_until_sent());
  broker.freeze();
  for (int i = 0; i < 300; ++i) link->send(event(i));
  broker.kill();
  ASSERT_TRUE(link.run_until([&] { return !link->is_online(); }));
  broker.start();
  TestClient tap(broker.port(), "base/bridge/event");
  ASSERT_TRUE(link.run_until_online());
  ASSERT_TRUE(link.run_until_sent());
  ASSERT_TRUE(tap.wait_for("base/bridge/event", "299"));

  int next = 0;
  for (const Heard& m : tap.all()) EXPECT_EQ(m.payload, std::to_string(next++));
  EXPECT_EQ(next, 300);
}

TEST(MqttFlow, HoldsBackCommandsWhileItsAnswersPileUpAndDropsOldEventsOnly) {
  Broker broker;
  auto settings = settings_for(broker.url());
  settings.response_queue = 10;
  settings.event_queue = 20;
  LinkUnderTest link(settings);
  ASSERT_TRUE(link.run_until_online());
  broker.kill();
  ASSERT_TRUE(link.run_until([&] { return !link->is_online(); }));
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(link->takes_commands());
    link.send("base/bridge/response/x", std::to_string(i), 1, false, mqtt::Lane::response);
  }
  for (int i = 0; i < 50; ++i) link->send(event(i));
  for (int i = 0; i < 7; ++i) link.send("base/log", "line", 0, false, mqtt::Lane::log);
  EXPECT_FALSE(link->takes_commands());
  const auto lanes = link->stats().lanes;
  EXPECT_EQ(lanes.at("response").dropped, 0U);
  EXPECT_EQ(lanes.at("event").depth, 20U);
  EXPECT_EQ(lanes.at("event").dropped, 30U);
  EXPECT_EQ(lanes.at("log").dropped, 7U);
  broker.start();
  TestClient tap(broker.port());
  ASSERT_TRUE(link.run_until_online());

  EXPECT_TRUE(tap.wait_for("base/bridge/response/x", "9"));
  EXPECT_TRUE(link->takes_commands());
}

TEST(MqttFlow, SaysOfflineThoughMuchIsStillWaitingWhenItStops) {
  Broker broker;
  LinkUnderTest link(settings_for(broker.url()));
  ASSERT_TRUE(link.run_until_online());
  for (int i = 0; i < 100000; ++i) link.send("base/" + std::to_string(i), std::string(100, 'x'), 1);
  const auto took = link.stop(600ms);

  EXPECT_LT(took, 1s);
  EXPECT_EQ(retained(broker.port(), "base/bridge/state"), "offline");
}

}  // namespace
}  // namespace b2m::test

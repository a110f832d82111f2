// SPDX-License-Identifier: MIT
// What the lanes promise while nothing can be sent, and in which order it goes out afterwards.
#include <gtest/gtest.h>

#include "gateway/mqtt/outbox.hpp"

namespace b2m::mqtt {
namespace {

Outgoing message(Lane lane, std::string topic, std::string payload, std::string coalesce = "") {
  Outgoing m;
  m.lane = lane;
  m.topic = std::move(topic);
  m.payload = std::move(payload);
  m.coalesce = std::move(coalesce);
  return m;
}

std::string drain(Outbox& box) {
  std::string all;
  while (auto m = box.pop()) all += (all.empty() ? "" : " ") + m->topic + "=" + m->payload;
  return all;
}

class MqttOutbox : public testing::Test {
 protected:
  Outbox box{{.responses = 2, .events = 3, .logs = 2}};
};

TEST_F(MqttOutbox, KeepsOnlyTheNewestStateOfATopicInItsPlace) {
  box.push(message(Lane::state, "a", "1"));
  box.push(message(Lane::state, "b", "1"));
  box.push(message(Lane::state, "a", "2"));

  EXPECT_EQ(box.depth(Lane::state), 2U);
  EXPECT_EQ(drain(box), "a=2 b=1");
}

TEST_F(MqttOutbox, DoesNotGrowWithTheNumberOfChanges) {
  for (int i = 0; i < 100000; ++i) box.push(message(Lane::state, "a", std::to_string(i)));

  EXPECT_EQ(box.depth(Lane::state), 1U);
  EXPECT_EQ(drain(box), "a=99999");
}

Outgoing retained(std::string topic, std::string payload) {
  Outgoing m = message(Lane::state, std::move(topic), std::move(payload));
  m.retain = true;
  return m;
}

TEST_F(MqttOutbox, ForgetsATopicOnceTheBrokerHasForgottenIt) {
  for (int i = 0; i < 1000; ++i) {
    const std::string topic = "job/" + std::to_string(i);
    box.push(retained(topic, "{}"));
    box.sent(*box.pop());
    box.push(retained(topic, ""));
    box.sent(*box.pop());
  }

  EXPECT_EQ(box.keys(), 0U);
}

TEST_F(MqttOutbox, AForgottenTopicThatComesAgainIsNotOvertakenByWhatWasOnItsWay) {
  box.push(retained("a", "old"));
  const auto old = box.pop();
  box.push(retained("a", ""));
  box.sent(*box.pop());
  box.push(retained("a", "new"));
  const auto fresh = box.pop();

  box.put_back(*fresh);
  box.put_back(*old);

  EXPECT_EQ(drain(box), "a=new");
}

TEST_F(MqttOutbox, ATopicThatIsWantedAgainIsNotForgotten) {
  box.push(retained("a", ""));
  const auto farewell = box.pop();
  box.push(retained("a", "again"));

  box.sent(*farewell);

  EXPECT_EQ(drain(box), "a=again");
}

TEST_F(MqttOutbox, QueuesATopicAgainAfterItWasSent) {
  box.push(message(Lane::state, "a", "1"));
  ASSERT_TRUE(box.pop());
  box.push(message(Lane::state, "a", "2"));

  EXPECT_EQ(drain(box), "a=2");
}

TEST_F(MqttOutbox, KeepsTheNewestOfEveryAlertHoweverMany) {
  for (int i = 0; i < 5000; ++i)
    box.push(message(Lane::alert, "e", "raised", "pack" + std::to_string(i)));
  box.push(message(Lane::alert, "e", "cleared", "pack0"));

  EXPECT_EQ(box.depth(Lane::alert), 5000U);
  EXPECT_EQ(box.pop()->payload, "cleared");
  EXPECT_EQ(box.stats().at("alert").dropped, 0U);
}

TEST_F(MqttOutbox, HasNoRoomForResponsesWhenTheQueueIsFullAndKeepsThePromisedOnes) {
  box.push(message(Lane::response, "r", "1"));
  EXPECT_TRUE(box.has_response_room());
  box.push(message(Lane::response, "r", "2"));
  EXPECT_FALSE(box.has_response_room());
  box.push(message(Lane::response, "r", "3"));

  EXPECT_EQ(drain(box), "r=1 r=2");
  EXPECT_EQ(box.stats().at("response").dropped, 1U);
  EXPECT_TRUE(box.has_response_room());
}

TEST_F(MqttOutbox, DropsTheOldestEventAndCountsIt) {
  for (const char* p : {"1", "2", "3", "4"}) box.push(message(Lane::event, "e", p));

  EXPECT_EQ(box.stats().at("event").dropped, 1U);
  EXPECT_EQ(drain(box), "e=2 e=3 e=4");
}

TEST_F(MqttOutbox, DropsLogLinesAtOnceWhenTold) {
  box.push(message(Lane::log, "l", "1"));
  box.push(message(Lane::log, "l", "2"));
  box.drop_logs();

  EXPECT_TRUE(box.empty());
  EXPECT_EQ(box.stats().at("log").dropped, 2U);
}

TEST_F(MqttOutbox, SendsResponsesAndAlertsFirst) {
  box.push(message(Lane::log, "log", "1"));
  box.push(message(Lane::history, "history", "1"));
  box.push(message(Lane::event, "event", "1"));
  box.push(message(Lane::state, "state", "1"));
  box.push(message(Lane::alert, "alert", "1", "k"));
  box.push(message(Lane::response, "response", "1"));

  EXPECT_EQ(drain(box), "response=1 alert=1 state=1 event=1 history=1 log=1");
}

TEST_F(MqttOutbox, PutsALostStateBackUnlessANewerOneWaits) {
  box.push(message(Lane::state, "a", "old"));
  box.push(message(Lane::state, "b", "old"));
  Outgoing a = *box.pop();
  Outgoing b = *box.pop();
  box.push(message(Lane::state, "a", "new"));
  box.put_back(std::move(a));
  box.put_back(std::move(b));

  EXPECT_EQ(drain(box), "b=old a=new");
}

TEST_F(MqttOutbox, ForgetsALostStateThatANewerOneHasOvertaken) {
  box.push(message(Lane::state, "a", "old"));
  Outgoing old = *box.pop();
  box.push(message(Lane::state, "a", "new"));
  Outgoing newer = *box.pop();  // both are on their way when the connection breaks
  box.put_back(std::move(old));
  box.put_back(std::move(newer));

  EXPECT_EQ(drain(box), "a=new");
}

TEST_F(MqttOutbox, PutsLostStatesBackInTheOrderTheyHad) {
  for (const char* topic : {"a", "b", "c"}) box.push(message(Lane::state, topic, "1"));
  Outgoing a = *box.pop();
  Outgoing b = *box.pop();
  box.put_back(std::move(b));  // the last one first
  box.put_back(std::move(a));

  EXPECT_EQ(drain(box), "a=1 b=1 c=1");
}

TEST_F(MqttOutbox, PutsALostAnswerBackInFront) {
  box.push(message(Lane::response, "r", "1"));
  Outgoing lost = *box.pop();
  box.push(message(Lane::response, "r", "2"));
  box.put_back(std::move(lost));

  EXPECT_EQ(drain(box), "r=1 r=2");
}

TEST_F(MqttOutbox, KeepsEventsThatComeBackWithinTheLimit) {
  box.push(message(Lane::event, "e", "1"));
  Outgoing lost = *box.pop();
  for (const char* p : {"2", "3", "4"}) box.push(message(Lane::event, "e", p));
  box.put_back(std::move(lost));

  EXPECT_EQ(drain(box), "e=2 e=3 e=4");
  EXPECT_EQ(box.stats().at("event").dropped, 1U);
}

}  // namespace
}  // namespace b2m::mqtt

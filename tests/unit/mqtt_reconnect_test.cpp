// SPDX-License-Identifier: MIT
// The pauses between attempts, and telling a rival from a restarting broker.
#include <set>

#include <gtest/gtest.h>

#include "gateway/mqtt/reconnect.hpp"

namespace b2m::mqtt {
namespace {

using namespace std::chrono_literals;

TEST(MqttReconnect, TriesAnAbsentBrokerEverySecondGiveOrTakeAFifthForEver) {
  Reconnect policy(1);
  std::set<SteadyDuration> pauses;
  for (int i = 0; i < 3600; ++i) pauses.insert(policy.after_unreachable());

  EXPECT_GE(*pauses.begin(), 800ms);
  EXPECT_LE(*pauses.rbegin(), 1200ms);
  EXPECT_GT(pauses.size(), 100U);
}

TEST(MqttReconnect, DoublesThePauseAfterARefusalUpToAMinute) {
  Reconnect policy(1);
  for (const auto wanted : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s})
    EXPECT_EQ(policy.after_refusal(), wanted);

  policy.on_connected();
  EXPECT_EQ(policy.after_refusal(), 1s);
}

TEST(MqttReconnect, BacksOffFromARivalThatTheBrokerNames) {
  Reconnect policy(1);
  for (const auto wanted : {1s, 2s, 4s}) {
    const auto loss = policy.after_loss(500ms, true);
    EXPECT_TRUE(loss.is_rival);
    EXPECT_EQ(loss.pause, wanted);
    policy.on_connected();
  }
}

TEST(MqttReconnect, SuspectsARivalAfterThreeShortLives) {
  Reconnect policy(1);
  EXPECT_FALSE(policy.after_loss(1s, false).is_rival);
  EXPECT_FALSE(policy.after_loss(1s, false).is_rival);
  EXPECT_TRUE(policy.after_loss(1s, false).is_rival);
}

TEST(MqttReconnect, DoesNotLetTwoRivalsFallBackIntoTurns) {
  Reconnect policy(1);
  SteadyDuration pause{};
  for (int i = 0; i < 12; ++i) pause = policy.after_loss(pause, false).pause;  // it waits as we do

  EXPECT_EQ(pause, 60s);
}

TEST(MqttReconnect, ForgetsARivalAfterALongLife) {
  Reconnect policy(1);
  for (int i = 0; i < 8; ++i) (void)policy.after_loss(1s, true);

  EXPECT_FALSE(policy.after_loss(1h, false).is_rival);
  EXPECT_EQ(policy.after_refusal(), 1s);
}

}  // namespace
}  // namespace b2m::mqtt

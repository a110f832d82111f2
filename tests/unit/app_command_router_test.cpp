// SPDX-License-Identifier: MIT
#include <algorithm>

#include <gtest/gtest.h>

#include "gateway/app/command_router.hpp"
#include "tests/support/recording_link.hpp"
#include "tests/support/site_fixture.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;

struct CommandRouterTest : testing::Test {
  test::VirtualClock clock;
  test::SiteFixture site{{.charging = true}};
  test::RecordingLink link;
  discovery::Topics topics{"battery2mqtt", "homeassistant", "battery2mqtt"};
  std::vector<std::string> told;
  app::CommandRouter router{site.site(), topics, link, clock, hooks()};

  app::CommandRouter::Hooks hooks() {
    app::CommandRouter::Hooks h;
    h.submit = [](const Intent&) {};
    h.note = [this](DeviceId, const Note& n) { told.push_back(n.message); };
    h.publish_now = [](Slot) {};
    return h;
  }
  void send(const std::string& below, const std::string& payload, bool retained = false) {
    mqtt::Incoming message;
    message.topic = "battery2mqtt/" + below;
    message.payload = payload;
    message.retained = retained;
    message.response_topic = "answers";
    router.on_message(message, *topics.parse(message.topic));
  }
  [[nodiscard]] bool was_told(const std::string& part) const {
    return std::ranges::any_of(
        told, [&](const std::string& one) { return one.find(part) != std::string::npos; });
  }
};

TEST_F(CommandRouterTest, EveryRefusalAtOnceIsAnEventWithItsOwnReason) {
  send("pack1/charging/set", "maybe");
  send("pack1/voltage/set", "12");
  send("pack9/charging/set", "ON");

  EXPECT_TRUE(was_told("neither ON nor OFF"));
  EXPECT_TRUE(was_told("read-only")) << "right behind another refusal";
  EXPECT_TRUE(was_told("no device \"pack9\""));
  EXPECT_EQ(link.on("answers").size(), 3U);
}

TEST_F(CommandRouterTest, RepeatsOfOneRefusalAreSummedUp) {
  for (int i = 0; i < 5; ++i) send("pack1/charging/set", "maybe");
  EXPECT_EQ(told.size(), 1U);
  EXPECT_EQ(link.on("answers").size(), 5U) << "who asks for an answer gets one";

  clock.advance(1s);
  send("pack1/charging/set", "maybe");

  ASSERT_EQ(told.size(), 2U);
  EXPECT_TRUE(was_told("(and 4 more refusals)")) << told[1];
}

TEST_F(CommandRouterTest, AFloodIsTurnedAwayInFewEventsWhateverItAddresses) {
  for (int i = 0; i < 1000; ++i) send("pack" + std::to_string(i) + "/charging/set", "ON", true);

  EXPECT_EQ(told.size(), 1U);
  EXPECT_EQ(router.refused(), 1000U);
}

}  // namespace
}  // namespace b2m

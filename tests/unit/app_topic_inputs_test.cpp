// SPDX-License-Identifier: MIT
// Numbers from foreign topics, and the CSV of bridge/request/export.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/app/topic_inputs.hpp"
#include "tests/support/discovery_sites.hpp"

namespace b2m::app {
namespace {

using ::testing::ElementsAre;

TEST(TopicNumber, IsPlainOrUnderAKeyOfJson) {
  EXPECT_EQ(*number_in("0.31", ""), 0.31);
  EXPECT_EQ(*number_in(" -2\n", ""), -2);
  EXPECT_EQ(*number_in(R"({"price":0.31,"unit":"EUR"})", "price"), 0.31);
  EXPECT_EQ(*number_in(R"({"t":"21.5"})", "t"), 21.5) << "some devices send text";
}

TEST(TopicNumber, EverythingElseIsUnknown) {
  for (const char* payload : {"", "unknown", "1,5", "nan", "inf", "1e999", "0x10", "{}", "1 EUR"})
    EXPECT_FALSE(number_in(payload, "")) << payload;
  for (const char* payload : {"", "0.31", "{}", R"({"price":null})", R"({"price":true})",
                              R"({"price":[1]})", R"({"price":"low"})", "[", "{\"price\":1e999}"})
    EXPECT_FALSE(number_in(payload, "price")) << payload;
  EXPECT_FALSE(number_in(std::string(100'000, '['), "price")) << "no stack for this";
}

struct TopicInputsTest : ::testing::Test {
  TopicInputsTest() {
    config::Charger charger;
    charger.plug = "garage";
    charger.price_topic = "tariff/now";
    charger.price_key = "price";
    charger.temperature_topic = "shed/temperature";
    chargers.push_back(charger);
    charger.plug = "shed";
    charger.temperature_topic.clear();
    chargers.push_back(charger);
  }
  void message(const std::string& topic, const std::string& payload, bool too_large = false) {
    mqtt::Incoming in;
    in.topic = topic;
    in.payload = payload;
    in.too_large = too_large;
    is_ours = inputs().on_message(in);
  }
  TopicInputs& inputs() {
    if (!made)
      made.emplace(*site, chargers, [this](Slot slot, double value, Quality quality) {
        values[slot] = {value, {}, quality};
      });
    return *made;
  }
  Reading value(const std::string& device, const std::string& key) {
    return values.at(site->find(device, key)->slot);
  }

  test::DiscoverySite site{{}, {}, {}, {{"garage", "Garage", true}, {"shed", "Shed", true}}};
  std::vector<config::Charger> chargers;
  std::optional<TopicInputs> made;
  std::map<Slot, Reading> values;
  bool is_ours = false;
};

TEST_F(TopicInputsTest, SubscribeEachTopicOnce) {
  EXPECT_THAT(inputs().filters(), ElementsAre("tariff/now", "shed/temperature"));
}

TEST_F(TopicInputsTest, OneTopicServesSeveralChargers) {
  message("tariff/now", R"({"price":0.12})");

  EXPECT_TRUE(is_ours);
  EXPECT_EQ(value("garage", "price").value, 0.12);
  EXPECT_EQ(value("shed", "price").value, 0.12);
}

TEST_F(TopicInputsTest, WhatIsNoNumberIsUnknownAndNotTheLastOne) {
  message("shed/temperature", "20");
  message("shed/temperature", "unavailable");
  EXPECT_EQ(value("garage", "ambient_temperature").quality, Quality::missing);

  message("shed/temperature", "1000");
  EXPECT_EQ(value("garage", "ambient_temperature").quality, Quality::missing) << "no such weather";

  message("shed/temperature", "21", true);
  EXPECT_EQ(value("garage", "ambient_temperature").quality, Quality::missing) << "cut off";
}

TEST_F(TopicInputsTest, OtherTopicsAreNotTheirs) {
  message("elsewhere", "1");

  EXPECT_FALSE(is_ours);
}

}  // namespace
}  // namespace b2m::app

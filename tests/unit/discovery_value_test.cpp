// SPDX-License-Identifier: MIT
#include <chrono>
#include <limits>

#include <gtest/gtest.h>

#include "discovery/value.hpp"
#include "tests/support/discovery_sites.hpp"

namespace b2m::discovery {
namespace {

const std::vector<PointRow> kExtras = test::setting_rows_and(
    {"since", Scope::pack, Origin::measured, Platform::sensor, kind::kStart, "Since"});

class Values : public testing::Test {
 protected:
  test::DiscoverySite site{test::Packs(1), {Control::charging}, kExtras};

  const Entity& entity(std::string_view key) { return *site->find("pack1", key); }
  std::string payload(std::string_view key, double value, std::string_view text = {}) {
    return format_value(entity(key), {value, {}, Quality::good}, text);
  }
  std::string error(std::string_view key, std::string_view payload) {
    const auto command = parse_command(entity(key), payload);
    return command ? "accepted" : command.error().text();
  }
};

TEST_F(Values, HaveAFixedNumberOfDecimals) {
  EXPECT_EQ(payload("cell_01_voltage", 12.75), "12.750");
  EXPECT_EQ(payload("cell_01_temperature", 20), "20.0");
  EXPECT_EQ(payload("cell_01_temperature", -0.04), "0.0") << "never -0.0";
  EXPECT_EQ(payload("cell_01_temperature", -0.06), "-0.1");
}

TEST_F(Values, AreNeverWhatHomeAssistantStumblesOver) {
  EXPECT_EQ(payload("voltage", std::numeric_limits<double>::quiet_NaN()), "None");
  EXPECT_EQ(payload("voltage", std::numeric_limits<double>::infinity()), "None");
  EXPECT_EQ(payload("voltage", 1e300), "None");
  EXPECT_EQ(payload("mode", 7), "None");
  EXPECT_EQ(payload("mode", -1), "None");
  EXPECT_EQ(payload("mode", std::numeric_limits<double>::quiet_NaN()), "None");
  EXPECT_EQ(payload("charging", std::numeric_limits<double>::quiet_NaN()), "None");
  EXPECT_EQ(payload("since", -1), "None");
  EXPECT_EQ(payload("bms_error", 0, ""), "None") << "an empty retained payload deletes the topic";
  EXPECT_EQ(payload("bms_error", 0, std::string(300, 'x')).size(), kMaxTextBytes);
  EXPECT_EQ(payload("bms_error", 0, "a\xFF"), "a?");
}

TEST_F(Values, AreUnknownUnlessGood) {
  for (const Quality q : {Quality::missing, Quality::suspect, Quality::stale})
    EXPECT_EQ(format_value(entity("voltage"), {12.0, {}, q}, ""), "None");
}

TEST_F(Values, ShowStatesOptionsTextsAndTimes) {
  EXPECT_EQ(payload("charging", 1), "ON");
  EXPECT_EQ(payload("charging", 0), "OFF");
  EXPECT_EQ(payload("mode", 1), "full");
  EXPECT_EQ(payload("bms_error", 0, "C80A11"), "C80A11");
  EXPECT_EQ(payload("since", 1795251847), "2026-11-21T09:04:07+00:00");
  EXPECT_EQ(format_value(*site->find("bridge", "connection"), {1, {}, Quality::good}, ""),
            "online");
}

TEST_F(Values, TakesCommandsInTheFormThatTheirPlatformHas) {
  EXPECT_EQ(parse_command(entity("charging"), "ON")->value, 1);
  EXPECT_EQ(parse_command(entity("charging"), "OFF")->value, 0);
  EXPECT_EQ(parse_command(entity("mode"), "full")->value, 1);
  EXPECT_DOUBLE_EQ(parse_command(entity("target"), "80.5")->value, 80.5);
  EXPECT_EQ(parse_command(entity("nickname"), "{not JSON")->text, "{not JSON");
  EXPECT_EQ(parse_command(*site->find("bridge", "restart"), "PRESS")->value, 1);
}

TEST_F(Values, TakesTheJsonFormWithExpiryAndTransaction) {
  const auto command = parse_command(
      entity("charging"),
      R"({"value":true,"expires_at":"2026-11-21T10:04:07+01:00","transaction":"t1"})");

  ASSERT_TRUE(command);
  EXPECT_EQ(command->value, 1);
  EXPECT_EQ(command->expires_at, WallTime{std::chrono::seconds{1795251847}});
  EXPECT_EQ(command->transaction, "\"t1\"");
  EXPECT_EQ(parse_command(entity("target"), R"({"value":50,"expires_at":1795251847})")->expires_at,
            command->expires_at);
}

TEST_F(Values, SaysWhatIsExpectedInsteadOfABadCommand) {
  EXPECT_EQ(error("charging", "on"), "charging: \"on\" is neither ON nor OFF");
  EXPECT_EQ(error("charging", ""), "charging: the payload is empty");
  EXPECT_EQ(error("charging", "ON\n"), "charging: \"ON?\" is neither ON nor OFF");
  EXPECT_EQ(error("charging", "\xFF"), "charging: the payload is not UTF-8");
  EXPECT_EQ(error("charging", std::string(1 << 20, 'x')),
            "charging: the payload has 1048576 bytes, at most 1024 are allowed");
  EXPECT_EQ(error("mode", "half"), "mode: \"half\" is none of: off, full");
  EXPECT_EQ(error("target", "5"), "target: 5 is not in 10 to 100 %");
  EXPECT_EQ(error("target", "80.55"), "target: 80.55 is no multiple of 0.1");
  EXPECT_EQ(error("target", "nan"), "target: \"nan\" is no decimal number such as 42 or 4.2");
  EXPECT_EQ(error("target", "80 %"), "target: \"80 %\" is no decimal number such as 42 or 4.2");
  EXPECT_EQ(error("voltage", "12"), "voltage: is a value of the device and takes no commands");
}

TEST_F(Values, RefusesBadJson) {
  for (const std::string_view payload :
       {R"({"value":"on"})", R"({"value":1})", R"({"value":null})", R"({"value":[]})", "{}",
        R"({"value":"ON","other":1})", R"({"value":"ON","expires_at":"soon"})",
        R"({"value":"ON","expires_at":1e300})", R"({"value":"ON","transaction":[1]})", "{",
        R"({"value":{"a":{"b":{"c":{"d":1}}}}})"})
    EXPECT_NE(error("charging", payload), "accepted") << payload;
  EXPECT_NE(error("target", R"({"value":1e999})"), "accepted");
}

TEST_F(Values, NamesTheLineToAddWhenSwitchingIsNotAllowed) {
  const test::DiscoverySite locked(test::Packs(1), {});

  const auto command = parse_command(*locked->find("pack1", "charging"), "ON");

  ASSERT_FALSE(command);
  EXPECT_EQ(command.error().code, Errc::not_allowed);
  EXPECT_NE(command.error().text().find("add \"charging\" to allow in [control]"),
            std::string::npos);
}

TEST_F(Values, SetsSeveralKeysAtOnceOrNone) {
  const Device& pack = *site->find("pack1");

  const auto good = parse_device_set(*site, pack, R"({"charging":"ON","target":80})");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->size(), 2U);

  for (const std::string_view bad :
       {R"({"charging":"ON","target":5})", R"({"charging":"ON","nonsense":1})", "[]", "{}", "",
        "null", R"({"charging":"ON","voltage":1})", R"({"transaction":1})"})
    EXPECT_FALSE(parse_device_set(*site, pack, bad)) << bad;
}

}  // namespace
}  // namespace b2m::discovery

// SPDX-License-Identifier: MIT
// [[kasa]] tables, right and wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/adapter.hpp"
#include "adapters/kasa/settings.hpp"
#include "config/load.hpp"
#include "tests/support/config_file.hpp"

namespace b2m {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

config::Loaded load(const std::string& text) {
  const testing::ConfigFolder folder;
  return config::load(folder.write("b.toml", text), adapter_kinds());
}

std::string mistakes(const std::string& text) { return config::list(load(text).mistakes); }

kasa::KasaSettings settings(const std::string& text) {
  const config::Loaded loaded = load(text);
  EXPECT_THAT(config::list(loaded.mistakes), IsEmpty());
  return std::any_cast<kasa::KasaSettings>(loaded.config->adapters.at(0).settings);
}

constexpr auto kHead = "[[kasa]]\nid = \"plugs\"\n";

TEST(KasaSettings, ReadsPlugsAndStrips) {
  const auto kasa = settings(std::string(kHead) + R"(
username = "me@example.org"
password = "secret"
[[kasa.plug]]
id = "garage"
model = "KP115"
match = { alias = "rad_battery_1" }
[[kasa.plug]]
id = "bench"
meter = false
match = { mac = "c0-06-c3-00-00-01", child = 2 }
[[kasa.plug]]
id = "fan"
match = { host = "192.168.1.9", port = 9999, transport = "xor", child = "Fan" }
[[kasa.strip]]
id = "strip"
sockets = 3
match = { device_id = "0123456789ABCDEF0123456789abcdef01234567" }
)");

  ASSERT_EQ(kasa.plugs.size(), 3U);
  EXPECT_EQ(kasa.plugs[0].match.alias, "rad_battery_1");
  EXPECT_EQ(kasa.plugs[1].match.child->number, 2);
  EXPECT_EQ(kasa.plugs[1].meter, false);
  EXPECT_EQ(kasa.plugs[2].match.child->alias, "Fan");
  EXPECT_EQ(kasa.strips.at(0).sockets, 3);
  EXPECT_EQ(kasa.poll_s, 15);
}

TEST(KasaSettings, APlugWithoutMatchIsRefused) {
  EXPECT_THAT(mistakes(std::string(kHead) + "[[kasa.plug]]\nid = \"garage\"\n"),
              HasSubstr("it is not said which plug this is"));
}

TEST(KasaSettings, AnUnknownModelGetsTheNearestOne) {
  EXPECT_THAT(mistakes(std::string(kHead) +
                       "[[kasa.plug]]\nid = \"a\"\nmodel = \"KP116\"\nmatch = { alias = \"a\" }\n"),
              HasSubstr("did you mean \"KP115\"?"));
}

TEST(KasaSettings, AModelOfTwoHardwareFamiliesIsKnown) {
  EXPECT_THAT(mistakes(std::string(kHead) +
                       "[[kasa.plug]]\nid = \"a\"\nmodel = \"EP25\"\nmatch = { alias = \"a\" }\n"),
              IsEmpty());
}

TEST(KasaSettings, SocketsMustFitTheModel) {
  EXPECT_THAT(mistakes(std::string(kHead) + "[[kasa.strip]]\nid = \"s\"\nmodel = \"KP303\"\n"
                                            "match = { alias = \"a\" }\n"),
              HasSubstr("KP303 has 3 sockets, not 6"));
  EXPECT_THAT(mistakes(std::string(kHead) + "[[kasa.strip]]\nid = \"s\"\nsockets = 0\n"
                                            "match = { alias = \"a\" }\n"),
              HasSubstr("out of range"));
  EXPECT_THAT(mistakes(std::string(kHead) + "[[kasa.strip]]\nid = \"s\"\nmodel = \"KP115\"\n"
                                            "sockets = 1\nmatch = { alias = \"a\" }\n"),
              HasSubstr("KP115 is no strip"));
}

TEST(KasaSettings, AStripHasNoChild) {
  EXPECT_THAT(mistakes(std::string(kHead) +
                       "[[kasa.strip]]\nid = \"s\"\nmatch = { alias = \"a\", child = 1 }\n"),
              HasSubstr("unknown key child"));
}

TEST(KasaSettings, BadMatchesAreNamed) {
  const auto plug = [](const std::string& match) {
    return mistakes(std::string(kHead) + "[[kasa.plug]]\nid = \"a\"\nmatch = { " + match + " }\n");
  };

  EXPECT_THAT(plug("mac = \"C0:06\""), HasSubstr("MAC address such as"));
  EXPECT_THAT(plug("device_id = \"xyz\""), HasSubstr("hex digits"));
  EXPECT_THAT(plug("alias = \"a\", port = 80"), HasSubstr("port belongs to host"));
  EXPECT_THAT(plug("alias = \"a\", child = 0"), HasSubstr("child"));
  EXPECT_THAT(plug("alias = \"a\", child = true"), HasSubstr("a number from 1 or a name"));
  EXPECT_THAT(plug("host = \"10.0.0.1:80\""), HasSubstr("without a port"));
  EXPECT_THAT(plug("host = \"10.0.0.1\", transport = \"ssl\""), HasSubstr("transport"));
}

TEST(KasaSettings, AnAccountIsWhole) {
  EXPECT_THAT(mistakes(std::string(kHead) + "username = \"me\"\n"),
              HasSubstr("a username without a password"));
  EXPECT_THAT(mistakes(std::string(kHead) + "password = \"x\"\n"),
              HasSubstr("a password without a username"));
}

TEST(KasaSettings, TwoEntriesForOnePlugContradict) {
  const auto same = [](const std::string& first, const std::string& second) {
    return config::list(kasa::contradictions(
        settings(std::string(kHead) + "[[kasa.plug]]\nid = \"a\"\nmatch = { " + first +
                 " }\n[[kasa.plug]]\nid = \"b\"\nmatch = { " + second + " }\n")));
  };

  EXPECT_THAT(same("alias = \"Garage \"", "alias = \"garage\""), HasSubstr("are the same"));
  EXPECT_THAT(same("mac = \"C0:06:C3:00:00:01\"", "mac = \"c006c3000001\""),
              HasSubstr("are the same"));
  EXPECT_THAT(
      same("mac = \"C0:06:C3:00:00:01\", child = 1", "mac = \"C0:06:C3:00:00:01\", child = 2"),
      IsEmpty());
  EXPECT_THAT(same("alias = \"a\"", "alias = \"b\""), IsEmpty());
}

TEST(KasaSettings, ASocketOfAStripIsNoSecondDevice) {
  const auto kasa = settings(std::string(kHead) + R"(
[[kasa.strip]]
id = "strip"
match = { alias = "bench" }
[[kasa.plug]]
id = "again"
match = { alias = "bench", child = 3 }
)");

  EXPECT_THAT(config::list(kasa::contradictions(kasa)), HasSubstr("\"strip\" and \"again\""));
}

}  // namespace
}  // namespace b2m

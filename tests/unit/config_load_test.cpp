// SPDX-License-Identifier: MIT
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/dump.hpp"
#include "config/load.hpp"
#include "tests/support/config_fixture.hpp"

namespace b2m::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class ConfigLoad : public testing::ConfigFixture {};

constexpr const char* kGood =
    "[[can]]\nid = \"bench\"\ninterface = \"can0\"\nprofile = \"two_packs\"\n"
    "[[pack]]\nid = \"pack1\"\nchemistry = \"lead_12v\"\ncells_in_series = 6\nsource = "
    "\"bench/1\"\n";

TEST_F(ConfigLoad, ReadsAGoodFile) {
  const Loaded loaded = load_text(kGood);

  ASSERT_TRUE(loaded.config) << list(loaded.mistakes);
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_EQ(loaded.config->mqtt.url, "mqtt://127.0.0.1:1883");
  ASSERT_THAT(loaded.config->packs, SizeIs(1));
  EXPECT_THAT(loaded.config->packs[0].source, ElementsAre("bench/1"));
  EXPECT_EQ(loaded.config->packs[0].place.line, 5);
  ASSERT_THAT(loaded.config->adapters, SizeIs(1));
  EXPECT_EQ(loaded.config->adapters[0].id, "bench");
  EXPECT_EQ(loaded.config->adapters[0].kind->name, "can");
  EXPECT_EQ(loaded.config->chemistries.at("lead_12v").cell_high_v.limit, 14.0);
}

TEST_F(ConfigLoad, AnEmptyFileIsFine) { EXPECT_TRUE(load_text("").config); }

TEST_F(ConfigLoad, ReportsTenMistakesAtOnceInOrder) {
  const auto texts = mistakes_of(
      "[gateway]\nid = \"a b\"\nlog_level = \"inof\"\ncontrol_interval_ms = 1\nwatchdog = \"yes\"\n"
      "[mqtt]\nkeep_alive_ms = 500\nbase_topic = \"a/#\"\nprotocol = 5\n"
      "[contrl]\nallow = []\n"
      "[[can]]\nid = \"Bench\"\ninterface = \"can0\"\nprofile = \"two_packs\"\n"
      "bitrate_bps = 5_000_000\n");

  ASSERT_THAT(texts, SizeIs(10));
  EXPECT_THAT(texts[0], StartsWith("b.toml:2:6: error: id = \"a b\" is not allowed"));
  EXPECT_THAT(texts[1], StartsWith("b.toml:3:13: error: log_level = \"inof\" is none of"));
  EXPECT_THAT(texts[1], HasSubstr("did you mean \"info\"?"));
  EXPECT_THAT(texts[2], StartsWith("b.toml:4:23: error: control_interval_ms = 1 is out of range; "
                                   "hint: allowed: 50 to 10000 ms"));
  EXPECT_THAT(texts[3], StartsWith("b.toml:5:12: error: watchdog must be true or false, this is "
                                   "text in quotes; hint: for example watchdog = true"));
  EXPECT_EQ(texts[4],
            "b.toml:7:1: error: unknown key keep_alive_ms; hint: the unit here is s: write "
            "keep_alive_s = 0.5");
  EXPECT_THAT(texts[5], StartsWith("b.toml:8:14: error: base_topic = \"a/#\" is not allowed"));
  EXPECT_THAT(texts[6], StartsWith("b.toml:9:12: error: protocol must be text"));
  EXPECT_EQ(texts[7], "b.toml:10:1: error: unknown table contrl; hint: did you mean control?");
  EXPECT_THAT(texts[8], StartsWith("b.toml:13:6: error: id = \"Bench\" is not allowed"));
  EXPECT_THAT(texts[9], StartsWith("b.toml:16:15: error: bitrate_bps = 5000000 is out of range; "
                                   "hint: allowed: 10000 to 1000000 bit/s"));
}

TEST_F(ConfigLoad, ShowsTheLineWithACaret) {
  const Loaded loaded = load_text("[gateway]\nlog_level = \"loud\"\n");

  ASSERT_THAT(loaded.mistakes, SizeIs(1));
  EXPECT_EQ(loaded.mistakes[0].excerpt, "    2 | log_level = \"loud\"\n      |             ^");
}

struct Case {
  const char* text;
  const char* mistake;
};

class OneMistake : public ConfigLoad, public ::testing::WithParamInterface<Case> {};

TEST_P(OneMistake, IsNamedWithItsPlaceAndAHint) {
  const auto texts = mistakes_of(GetParam().text);

  ASSERT_THAT(texts, SizeIs(1));
  EXPECT_THAT(texts[0], HasSubstr(GetParam().mistake));
}

#define B2M_CAN "[[can]]\nid = \"bench\"\ninterface = \"can0\"\nprofile = \"two_packs\"\n"
#define B2M_PACK "[[pack]]\nid = \"p\"\nchemistry = \"lead_12v\"\nsource = \"bench/1\"\n"

constexpr Case kCases[] = {
    {"[mqtt]\nlog_level = \"info\"\n",
     "b.toml:2:1: error: unknown key log_level; hint: log_level belongs into [gateway]"},
    {"[mqtt]\nusrname = \"x\"\n",
     "b.toml:2:1: error: unknown key usrname; hint: did you mean username?"},
    {"[mqtt]\nkeep_alive = 3\n",
     "b.toml:2:1: error: unknown key keep_alive; hint: write keep_alive_s, in s"},
    {"[[tesla]]\nid = \"x\"\n",
     "b.toml:1:1: error: unknown table tesla; hint: known here: gateway"},
    {"[can]\nid = \"x\"\n", "b.toml:1:1: error: can must be a list of tables"},
    {"mqtt = 5\n", "b.toml:1:8: error: mqtt must be a table, this is a whole number"},
    {"[[mqtt]]\n", "b.toml:1:1: error: mqtt must be a table, this is a list"},
    {"[mqtt]\nkeep_alive_s = nan\n", "b.toml:2:16: error: keep_alive_s must be a number, neither"},
    {"[mqtt]\nkeep_alive_s = 1979-05-27\n", "this is a date or time"},
    {"[gateway]\ncontrol_interval_ms = 99999999999999999999\n", "b.toml:2:23: error: control_int"},
    {"[gateway]\ncontrol_interval_ms = 250.0\n", "must be a whole number, this is a number with"},
    {"[mqtt]\nurl = \"http://x\"\n", "b.toml:2:7: error: url must begin with mqtt://"},
    {"[mqtt]\nurl = \"mqtt://u:hunter2@x\"\n",
     "b.toml:2:7: error: url must not hold a login; hint: use username"},
    {"[mqtt]\nurl = \"mqtt://x:99999\"\n", "the port from 1 to 65535"},
    {"[mqtt]\nca_file = \"/etc/x\"\n", "b.toml:2:11: error: ca_file has no effect without TLS"},
    {"[mqtt]\nurl = \"mqtts://x\"\nca_file = \"/no/such\"\n",
     "b.toml:3:11: error: ca_file cannot be read: /no/such: No such file"},
    {"[mqtt]\nurl = \"mqtts://x\"\ncert_file = \"/dev/null\"\n",
     "b.toml:3:13: error: cert_file and key_file belong together"},
    {"[mqtt]\npassword = \"x\"\n", "b.toml:2:12: error: a password needs a username"},
    {"[mqtt]\nmin_interval_s = 400\n", "b.toml:2:18: error: min_interval_s is longer than"},
    {"[mqtt]\nbase_topic = \"$SYS\"\n", "b.toml:2:14: error: base_topic"},
    {"[mqtt]\nbase_topic = \"/x\"\n", "b.toml:2:14: error: base_topic"},
    {"[mqtt]\nbase_topic = \"x/\"\n", "b.toml:2:14: error: base_topic"},
    {"[mqtt]\nbase_topic = \"x\\u0000\"\n", "b.toml:2:14: error: base_topic holds a zero"},
    {"[control]\nallow = [\"plugs\", \"chargin\"]\n",
     "b.toml:2:19: error: allow = \"chargin\" is none of the choices; hint: did you mean "
     "\"charging"},
    {B2M_CAN B2M_CAN, "b.toml:6:6: error: the adapter id \"bench\" is taken; hint: line 2 has it"},
    {B2M_CAN B2M_PACK B2M_PACK, "b.toml:10:6: error: the device id \"p\" is taken; hint: line 6"},
    {B2M_CAN "[[pack]]\nid = \"bridge\"\nchemistry = \"lead_12v\"\nsource = \"bench/1\"\n",
     "b.toml:6:6: error: id = \"bridge\" is not allowed"},
    {B2M_CAN "[[pack]]\nid = \"p\"\nchemistry = \"lead_12v\"\nsource = [\"bench/1\", \"bnech\"]\n",
     "b.toml:8:22: error: there is no adapter \"bnech\"; hint: did you mean \"bench\"?"},
    {B2M_CAN "[[pack]]\nid = \"p\"\nchemistry = \"lead_12v\"\nsource = \"bench/\"\n",
     "b.toml:8:10: error: source \"bench/\" is incomplete"},
    {B2M_CAN "[[pack]]\nid = \"p\"\nchemistry = \"lead_12v\"\nsource = []\n",
     "b.toml:8:10: error: a pack needs a source"},
    {B2M_PACK, "b.toml:4:10: error: there is no adapter \"bench\"; hint: add its table"},
    {B2M_CAN "[[pack]]\nid = \"p\"\nchemistry = \"lead_21v\"\nsource = \"bench/1\"\n",
     "b.toml:7:13: error: there is no chemistry \"lead_21v\"; hint: did you mean \"lead_12v\"? "
     "known: lead_12v, lifepo4, lto, nca_tesla and nmc; looked in"},
    {B2M_CAN "[[pack]]\nid = \"p\"\nsource = \"bench/1\"\n",
     "b.toml:5:1: error: chemistry is missing; hint: Cell profile"},
    {B2M_CAN B2M_PACK "cells_in_series = 0\n",
     "b.toml:9:19: error: cells_in_series = 0 is out of range; hint: allowed: 1 to 1000"},
    {"[gateway]\nid = \"a\"\nid = \"b\"\n", "b.toml:3:6: error: given twice"},
    {"[gateway]\nid = a\n", "b.toml:2:6: error: this is not TOML"},
    {"[gateway]\nid = \"a\n", "b.toml:2:6: error: this is not TOML"},
};
INSTANTIATE_TEST_SUITE_P(Kinds, OneMistake, ::testing::ValuesIn(kCases));

TEST_F(ConfigLoad, ABrokenChemistryOfOnesOwnIsReportedOnce) {
  folder_.write("cells/own.toml", "name = \"own\"\n");
  const std::string rest = "chemistry = \"./cells/own.toml\"\nsource = \"bench/1\"\n";

  const auto texts =
      mistakes_of(B2M_CAN "[[pack]]\nid = \"p1\"\n" + rest + "[[pack]]\nid = \"p2\"\n" + rest);

  ASSERT_THAT(texts, SizeIs(3));
  EXPECT_THAT(texts[0], StartsWith("cells/own.toml: error: cell_plausible_low_v is missing"));
}

TEST_F(ConfigLoad, AllShippedExamplesLoad) {
  const char* const secrets[] = {"MQTT_PASSWORD", "KASA_PASSWORD", "MAIL_PASSWORD"};
  for (const char* name : secrets) setenv(name, "of an example", 1);
  std::vector<std::filesystem::path> files{B2M_SOURCE_DIR "/config/battery2mqtt.toml"};
  for (const auto& entry : std::filesystem::directory_iterator(B2M_SOURCE_DIR "/config/examples"))
    files.push_back(entry.path());
  ASSERT_GE(files.size(), 6U);

  for (const auto& file : files) {
    const std::vector<AdapterKind> kinds = adapter_kinds();
    const Loaded loaded = load(file.string(), kinds);
    EXPECT_THAT(loaded.mistakes, IsEmpty()) << list(loaded.mistakes);
    EXPECT_TRUE(loaded.config) << file;
  }
  for (const char* name : secrets) unsetenv(name);
}

TEST_F(ConfigLoad, TheAdapterKindOutlivesTheListItCameFrom) {
  const std::string file = folder_.write("b.toml", kGood);

  const Loaded loaded = load(file, adapter_kinds());

  EXPECT_EQ(loaded.config->adapters[0].kind->name, "can");
}

TEST_F(ConfigLoad, DumpsEverythingButSecrets) {
  const Loaded loaded =
      load_text(std::string(kGood) + "[mqtt]\nusername = \"u\"\npassword = \"hunter2\"\n");

  ASSERT_TRUE(loaded.config) << list(loaded.mistakes);
  const std::string json = dump_redacted(*loaded.config);
  EXPECT_THAT(json, ::testing::Not(HasSubstr("hunter2")));
  EXPECT_THAT(json, HasSubstr(R"j("password":"(set)")j"));
  EXPECT_THAT(json, HasSubstr(R"("interface":"can0")"));
  EXPECT_THAT(json, HasSubstr(R"("chemistry":"lead_12v")"));
}

}  // namespace
}  // namespace b2m::config

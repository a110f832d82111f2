// SPDX-License-Identifier: MIT
// [[charger]], [[charging_profile]], [[circuit]] and [mail]: what they become, and every mistake.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/dump.hpp"
#include "config/load.hpp"
#include "config/profiles.hpp"
#include "config/tables.hpp"
#include "tests/support/config_fixture.hpp"

namespace b2m::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class ConfigCharging : public testing::ConfigFixture {};

#define B2M_PLUGS                                                                             \
  "[control]\nallow = [\"charging\"]\n[[kasa]]\nid = \"k\"\n[[kasa.plug]]\nid = \"garage\"\n" \
  "match = { host = \"192.0.2.1\" }\n"
#define B2M_CHARGER "[[charger]]\nid = \"c\"\nplug = \"garage\"\n"

TEST_F(ConfigCharging, AllShippedProfilesAreSound) {
  const Profiles profiles("", {testing::kShippedProfiles});
  ASSERT_THAT(profiles.names("charging"),
              ElementsAre("generic", "generic_48v", "lectric_48v", "rad_48v"));

  for (const std::string& name : profiles.names("charging")) {
    const auto read = read_file(shipped_charging_schema(), *profiles.find("charging", name));
    EXPECT_TRUE(read.value) << list(read.mistakes);
    EXPECT_THAT(read.mistakes, IsEmpty());
  }
}

TEST_F(ConfigCharging, BecomesTheSettingsOfTheRules) {
  const Loaded loaded =
      load_text(B2M_PLUGS B2M_CHARGER
                "profile = \"rad_48v\"\ncircuit = \"shed\"\nguard_min = 60\non_stop = \"keep\"\n"
                "mode = \"full\"\nschedule = true\nwindows = \"mon-fri 22:00-06:00\"\n"
                "full_every = \"two_weeks\"\nfull_weekday = \"saturday\"\ntarget = \"fraction\"\n"
                "target_fraction_percent = 70\n[[circuit]]\nid = \"shed\"\nmax_chargers = 1\n");

  ASSERT_TRUE(loaded.config) << list(loaded.mistakes);
  const rules::ChargerSettings charger = loaded.config->chargers.at(0);
  EXPECT_EQ(charger.profile.name, "rad_48v");
  EXPECT_EQ(charger.profile.peak_w, 104.6);
  EXPECT_EQ(charger.profile.target, ChargeTarget::fraction) << "the charger's before the profile's";
  EXPECT_EQ(charger.profile.target_fraction_percent, 70);
  EXPECT_EQ(charger.guard_min, 60);
  EXPECT_TRUE(charger.keeps_on_at_stop);
  EXPECT_EQ(charger.mode, ChargeMode::full);
  EXPECT_EQ(charger.full_every, FullEvery::two_weeks);
  EXPECT_EQ(kWeekdayWords[static_cast<std::size_t>(charger.full_weekday)], "saturday");
}

TEST_F(ConfigCharging, AProfileOfTheFileGoesBeforeAShippedOneOfItsName) {
  const Loaded loaded = load_text(B2M_PLUGS B2M_CHARGER
                                  "profile = \"rad_48v\"\n[[charging_profile]]\nid = \"rad_48v\"\n"
                                  "peak_w = 250\n");

  ASSERT_TRUE(loaded.config) << list(loaded.mistakes);
  EXPECT_EQ(loaded.config->chargers.at(0).profile.peak_w, 250);
}

TEST_F(ConfigCharging, ASocketOfAStripIsAPlug) {
  const Loaded loaded = load_text(
      "[control]\nallow = [\"charging\"]\n[[kasa]]\nid = \"k\"\n[[kasa.strip]]\nid = \"strip\"\n"
      "sockets = 3\nmatch = { host = \"192.0.2.1\" }\n[[charger]]\nid = \"c\"\nplug = "
      "\"strip_socket3\"\nprofile = \"generic\"\n");

  EXPECT_TRUE(loaded.config) << list(loaded.mistakes);
}

TEST_F(ConfigCharging, DumpsTheTablesWithoutThePasswordOfTheMail) {
  const Loaded loaded = load_text(
      B2M_PLUGS B2M_CHARGER
      "profile = \"generic\"\n[mail]\nhost = \"smtp.example.org\"\nusername = \"u\"\npassword = "
      "\"hunter2\"\nfrom = \"a@example.org\"\nto = \"b@example.org\"\n");

  ASSERT_TRUE(loaded.config) << list(loaded.mistakes);
  const std::string dump = dump_redacted(*loaded.config);
  EXPECT_THAT(dump, HasSubstr("\"profile\":\"generic\""));
  EXPECT_THAT(dump, HasSubstr("\"security\":\"starttls\""));
  EXPECT_THAT(dump, Not(HasSubstr("hunter2")));
}

TEST_F(ConfigCharging, SaysAllMistakesAtOnce) {
  const auto texts = mistakes_of(
      B2M_PLUGS
      "[[charger]]\nid = \"c\"\nplug = \"garagee\"\nprofile = \"rad_48\"\npack = \"p\"\n"
      "guard_min = 20\nwindows = \"mon-fry 22:00-06:00\"\nready_by = \"25:00\"\n"
      "price_key = \"x\"\nfull_every = \"weekly\"\n");

  EXPECT_THAT(texts, SizeIs(8));
  EXPECT_THAT(texts, Contains(HasSubstr("b.toml:10:8: error: there is no plug \"garagee\"; hint: "
                                        "did you mean \"garage\"?")));
  EXPECT_THAT(texts, Contains(HasSubstr("there is no charging profile \"rad_48\"; hint: did you "
                                        "mean \"rad_48v\"?")));
  EXPECT_THAT(texts, Contains(HasSubstr("b.toml:12:8: error: there is no pack \"p\"")));
  EXPECT_THAT(texts,
              Contains(HasSubstr("guard_renew_min = 10 must be less than half of guard_min")));
  EXPECT_THAT(texts, Contains(HasSubstr("b.toml:14:11: error: windows: ")));
  EXPECT_THAT(texts, Contains(HasSubstr("b.toml:15:12: error: ready_by: ")));
  EXPECT_THAT(texts, Contains(HasSubstr("price_key needs a price_topic")));
  EXPECT_THAT(texts, Contains(HasSubstr("full_every = \"weekly\" is none of the choices")));
}

struct Case {
  const char* lines;  // after the plug and the head of a charger
  const char* mistake;
};
class WrongCharging : public ConfigCharging, public ::testing::WithParamInterface<Case> {};

TEST_P(WrongCharging, IsTheOneMistakeThatIsNamed) {
  const auto texts = mistakes_of(std::string(B2M_PLUGS B2M_CHARGER) + GetParam().lines);

  ASSERT_THAT(texts, SizeIs(1));
  EXPECT_THAT(texts[0], HasSubstr(GetParam().mistake));
}

constexpr Case kCases[] = {
    {"profile = \"p\"\n[[charging_profile]]\nid = \"p\"\npeak_w = 104.6\nstorage_start_w = 115\n",
     "storage_start_w = 115 is not below peak_w = 104.6: the charger never draws that much, so a "
     "charge for storage would be refused at its first reading, always"},
    {"profile = \"p\"\n[[charging_profile]]\nid = \"p\"\npeak_w = 100\nnominal_start_w = 110\n",
     "nominal_start_w = 110 is not below peak_w = 100: the charger never draws that much, so no "
     "charge would ever start"},
    {"profile = \"p\"\n[[charging_profile]]\nid = \"p\"\nnominal_stop_w = 20\nfull_power_w = 20\n",
     "full_power_w = 20 is not below nominal_stop_w = 20"},
    {"profile = \"p\"\n[[charging_profile]]\nid = \"p\"\npeak_w = 100\nmax_power_w = 90\n",
     "every charge would end as a fault"},
    {"profile = \"generic\"\nmode = \"storage\"\n",
     "mode = \"storage\" needs a pack or a capacity; hint: power at the plug does not tell a half "
     "full battery"},
    {"profile = \"generic\"\ntarget = \"soc\"\n", "the target soc needs a pack"},
    {"profile = \"generic\"\ntarget = \"energy\"\n", "the target energy needs the battery's cap"},
    {"profile = \"generic\"\ntarget = \"power\"\n", "the target power needs nominal_stop_w"},
    {"profile = \"generic\"\ncircuit = \"shed\"\n", "there is no circuit \"shed\"; hint: add its"},
    {"profile = \"rad_48v\"\ncircuit = \"s\"\n[[circuit]]\nid = \"s\"\nmax_power_w = 100\n",
     "it would never start"},
    {"profile = \"generic\"\n[[circuit]]\nid = \"s\"\n", "a circuit needs max_chargers or max"},
    {"profile = \"generic\"\nprice_limited = true\n", "price_limited needs a price to hold"},
    {"profile = \"generic\"\nprice_topic = \"battery2mqtt/x\"\n", "a topic of this gateway itself"},
    {"profile = \"generic\"\nprice_topic = \"a/#\"\n", "price_topic = \"a/#\" is not allowed"},
    {"profile = \"generic\"\nguard_min = 0.5\nguard_renew_min = 0.3\n",
     "guard_min = 0.5 is out of range; hint: allowed: 1 to 720 min"},
    {"profile = \"generic\"\n[[charger]]\nid = \"d\"\nplug = \"garage\"\nprofile = \"generic\"\n",
     "the plug \"garage\" has a charger already; hint: line 8 has it"},
    {"profile = \"generic\"\n[mail]\nhost = \"smtp.example.org\"\nsecurity = \"none\"\nfrom = "
     "\"a@b.c\"\nto = \"a@b.c\"\n",
     "security = \"none\" is only for a server on this machine"},
    {"profile = \"generic\"\n[mail]\nhost = \"x\"\nfrom = \"a@b.c\"\nto = \"a@b.c\\r\\nBcc: "
     "x@y.z\"\n",
     "is not allowed; hint: it must be an address"},
    {"profile = \"generic\"\n[mail]\nhost = \"x\"\nfrom = \"a@b.c\"\n", "to is missing"},
    {"profile = \"generic\"\n[mail]\nhost = \"x\"\nfrom = \"a@b.c\"\nto = []\n", "to is empty"},
};
INSTANTIATE_TEST_SUITE_P(Kinds, WrongCharging, ::testing::ValuesIn(kCases));

TEST_F(ConfigCharging, AChargerNeedsLeaveToSwitch) {
  const auto texts = mistakes_of(
      "[[kasa]]\nid = \"k\"\n[[kasa.plug]]\nid = \"garage\"\nmatch = { host = \"192.0.2.1\" "
      "}\n" B2M_CHARGER "profile = \"generic\"\n");

  ASSERT_THAT(texts, SizeIs(1));
  EXPECT_THAT(texts[0], HasSubstr("write allow = [\"charging\"] in [control]"));
}

TEST_F(ConfigCharging, APlugWithoutMeterCannotCharge) {
  const auto texts = mistakes_of(
      "[control]\nallow = [\"charging\"]\n[[kasa]]\nid = \"k\"\n[[kasa.plug]]\nid = \"garage\"\n"
      "meter = false\nmatch = { host = \"192.0.2.1\" }\n" B2M_CHARGER "profile = \"generic\"\n");

  ASSERT_THAT(texts, SizeIs(1));
  EXPECT_THAT(texts[0], HasSubstr("the plug \"garage\" does not measure power"));
}

}  // namespace
}  // namespace b2m::config

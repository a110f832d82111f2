// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/chemistry.hpp"
#include "config/profiles.hpp"
#include "tests/support/config_file.hpp"

namespace b2m::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kShipped = B2M_SOURCE_DIR "/config/profiles";

TEST(ConfigChemistry, AllShippedOnesAreSound) {
  const Profiles profiles("", {kShipped});
  ASSERT_THAT(profiles.names("chemistry"),
              ElementsAre("lead_12v", "lifepo4", "lto", "nca_tesla", "nmc"));

  for (const std::string& name : profiles.names("chemistry")) {
    const ChemistryRead read = load_chemistry(*profiles.find("chemistry", name));
    EXPECT_TRUE(read.chemistry) << list(read.mistakes);
    EXPECT_THAT(read.mistakes, IsEmpty());
    EXPECT_FALSE(read.chemistry->ocv_v.empty());
  }
}

TEST(ConfigChemistry, LeadBlocksAreNormalFromTenToFourteenVoltsAndZeroToSixtyDegrees) {
  const ChemistryRead read = load_chemistry(std::string(kShipped) + "/chemistry/lead_12v.toml");

  ASSERT_TRUE(read.chemistry);
  EXPECT_EQ(read.chemistry->cell_low_v.limit, 10);
  EXPECT_EQ(read.chemistry->cell_high_v.limit, 14);
  EXPECT_EQ(read.chemistry->temperature_low_c.limit, 0);
  EXPECT_EQ(read.chemistry->temperature_high_c.limit, 60);
}

TEST(ConfigChemistry, ALimitThatIsNotThereIsNotSet) {
  const testing::ConfigFolder folder;

  const ChemistryRead read = load_chemistry(folder.write(
      "c.toml", "name = \"x\"\ncell_plausible_low_v = 1\ncell_plausible_high_v = 5\n"));

  ASSERT_TRUE(read.chemistry);
  EXPECT_FALSE(read.chemistry->cell_high_v.is_set);
}

struct Case {
  const char* lines;
  const char* mistake;
};
class WrongChemistry : public ::testing::TestWithParam<Case> {};

TEST_P(WrongChemistry, IsNamed) {
  const testing::ConfigFolder folder;
  const ChemistryRead read =
      load_chemistry(folder.write("c.toml", std::string("name = \"x\"\ncell_plausible_low_v = 1\n"
                                                        "cell_plausible_high_v = 5\n") +
                                                GetParam().lines));

  EXPECT_FALSE(read.chemistry);
  EXPECT_THAT(folder.texts(read.mistakes), Contains(HasSubstr(GetParam().mistake)));
}

constexpr Case kCases[] = {
    {"[cell_low_v]\nlimit = 0.5\n", "c.toml:4:1: error: cell_low_v must be above"},
    {"[cell_high_v]\nlimit = 5\n", "c.toml:4:1: error: cell_high_v must be below"},
    {"[cell_high_v]\nlimit = 3\n[cell_low_v]\nlimit = 4\n", "c.toml:6:1: error: cell_low_v and"},
    {"[cell_high_v]\nlimit = 4\nhysteresis = -1\n", "c.toml:6:14: error: hysteresis = -1 is out"},
    {"[cell_high_v]\nhysteresis = 1\n", "c.toml:4:1: error: limit is missing"},
    {"[cell_spread_v]\nlimit = 0\n", "cell_spread_v must be above 0"},
    {"ocv_soc = [0, 1]\nocv_v = [3]\n", "c.toml:5:9: error: ocv_v has 1 values and ocv_soc 2"},
    {"ocv_soc = [0, 1]\nocv_v = [4, 3]\n", "c.toml:5:9: error: ocv_v must rise"},
    {"ocv_soc = [0, 0]\nocv_v = [3, 4]\n", "c.toml:4:11: error: ocv_soc must rise"},
    {"ocv_soc = [0, 1.5]\nocv_v = [3, 4]\n", "c.toml:4:15: error: ocv_soc = 1.5 is out of range"},
    {"cell_high_mv = 4\n", "c.toml:4:1: error: unknown key cell_high_mv"},
};
INSTANTIATE_TEST_SUITE_P(Kinds, WrongChemistry, ::testing::ValuesIn(kCases));

TEST(ConfigProfiles, TheFirstFolderWinsAndASlashMeansOnesOwn) {
  const testing::ConfigFolder folder;
  const std::string first = folder.write("a/chemistry/x.toml", "");
  folder.write("b/chemistry/x.toml", "");
  const std::string own = folder.write("mine/y.toml", "");
  const Profiles profiles(folder.path(""), {folder.path("a"), folder.path("b")});

  EXPECT_EQ(*profiles.find("chemistry", "x"), first);
  EXPECT_EQ(*profiles.find("chemistry", "./mine/y.toml"), own);
  EXPECT_FALSE(profiles.find("chemistry", ".."));
  EXPECT_FALSE(profiles.find("chemistry", ""));
}

TEST(ConfigProfiles, TheErrorSaysWhereWasLookedAndWhatThereIs) {
  const Profiles profiles("", {kShipped});

  const auto found = profiles.find("can", "two_pack");

  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().text(), HasSubstr("did you mean two_packs? known: example_96s"));
  EXPECT_THAT(found.error().text(), HasSubstr("config/profiles/can"));
}

}  // namespace
}  // namespace b2m::config

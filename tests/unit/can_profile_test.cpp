// SPDX-License-Identifier: MIT
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "adapters/can/profile.hpp"

namespace b2m::can {
namespace {

const char* const kDbc =
    "BO_ 256 M: 8 N\n"
    " SG_ Volts1 : 0|16@1+ (1,0) [0|0] \"mV\" N\n"
    " SG_ Volts2 : 16|16@1+ (1,0) [0|0] \"mV\" N\n"
    " SG_ Heat : 32|8@1- (1,0) [0|0] \"degF\" N\n"
    " SG_ Flow : 40|16@1- (0.1,0) [0|0] \"A\" N\n"
    " SG_ Mode : 56|2@1+ (1,0) [0|0] \"\" N\n"
    "VAL_ 256 Mode 0 \"idle\" 2 \"busy\" ;\n";

/// A profile in a folder of its own, gone with the object.
class Folder {
 public:
  explicit Folder(const std::string& toml, const std::string& dbc = kDbc) {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            fmt::format("b2m_profile_{}_{}", ::getpid(), count++);
    std::filesystem::create_directories(path_);
    std::ofstream(path_ / "profile.toml") << "dbc = \"a.dbc\"\n[[part]]\nid = \"p\"\n" << toml;
    std::ofstream(path_ / "a.dbc") << dbc;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  Result<Profile> load(const CanSettings& settings = {}) {
    return load_profile(path_.string(), settings, points);
  }
  std::string mistakes(const CanSettings& settings = {}) {
    const auto profile = load(settings);
    return profile ? "" : profile.error().detail;
  }

  PointTable points;

 private:
  std::filesystem::path path_;
};

std::string signal(const std::string& name, const std::string& point,
                   const std::string& more = "") {
  return fmt::format(
      "[[signal]]\npart = \"p\"\nmessage = \"M\"\nsignal = \"{}\"\npoint = \"{}\"\n{}\n", name,
      point, more);
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Result<Profile> shipped(const std::string& name, PointTable& points) {
  return load_profile(std::string(B2M_SOURCE_DIR "/config/profiles/can/") + name, {}, points);
}

TEST(CanProfile, LoadsTheTwoPacks) {
  PointTable points;
  const auto profile = shipped("two_packs", points);

  ASSERT_TRUE(profile) << profile.error().detail;
  EXPECT_EQ(profile->takes.size(), 24U);
  ASSERT_EQ(profile->parts.size(), 2U);
  EXPECT_EQ(profile->parts[1].command->id, 0x605U);
  EXPECT_EQ(profile->parts[1].on, (Payload{1, 0, 0x31}));
}

TEST(CanProfile, LoadsTheLargeExample) {
  PointTable points;
  const auto profile = shipped("example_96s", points);

  ASSERT_TRUE(profile) << profile.error().detail;
  int cells = 0;
  for (const Offer& o : profile->offers)
    if (o.row == point::cell_voltage.row) {
      cells += o.count;
      EXPECT_EQ(o.decimals, 3);
    }
  EXPECT_EQ(cells, 96);
  const RowId state = points.find("pack_state");
  ASSERT_NE(state, kNoRow);
  EXPECT_EQ(points.row(state).kind.options.size(), 4U);
}

TEST(CanProfile, ConvertsUnitsAndTurnsTheSignOfACurrent) {
  Folder f(signal("Volts{n}", "cell_{n}_voltage", "first = 1\nlast = 2") +
           signal("Flow", "current", "invert = true"));
  const auto profile = f.load();

  ASSERT_TRUE(profile) << profile.error().detail;
  EXPECT_DOUBLE_EQ(profile->takes[0].conversion.scale, 0.001);
  EXPECT_EQ(profile->takes[1].index, 1);
  EXPECT_DOUBLE_EQ(profile->takes[2].conversion.scale, -1);
  EXPECT_EQ(profile->offers[0].decimals, 3);
  EXPECT_EQ(profile->offers[1].decimals, 1);
}

TEST(CanProfile, NumbersPointsIndependentlyOfSignals) {
  Folder f(signal("Volts{n}", "cell_{n}_voltage", "first = 1\nlast = 2\npoint_first = 5"));
  const auto profile = f.load();

  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->takes[0].index, 4);
  EXPECT_EQ(profile->offers[0].count, 6);
}

TEST(CanProfile, RefusesFahrenheitWithTheWayOut) {
  Folder f(signal("Heat", "temperature_{n}", "first = 1\nlast = 1"));

  EXPECT_TRUE(says(f.mistakes(), "\"Heat\" is in \"degF\"")) << f.mistakes();
  EXPECT_TRUE(says(f.mistakes(), "5/9"));
}

TEST(CanProfile, MapsNamedValuesToOptions) {
  Folder f(signal("Mode", "mode") +
           "[[point]]\nkey = \"mode\"\nname = \"Mode\"\ntype = \"option\"\n");
  const auto profile = f.load();

  ASSERT_TRUE(profile) << profile.error().detail;
  ASSERT_EQ(profile->takes[0].positions.size(), 2U);
  EXPECT_EQ(profile->takes[0].positions[1], (std::pair<std::int64_t, int>{2, 1}));
}

TEST(CanProfile, NamesFileLineAndColumnOfEveryMistake) {
  Folder f(signal("Nothing", "current") + signal("Flow", "no_such_point"));
  const std::string text = f.mistakes();

  EXPECT_TRUE(says(text, "profile.toml:4:")) << text;
  EXPECT_TRUE(says(text, "profile.toml:10:")) << text;
  EXPECT_TRUE(says(text, "has no signal \"Nothing\"")) << text;
  EXPECT_TRUE(says(text, "\"no_such_point\" is no point")) << text;
}

struct Wrong {
  std::string toml;
  const char* says;
};

TEST(CanProfile, SaysWhatIsWrong) {
  const Wrong kWrong[] = {
      {"[[signal]]\npart = \"q\"\nmessage = \"M\"\nsignal = \"Flow\"\npoint = \"current\"\n",
       "no [[part]] with id = \"q\""},
      {"[[signal]]\npart = \"p\"\nmessage = \"X\"\nsignal = \"Flow\"\npoint = \"current\"\n",
       "no message \"X\""},
      {signal("Flow", "voltage"), "is in \"A\", point \"voltage\" in V"},
      {signal("Flow", "charging"), "is no point that a signal can fill"},
      {signal("Flow", "current") + signal("Flow", "power", "unit = \"W\""), "already used"},
      {signal("Volts1", "voltage") + signal("Volts2", "voltage"), "already filled by line 4"},
      {signal("Flow", "current", "first = 3\nlast = 1"), "do not make a range"},
      {signal("Flow", "curent_x") + "[[point]]\nkey = \"x\"\nname = \"X\"\n",
       "no [[signal]] fills"},
      {signal("Flow", "soc") + "[[point]]\nkey = \"soc\"\nname = \"X\"\n",
       "belongs to the gateway"},
      {signal("Mode", "m") + "[[point]]\nkey = \"m\"\nname = \"M\"\nunit = \"V\"\n",
       "write the unit into the SG_ line"},
      {signal("Flow", "current", "factor = 2"), "factor"},
      {"charge_command_id = 0x604\ncharge_payload_on = \"01\"\ncharge_payload_off = \"01\"\n",
       "are the same"},
      {"charge_command_id = 0x604\ncharge_payload_on = \"0\"\n", "charge_payload_on"},
  };
  for (const Wrong& wrong : kWrong) {
    Folder f(wrong.toml);
    EXPECT_TRUE(says(f.mistakes(), wrong.says)) << wrong.toml << "\n" << f.mistakes();
  }
}

TEST(CanProfile, PointsIntoTheDbcFileWhenThatIsWrong) {
  Folder f(signal("A", "current"), "BO_ 1 M: 1 N\n SG_ A : 0|9@1+ (1,0) [0|0] \"A\" N\n");

  EXPECT_TRUE(says(f.mistakes(), "a.dbc:2:2")) << f.mistakes();
}

TEST(CanProfile, RefusesOverridesOfWhatThereIsNot) {
  CanSettings settings;
  settings.parts.emplace_back().id = "9";
  settings.messages.emplace_back().name = "Gone";
  Folder f(signal("Flow", "current"));

  EXPECT_TRUE(says(f.mistakes(settings), "no part \"9\"")) << f.mistakes(settings);
  EXPECT_TRUE(says(f.mistakes(settings), "no message \"Gone\""));
}

}  // namespace
}  // namespace b2m::can

// SPDX-License-Identifier: MIT
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "adapters/can/dbc.hpp"

namespace b2m::can {
namespace {

std::string file(const std::string& path) {
  std::ifstream in(std::string(B2M_SOURCE_DIR "/") + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

const std::string kMessage = "BO_ 1536 Pack: 8 BMS\n";

std::string signal(const std::string& text) { return kMessage + " SG_ " + text + "\n"; }

std::string first_mistake(const std::string& text) {
  const DbcReading reading = parse_dbc(text);
  return reading.mistakes.empty() ? "" : reading.mistakes.front().what;
}

TEST(CanDbc, ReadsTheShippedProfilesWithoutMistakes) {
  for (const std::string name : {"two_packs", "example_96s"}) {
    const auto reading = parse_dbc(file("config/profiles/can/" + name + "/" + name + ".dbc"));

    EXPECT_TRUE(reading.mistakes.empty()) << name << ": " << reading.mistakes.front().what;
    EXPECT_FALSE(reading.dbc.messages.empty());
  }
}

TEST(CanDbc, ReadsTheAwkwardFilesWithoutMistakes) {
  for (const std::string name : {"widths", "multiplexing", "floats"}) {
    const auto reading = parse_dbc(file("tests/vectors/can/awkward_" + name + ".dbc"));

    EXPECT_TRUE(reading.mistakes.empty())
        << name << ":" << reading.mistakes.front().line << ": " << reading.mistakes.front().what;
  }
}

TEST(CanDbc, KeepsEveryPartOfASignal) {
  const auto reading = parse_dbc(
      "BO_ 2147484672 Pack: 8 BMS\n SG_ Current : 7|16@0- (0.1,-3200) [-3200|3200] \"A\" X,Y\n"
      "VAL_ 2147484672 Current 65535 \"unknown\" -1 \"none\" ;\n");

  ASSERT_TRUE(reading.mistakes.empty()) << reading.mistakes.front().what;
  const DbcMessage& m = reading.dbc.messages.at(0);
  EXPECT_TRUE(m.extended);
  EXPECT_EQ(m.id, 1024U);
  EXPECT_EQ(m.length, 8);
  const DbcSignal& s = m.signals.at(0);
  EXPECT_EQ(s.name, "Current");
  EXPECT_EQ(s.unit, "A");
  EXPECT_EQ(s.start, 7);
  EXPECT_EQ(s.length, 16);
  EXPECT_TRUE(s.big_endian);
  EXPECT_TRUE(s.is_signed);
  EXPECT_DOUBLE_EQ(s.factor, 0.1);
  EXPECT_DOUBLE_EQ(s.offset, -3200);
  ASSERT_EQ(s.values.size(), 2U);
  EXPECT_EQ(s.values[0].raw, -1);
  EXPECT_EQ(s.values[1].name, "unknown");
}

TEST(CanDbc, TurnsLatin1UnitsIntoUtf8) {
  const auto reading =
      parse_dbc(signal("T : 0|8@1+ (1,0) [0|0] \"\xB0"
                       "C\" X"));

  EXPECT_EQ(reading.dbc.messages.at(0).signals.at(0).unit, "°C");
}

TEST(CanDbc, AcceptsCarriageReturnsAndAByteOrderMark) {
  const auto reading = parse_dbc(
      "\xEF\xBB\xBFVERSION \"x\"\r\nBO_ 1 M: 1 N\r\n SG_ S : 0|8@1+ (1,0) [0|0] \"\" N\r\n");

  EXPECT_TRUE(reading.mistakes.empty());
  EXPECT_EQ(reading.dbc.messages.at(0).signals.size(), 1U);
}

TEST(CanDbc, PassesOverCommentsThatLookLikeStatements) {
  const auto reading = parse_dbc(signal("S : 0|8@1+ (1,0) [0|0] \"\" N") +
                                 "CM_ SG_ 1536 S \"first;\nBO_ 7 Fake: 8 X\nlast\";\n"
                                 "BA_ \"Cycle\" BO_ 1536 100;\n");

  EXPECT_TRUE(reading.mistakes.empty());
  EXPECT_EQ(reading.dbc.messages.size(), 1U);
}

TEST(CanDbc, NamesTheLineAndColumnOfAMistake) {
  const auto reading = parse_dbc(kMessage + " SG_ A : 0|8@1+ (1,0) [0|0] \"\" N\n" +
                                 " SG_ B : 8|8@7+ (1,0) [0|0] \"\" N\n");

  ASSERT_EQ(reading.mistakes.size(), 1U);
  EXPECT_EQ(reading.mistakes[0].line, 3);
  EXPECT_EQ(reading.mistakes[0].column, 15);
}

TEST(CanDbc, CollectsAllMistakesOfAFile) {
  const auto reading =
      parse_dbc("nonsense here\n" + kMessage + " SG_ A : 60|8@1+ (1,0) [0|0] \"\" N\n" +
                " SG_ B : 0|0@1+ (1,0) [0|0] \"\" N\n SG_ C : 0|8@1+ (0,0) [0|0] \"\" N\n");

  EXPECT_EQ(reading.mistakes.size(), 4U);
}

struct Wrong {
  const char* text;
  const char* says;
};
const Wrong kWrong[] = {
    {"A : 60|8@1+ (1,0) [0|0] \"\" N", "reaches beyond the 8 bytes"},
    {"A : 56|9@0+ (1,0) [0|0] \"\" N", "reaches beyond the 8 bytes"},
    {"A : 0|65@1+ (1,0) [0|0] \"\" N", "is 65 bits long"},
    {"A : 0|0@1+ (1,0) [0|0] \"\" N", "is 0 bits long"},
    {"A : 0|8@1+ (0,0) [0|0] \"\" N", "has the factor 0"},
    {"A m3 : 0|8@1+ (1,0) [0|0] \"\" N", "has no multiplexor"},
    {"A x3 : 0|8@1+ (1,0) [0|0] \"\" N", "M, m0, m0M or ':' belongs here"},
    {"A : 0|8@1+ (1,0) [0|0] \"\" N\n SG_ A : 8|8@1+ (1,0) [0|0] \"\" N", "has two signals \"A\""},
    {"A : 0|8@1+ (1,0) [0|0] \"\" N\n SG_ B : 4|8@1+ (1,0) [0|0] \"\" N",
     "signals \"B\" and \"A\" of message \"Pack\" share bits"},
    {"A : 0|8@1+ (1,0) [0|0] \"\" N\nBO_ 1536 Other: 8 N", "have the same id 0x600"},
    {"A : 0|8@1+ (1,0) [0|0] \"\" N\nBO_ 7 Pack: 8 N", "two messages are called \"Pack\""},
    {"A : 0|8@1+ (1,0) [0|0] \"\" N\nBO_ 2048 Other: 8 N", "2048 is no CAN id"},
    {"A : 0|8@1+ (1,0) [0|0] \"\" N\nSIG_VALTYPE_ 1536 A : 1;", "32-bit float but 8 bits long"},
    {"A : 0|8@1+ (1,0) [0|0] \"\" N\nVAL_ 1536 B 1 \"x\" ;", "there is no signal \"B\""},
    {"A : 0|8@1+ (1,0", "the file ends in the middle of a statement"},
    {"A : 0|8@1+ (1,0) [0|0] \"V", "belongs here"},
    {"A : 0|8@1+ (1,0) [0|0] \"\" N\nCM_ \"never closed", "the file ends inside this CM_"},
};

TEST(CanDbc, SaysWhatIsWrong) {
  for (const Wrong& wrong : kWrong)
    EXPECT_NE(first_mistake(signal(wrong.text)).find(wrong.says), std::string::npos)
        << wrong.text << "\n"
        << first_mistake(signal(wrong.text));
}

TEST(CanDbc, LetsMultiplexedSignalsShareBits) {
  EXPECT_EQ(first_mistake(signal("M M : 0|8@1+ (1,0) [0|0] \"\" N\n"
                                 " SG_ A m0 : 8|8@1+ (1,0) [0|0] \"\" N\n"
                                 " SG_ B m1 : 8|8@1+ (1,0) [0|0] \"\" N")),
            "");
}

TEST(CanDbc, RefusesSharedBitsWithinOneMultiplexGroup) {
  EXPECT_NE(first_mistake(signal("M M : 0|8@1+ (1,0) [0|0] \"\" N\n"
                                 " SG_ A m1 : 8|8@1+ (1,0) [0|0] \"\" N\n"
                                 " SG_ B m1 : 12|8@1+ (1,0) [0|0] \"\" N"))
                .find("share bits"),
            std::string::npos);
}

TEST(CanDbc, FindsARingOfMultiplexors) {
  const std::string ring = signal(
                               "A m1M : 0|8@1+ (1,0) [0|0] \"\" N\n"
                               " SG_ B m1M : 8|8@1+ (1,0) [0|0] \"\" N") +
                           "SG_MUL_VAL_ 1536 A B 1-1;\nSG_MUL_VAL_ 1536 B A 1-1;\n";

  EXPECT_NE(first_mistake(ring).find("form a ring"), std::string::npos);
}

TEST(CanDbc, SurvivesATruncationAtEveryByte) {
  const std::string whole = file("tests/vectors/can/awkward_multiplexing.dbc");

  for (std::size_t n = 0; n < whole.size(); ++n)
    (void)parse_dbc(std::string_view(whole).substr(0, n));
}

TEST(CanDbc, StopsAfterAHundredMistakes) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "BO_ none\n";

  EXPECT_EQ(parse_dbc(text).mistakes.size(), kMaxDbcMistakes);
}

TEST(CanDbc, SaysThatAnEmptyFileDescribesNothing) {
  EXPECT_EQ(first_mistake(""), "the file describes no message");
}

}  // namespace
}  // namespace b2m::can

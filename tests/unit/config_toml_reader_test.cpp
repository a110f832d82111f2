// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "config/nesting.hpp"
#include "config/toml_reader.hpp"
#include "tests/support/config_file.hpp"

namespace b2m::config {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string repeat(const std::string& part, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += part;
  return all;
}

TEST(ConfigTomlReader, KeepsOrderAndPlaces) {
  Mistakes mistakes;
  const Source source("f", "b = 1\n[t]\n  'q k' = 0x600 # c\na = { x = 1.5, y.z = true }\n");

  const auto tree = read_toml(source, mistakes);

  ASSERT_TRUE(tree);
  ASSERT_THAT(tree->items, SizeIs(2));
  EXPECT_EQ(tree->items[0].key, "b");
  const Node& table = tree->items[1];
  EXPECT_EQ(table.find("q k")->integer, 0x600);
  EXPECT_EQ(table.find("q k")->key_place.column, 3);
  EXPECT_EQ(table.find("q k")->place.column, 11);
  EXPECT_EQ(table.find("a")->find("x")->key_place.column, 7);
  EXPECT_EQ(table.find("a")->find("y")->place.line, 4);
  EXPECT_TRUE(table.find("a")->find("y")->find("z")->boolean);
}

TEST(ConfigTomlReader, CountsColumnsInCharacters) {
  Mistakes mistakes;
  const Source source("f", "a = \"°°\"\nb = { c = \"°\", d = 5 }\n");

  const auto tree = read_toml(source, mistakes);

  ASSERT_TRUE(tree);
  EXPECT_EQ(tree->find("b")->find("d")->place.column, 20);
}

TEST(ConfigTomlReader, NumbersBeyondSixtyFourBitsDoNotWrap) {
  Mistakes mistakes;
  const Source source("f", "a = 99999999999999999999\nb = -99999999999999999999\n");

  const auto tree = read_toml(source, mistakes);

  ASSERT_TRUE(tree);
  EXPECT_EQ(tree->find("a")->integer, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(tree->find("b")->integer, std::numeric_limits<std::int64_t>::min());
}

class Hostile : public ::testing::TestWithParam<std::string> {};

TEST_P(Hostile, IsRefusedWithOneMistake) {
  Mistakes mistakes;

  EXPECT_FALSE(read_toml(Source("f", GetParam()), mistakes));

  EXPECT_THAT(mistakes, SizeIs(1));
}

INSTANTIATE_TEST_SUITE_P(Texts, Hostile,
                         ::testing::Values("a = " + repeat("[", 10'000),
                                           "a = " + repeat("{ a = ", 10'000), repeat("[", 10'000),
                                           repeat("a.", 10'000) + "a = 1",
                                           "[" + repeat("\"a\".", 10'000) + "a]", "a = \"\\uD800\"",
                                           "a = 1979-99-99", "= 1", "[[a]]\n[a]", "a = 1\n[a]",
                                           "a = [1, ", "a = \"\x01\"", "a = 1e", "a = '''",
                                           "a = 0b2", "\\", std::string("a = 1\0", 6)));

TEST(ConfigNesting, BracketsInStringsAndCommentsDoNotCount) {
  EXPECT_EQ(first_too_deep("a = \"" + repeat("[", 100) + "\" # " + repeat("{", 100)),
            std::string::npos);
  EXPECT_EQ(first_too_deep("a = '''" + repeat("[", 100) + "\n'''"), std::string::npos);
  EXPECT_EQ(first_too_deep("a = \"\\\"\" \nb = " + repeat("[", 33)), 46U);
}

TEST(ConfigSource, RefusesWhatIsNoReadableTextFile) {
  const testing::ConfigFolder folder;
  const auto mistake_of = [](const std::string& file) {
    Mistakes mistakes;
    EXPECT_FALSE(Source::open(file, mistakes));
    return list(mistakes);
  };

  EXPECT_THAT(mistake_of(folder.path("none.toml")), HasSubstr("none.toml: error: cannot be read: "
                                                              "No such file or directory; hint"));
  EXPECT_THAT(mistake_of(folder.path("")), HasSubstr("it is a folder"));
  EXPECT_THAT(mistake_of("/dev/zero"), HasSubstr("it is no plain file"));
  EXPECT_THAT(mistake_of(folder.write("big", std::string((1 << 20) + 1, '#'))),
              HasSubstr("larger than 1 MiB"));
  EXPECT_THAT(mistake_of(folder.write("latin1", "a = 1\nb = \"\xE4\"\n")),
              HasSubstr("latin1:2:6: error: this byte is not UTF-8"));
}

TEST(ConfigSource, SaysThatAFileMayNotBeRead) {
  constexpr uid_t kNobody = 65534;
  const bool is_root = geteuid() == 0;  // may read everything
  const testing::ConfigFolder folder;
  const std::string file = folder.write("b.toml", "");
  std::filesystem::permissions(file, std::filesystem::perms::none);
  Mistakes mistakes;
  if (is_root && seteuid(kNobody) != 0) FAIL() << "cannot become another user";

  const bool opened = Source::open(file, mistakes).has_value();

  if (is_root && seteuid(0) != 0) FAIL() << "cannot become root again";
  EXPECT_FALSE(opened);
  EXPECT_THAT(list(mistakes), HasSubstr("Permission denied"));
}

TEST(ConfigSource, TellsUtf8FromEverythingElse) {
  EXPECT_EQ(first_bad_utf8("a°€😀"), std::string::npos);
  EXPECT_EQ(first_bad_utf8("a\xC0\x80"), 1U);         // overlong
  EXPECT_EQ(first_bad_utf8("\xED\xA0\x80"), 0U);      // surrogate
  EXPECT_EQ(first_bad_utf8("\xF4\x90\x80\x80"), 0U);  // beyond U+10FFFF
  EXPECT_EQ(first_bad_utf8("ab\xE2\x82"), 2U);        // cut off
}

}  // namespace
}  // namespace b2m::config

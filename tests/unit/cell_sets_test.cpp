// SPDX-License-Identifier: MIT
#include "config/cell_sets.hpp"

#include <gtest/gtest.h>

#include "config/source.hpp"
#include "tests/support/cell_sets.hpp"
#include "tests/support/config_file.hpp"

namespace b2m::config {
namespace {

using b2m::test::chen2020;
using b2m::testing::ConfigFolder;

std::string shipped() {
  std::string why_not;
  return read_small_file(B2M_SOURCE_DIR "/config/profiles/cells/chen2020.toml", why_not).value();
}

/// The shipped set with one piece of its text changed.
CellSetRead with(const std::string& piece, const std::string& other) {
  std::string text = shipped();
  const std::size_t at = text.find(piece);
  EXPECT_NE(at, std::string::npos) << piece;
  return read_cell_set_text(text.replace(at, piece.size(), other), "own.toml", "own");
}

std::string first(const CellSetRead& read) {
  return read.mistakes.empty() ? "accepted" : read.mistakes.front().text();
}

TEST(CellSets, ShippedSetHasItsNumbersAndItsName) {
  EXPECT_EQ(chen2020().name, "chen2020");
  EXPECT_DOUBLE_EQ(chen2020().area_m2, 0.1027);
  EXPECT_NEAR(chen2020().thermal.heat_capacity_j_per_k, 42.775, 5e-4);
  EXPECT_NEAR(chen2020().thermal.cooling_w_per_k, 0.0531, 1e-12);
  EXPECT_NEAR(chen2020().positive.transport_efficiency, 0.19389527, 5e-9);
  EXPECT_NEAR(chen2020().negative.surface_per_volume(), 383959.04, 5e-3);
  EXPECT_EQ(chen2020().ecm_2rc.r2_ohm.size(), 14U);
}

TEST(CellSets, MissingUnitIsAMistakeAtItsLine) {
  const auto read = with("{ value = 85.2e-6, unit = \"m\", source", "{ value = 85.2e-6, source");
  EXPECT_FALSE(read.set);
  EXPECT_TRUE(first(read).starts_with("own.toml:")) << first(read);
  EXPECT_NE(first(read).find("negative.thickness has no unit; hint: unit = \"m\""),
            std::string::npos)
      << first(read);
  EXPECT_NE(read.mistakes.front().excerpt.find("thickness"), std::string::npos);
}

TEST(CellSets, OtherUnitIsRefusedWithTheConvertedValue) {
  const auto read = with("value = 85.2e-6, unit = \"m\"", "value = 85.2, unit = \"um\"");
  EXPECT_NE(first(read).find("negative.thickness must be in m, this is in \"um\"; hint: write "
                             "value = 8.52e-05, unit = \"m\""),
            std::string::npos)
      << first(read);
}

TEST(CellSets, NumberWithoutSourceIsAMistake) {
  const auto read = with("unit = \"m\", source = \"chen\"", "unit = \"m\"");
  EXPECT_NE(first(read).find("has no source"), std::string::npos) << first(read);
  const auto unknown = with("unit = \"m\", source = \"chen\"", "unit = \"m\", source = \"chem\"");
  EXPECT_NE(first(unknown).find("\"chem\" does not stand in [sources]; hint: did you mean chen?"),
            std::string::npos)
      << first(unknown);
}

TEST(CellSets, UnknownAndMissingQuantitiesAreNamed) {
  const auto read = with("porosity = {", "porosty = {");
  ASSERT_EQ(read.mistakes.size(), 2U);
  const std::string all = list(read.mistakes);
  EXPECT_NE(all.find("negative.porosity is missing"), std::string::npos) << all;
  EXPECT_NE(all.find("porosty; hint: did you mean porosity?"), std::string::npos) << all;
}

TEST(CellSets, WrongFormulaIsToldAtItsLineAndPlace) {
  const auto read = with("1.9793 * exp(", "1.9793 * epx(");
  EXPECT_NE(first(read).find("negative.potential: at character 10: \"epx\" is not known"),
            std::string::npos)
      << first(read);
}

TEST(CellSets, ImplausibleNumberIsRefused) {
  const auto read = with("value = 85.2e-6", "value = 85.2");
  EXPECT_NE(first(read).find("85.2 m is not possible for a cell"), std::string::npos)
      << first(read);
}

TEST(CellSets, AreaIsGivenOneWayOrTheOther) {
  const std::string height = "electrode_height = {";
  const auto both = with(
      height, "area = { value = 0.1, unit = \"m2\", source = \"chen\" }\nelectrode_height = {");
  EXPECT_NE(first(both).find("cannot both be given"), std::string::npos) << first(both);
}

TEST(CellSets, HeatCapacityOfTheVolumeNeedsEveryLayer) {
  const auto read = with("density = { value = 397", "#density = { value = 397");
  EXPECT_NE(first(read).find("needs separator.density"), std::string::npos) << first(read);
}

TEST(CellSets, KnotsMustMatch) {
  const auto read = with("r0 = { value = [4.970e-3]", "r0 = { value = [1e-3, 2e-3]");
  EXPECT_NE(first(read).find("spm_rc.r0 has 2 values and soc 1"), std::string::npos) << first(read);
}

TEST(CellSets, PotentialMayBeATable) {
  std::string x = "[0.0", y = "[" + std::to_string(chen2020().negative.potential(0));
  for (int i = 1; i <= 1000; ++i) {
    x += ", " + std::to_string(i / 1000.0);
    y += ", " + std::to_string(chen2020().negative.potential(i / 1000.0));
  }
  std::string text = shipped();
  const std::size_t at = text.find("value = \"1.9793");
  text.replace(at, text.find("\", unit", at) + 1 - at, "x = " + x + "], y = " + y + "]");
  const auto read = read_cell_set_text(text, "own.toml", "own");
  ASSERT_TRUE(read.set) << list(read.mistakes);
  EXPECT_EQ(read.set->negative.potential.text(), "table of 1001 points");
  EXPECT_NEAR(find_limits(*read.set)->capacity_ah, 5.1532, 2e-4);
}

TEST(CellSets, TheSameTreeAsJsonNeedsNoSources) {
  CellSetRead read;
  auto tree = read_cell_set_tree(shipped(), "chen2020.toml", read);
  ASSERT_TRUE(tree);
  const auto json = read_cell_set_text(to_json(*tree), "set.json", "set");
  ASSERT_TRUE(json.set) << list(json.mistakes);
  EXPECT_EQ(find_limits(*json.set)->capacity_ah, find_limits(chen2020())->capacity_ah);
}

TEST(CellSets, OverrideChangesOneNumber) {
  CellSetRead read;
  auto tree = read_cell_set_tree(shipped(), "chen2020.toml", read);
  ASSERT_TRUE(tree);
  ASSERT_TRUE(override_number(*tree, "negative.porosity", 0.2));
  EXPECT_DOUBLE_EQ(read_cell_set(*tree, "own", true).set->negative.porosity, 0.2);
  EXPECT_NE(override_number(*tree, "negative.porosty", 0.2)
                .error()
                .detail.find("did you mean \"negative.porosity\"?"),
            std::string::npos);
}

TEST(CellSets, OwnFolderGoesFirstAndPathsAreNoNames) {
  const ConfigFolder folder;
  folder.write("chen2020.toml", "title = 1");
  folder.write("mine.json", "{}");
  const CellSets sets(Profiles("", {B2M_SOURCE_DIR "/config/profiles"}), folder.path(""));
  EXPECT_EQ(sets.names(), (std::vector<std::string>{"chen2020", "mine"}));
  EXPECT_EQ(*sets.text("chen2020"), "title = 1");
  EXPECT_FALSE(sets.find("../chen2020"));
  EXPECT_FALSE(sets.find(""));
  EXPECT_NE(sets.find("chen2021").error().detail.find("did you mean \"chen2020\"?"),
            std::string::npos);
}

TEST(CellSets, ShippedOnesAreFoundByName) {
  const CellSets sets(Profiles("", {B2M_SOURCE_DIR "/config/profiles"}), "");
  const auto set = sets.load("chen2020");
  ASSERT_TRUE(set);
  EXPECT_EQ(set->name, "chen2020");
}

TEST(CellSets, TwiceGivenKeyOfJsonIsAMistake) {
  const auto read = read_cell_set_text("{\"cell\": {}, \"cell\": {}}", "set.json", "set");
  EXPECT_NE(first(read).find("\"cell\" is given twice"), std::string::npos) << first(read);
}

TEST(CellSets, HandbookHoldsEveryQuantity) {
  std::string why_not;
  const auto page = read_small_file(B2M_SOURCE_DIR "/docs/simulation-jobs.md", why_not);
  ASSERT_TRUE(page) << why_not;
  EXPECT_NE(page->find(cell_set_reference()), std::string::npos)
      << "put this into docs/simulation-jobs.md:\n\n"
      << cell_set_reference();
}

}  // namespace
}  // namespace b2m::config

// SPDX-License-Identifier: MIT
// BPX against the same cell in our own form: tests/vectors/cells/chen2020_bpx.json.
#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "config/cell_sets.hpp"
#include "config/source.hpp"
#include "tests/support/cell_sets.hpp"

namespace b2m::config {
namespace {

using Json = nlohmann::ordered_json;
using b2m::test::chen2020;

Json file() {
  std::string why_not;
  return Json::parse(
      read_small_file(B2M_SOURCE_DIR "/tests/vectors/cells/chen2020_bpx.json", why_not).value());
}

CellSetRead read(const Json& bpx) { return read_cell_set_text(bpx.dump(), "set.json", "set"); }

bool has_note(const CellSetRead& read, const std::string& text) {
  return std::any_of(read.notes.begin(), read.notes.end(), [&text](const std::string& note) {
    return note.find(text) != std::string::npos;
  });
}

std::string first(const CellSetRead& read) {
  return read.mistakes.empty() ? "accepted" : read.mistakes.front().text();
}

TEST(CellSetsBpx, SameCellHasTheSameLimits) {
  const auto bpx = read(file());
  ASSERT_TRUE(bpx.set) << list(bpx.mistakes);
  const auto limits = find_limits(*bpx.set);
  const auto expected = find_limits(chen2020());
  EXPECT_NEAR(limits->negative_full, expected->negative_full, 1e-9);
  EXPECT_NEAR(limits->negative_empty, expected->negative_empty, 1e-9);
  EXPECT_NEAR(limits->positive_full, expected->positive_full, 1e-9);
  EXPECT_NEAR(limits->positive_empty, expected->positive_empty, 1e-9);
  EXPECT_NEAR(limits->capacity_ah, expected->capacity_ah, 1e-8);
}

TEST(CellSetsBpx, SameCellHasTheSameKineticsAndHeat) {
  const auto bpx = read(file());
  ASSERT_TRUE(bpx.set);
  const auto same = [](double a, double b) { EXPECT_NEAR(a, b, 1e-12 * b); };
  same(bpx.set->negative.exchange_current, 6.48e-7);
  same(bpx.set->positive.exchange_current, 3.42e-6);
  same(bpx.set->positive.active_fraction, 0.665);
  same(bpx.set->area_m2, chen2020().area_m2);
  same(bpx.set->separator.transport_efficiency, chen2020().separator.transport_efficiency);
  same(bpx.set->positive.exchange_current_activation.energy_j_per_mol, 17800);
  same(bpx.set->electrolyte.conductivity(1200), chen2020().electrolyte.conductivity(1200));
  EXPECT_NEAR(bpx.set->thermal.heat_capacity_j_per_k, 42.775, 1e-3);
  EXPECT_NEAR(bpx.set->thermal.cooling_w_per_k, 0.0531, 1e-9);
  EXPECT_EQ(bpx.set->title, "LG M50 21700 (Chen et al. 2020)");
}

TEST(CellSetsBpx, WhatIsNotUsedIsSaid) {
  const auto bpx = read(file());
  EXPECT_TRUE(has_note(bpx, "\"User-defined\" of \"Parameterisation\" is ignored because"));
  EXPECT_TRUE(has_note(bpx, "\"Validation\" is ignored because measured curves"));
  EXPECT_TRUE(has_note(bpx, "\"Initial state-of-charge\""));
  EXPECT_EQ(bpx.notes.size(), 4U);
}

TEST(CellSetsBpx, OldFormHasTemperaturesAndSaltElsewhere) {
  Json old = file();
  old.erase("State");
  old["Header"]["BPX"] = 0.4;
  Json& parts = old["Parameterisation"];
  parts["Cell"]["Ambient temperature [K]"] = 288.15;
  parts["Cell"]["Thermal conductivity [W.m-1.K-1]"] = 2;
  parts["Electrolyte"]["Initial concentration [mol.m-3]"] = 1100;
  const auto bpx = read(old);
  ASSERT_TRUE(bpx.set) << list(bpx.mistakes);
  EXPECT_DOUBLE_EQ(bpx.set->electrolyte.concentration_start, 1100);
  EXPECT_DOUBLE_EQ(bpx.set->thermal.ambient_k, 288.15);
  EXPECT_TRUE(has_note(bpx, "one lump of heat"));
  EXPECT_TRUE(has_note(bpx, "still air, is taken"));
}

TEST(CellSetsBpx, TablesAreRead) {
  Json bpx = file();
  Json table = {{"x", Json::array()}, {"y", Json::array()}};
  for (int i = 0; i <= 2000; ++i) {
    table["x"].push_back(i / 2000.0);
    table["y"].push_back(chen2020().positive.potential(i / 2000.0));
  }
  bpx["Parameterisation"]["Positive electrode"]["OCP [V]"] = table;
  const auto set = read(bpx);
  ASSERT_TRUE(set.set) << list(set.mistakes);
  EXPECT_NEAR(find_limits(*set.set)->capacity_ah, 5.1531983, 1e-4);
}

TEST(CellSetsBpx, StoichiometriesDecideWhatFullIs) {
  Json bpx = file();
  bpx["Parameterisation"]["Positive electrode"]["Minimum stoichiometry"] = 0.28;
  const auto set = read(bpx);
  ASSERT_TRUE(set.set) << list(set.mistakes);
  EXPECT_NEAR(find_limits(*set.set)->positive_full, 0.28, 1e-9);
  EXPECT_TRUE(has_note(set, "ocv_full is 4.1"));
}

TEST(CellSetsBpx, BlendsAreRefused) {
  Json bpx = file();
  bpx["Parameterisation"]["Negative electrode"]["Particle"] = {{"Graphite", Json::object()}};
  EXPECT_NE(first(read(bpx)).find("is a blend of several kinds of particles"), std::string::npos);
}

TEST(CellSetsBpx, MissingKeyIsNamed) {
  Json bpx = file();
  bpx["Parameterisation"]["Negative electrode"].erase("Maximum stoichiometry");
  EXPECT_NE(first(read(bpx)).find("\"Maximum stoichiometry\" of the BPX section \"Negative"),
            std::string::npos)
      << first(read(bpx));
  bpx = file();
  bpx["Parameterisation"].erase("Electrolyte");
  EXPECT_NE(first(read(bpx)).find("\"Electrolyte\" is missing"), std::string::npos);
}

TEST(CellSetsBpx, WithoutThermalDataTheSetIsIsothermal) {
  Json bpx = file();
  bpx["Parameterisation"]["Cell"].erase("Volume [m3]");
  const auto set = read(bpx);
  ASSERT_TRUE(set.set) << list(set.mistakes);
  EXPECT_EQ(set.set->thermal.heat_capacity_j_per_k, 0);
  EXPECT_TRUE(has_note(set, "isothermal runs only"));
}

}  // namespace
}  // namespace b2m::config

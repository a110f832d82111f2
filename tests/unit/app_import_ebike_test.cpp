// SPDX-License-Identifier: MIT
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.hpp"
#include "gateway/app/import_ebike.hpp"
#include "tests/support/config_file.hpp"

namespace b2m::app {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class ImportEbike : public ::testing::Test {
 protected:
  /// What our own configuration reader makes of it.
  config::Config read(const std::string& text) {
    imported_ = import_ebike(text, "bikes.config");
    config::Loaded loaded = config::load(folder_.write("b.toml", imported_.toml), kinds_);
    EXPECT_TRUE(loaded.config) << config::list(loaded.mistakes) << imported_.toml;
    EXPECT_THAT(loaded.mistakes, IsEmpty()) << config::list(loaded.mistakes);
    return loaded.config.value_or(config::Config{});
  }
  std::string mistakes() const {
    std::string all;
    for (const IniMistake& m : imported_.mistakes)
      all += std::to_string(m.line) + ": " + m.what + "\n";
    return all;
  }

  testing::ConfigFolder folder_;
  std::vector<AdapterKind> kinds_ = adapter_kinds();
  Imported imported_;
};

constexpr const char* kFile = R"(# comment
[Rad]
nominal_charge_start_power_threshold = 90.0
nominal_charge_stop_power_threshold = 45
full_charge_power_threshold = 5.0
storage_charge_start_power_threshold: 115.0
coarse_probe_threshold_margin = 20.0
charger_amp_hour_rate = 2
battery_amp_hour_capacity = 14
charger_efficiency = 0.80

[Plugs]
Rad_Battery 1 = Rad
rad_battery_2 = Rad
rad_battery_3 = Rad

[Storage]
rad_battery_3

[FullCharge]
rad_battery_2
RAD_BATTERY_3
)";

TEST_F(ImportEbike, TakesOverProfilesPlugsAndModesByTheirPrecedence) {
  const config::Config config = read(kFile);

  ASSERT_THAT(config.chargers, SizeIs(3));
  const config::Charger& first = config.chargers[0];
  EXPECT_EQ(first.plug, "rad_battery_1");
  EXPECT_EQ(first.profile.nominal_start_w, 90);
  EXPECT_EQ(first.profile.nominal_stop_w, 45);
  EXPECT_EQ(first.profile.full_power_w, 5);
  EXPECT_EQ(first.profile.capacity_ah, 14);
  EXPECT_EQ(first.profile.charger_current_a, 2);
  EXPECT_EQ(first.profile.efficiency, 0.8);
  EXPECT_EQ(first.profile.target, ChargeTarget::power);
  EXPECT_EQ(first.mode, ChargeMode::nominal);
  EXPECT_EQ(config.chargers[1].mode, ChargeMode::full);
  EXPECT_EQ(config.chargers[2].mode, ChargeMode::storage) << "[Storage] before [FullCharge]";
  EXPECT_EQ(mistakes(), "");
}

TEST_F(ImportEbike, ChargesWhenItsCronDid) {
  const config::Config config = read(kFile);
  const config::Charger& charger = config.chargers.at(0);

  EXPECT_TRUE(charger.schedule);
  EXPECT_EQ(charger.windows, "mon-sun 00:00-12:00");
  EXPECT_EQ(charger.full_every, FullEvery::week);
  EXPECT_EQ(kWeekdayWords[static_cast<std::size_t>(charger.full_weekday)], "saturday");
  EXPECT_EQ(config.chargers.at(2).full_every, FullEvery::never) << "-f did not override [Storage]";
}

TEST_F(ImportEbike, KnowsTheOlderNamesOfItsKeys) {
  const config::Config config = read(
      "[Rad]\nnominal_charged_battery_power_threshold = 80\nfully_charged_battery_power_threshold "
      "= 4\ncoarse_probe_threshold_margin = 20\n[Plugs]\na = Rad\n");

  EXPECT_EQ(config.chargers.at(0).profile.nominal_start_w, 80);
  EXPECT_EQ(config.chargers.at(0).profile.nominal_stop_w, 80);
  EXPECT_EQ(config.chargers.at(0).profile.full_power_w, 4);
  EXPECT_THAT(imported_.toml, HasSubstr("is its older name for full_charge_power_threshold"));
}

TEST_F(ImportEbike, SaysEachMistakeWithItsLineAndStillMakesAGoodFile) {
  const config::Config config = read(
      "[Rad]\nfull_charge_power_threshold = five\nnominal_charge_stop_power_threshold = 1e9\n"
      "colour = red\n[Plugs]\nx = Nobody\ny\nz = Rad\n[Storage]\nz\nw\n");

  EXPECT_THAT(mistakes(), HasSubstr("2: full_charge_power_threshold = \"five\" is no number"));
  EXPECT_THAT(mistakes(), HasSubstr("3: nominal_charge_stop_power_threshold = \"1e9\" is no num"));
  EXPECT_THAT(mistakes(), HasSubstr("4: [Rad] has no key \"colour\""));
  EXPECT_THAT(mistakes(), HasSubstr("6: there is no profile [Nobody]"));
  EXPECT_THAT(mistakes(), HasSubstr("7: \"y\" has no profile"));
  EXPECT_THAT(mistakes(), HasSubstr("8: \"z\" is in [Storage], but the capacity"));
  EXPECT_THAT(mistakes(), HasSubstr("11: \"w\" is not in [Plugs]"));
  EXPECT_EQ(config.chargers.at(2).mode, ChargeMode::off) << "storage cannot be had by power";
}

TEST_F(ImportEbike, LimitsThatContradictAreMended) {
  const config::Config config = read(
      "[A]\nnominal_charge_start_power_threshold = 40\nnominal_charge_stop_power_threshold = 60\n"
      "full_charge_power_threshold = 70\n[Plugs]\nx = A\n");

  EXPECT_EQ(config.chargers.at(0).profile.nominal_start_w, 60);
  EXPECT_LT(config.chargers.at(0).profile.full_power_w, 60);
}

TEST_F(ImportEbike, OddNamesBecomeIdsOfTheirOwn) {
  const config::Config config = read("[Plugs]\nRäd \"1\" =\nrad..1\nrad__1\nbridge\n\x01q\\ = A\n");

  std::set<std::string> ids;
  for (const config::Charger& charger : config.chargers) ids.insert(charger.id);
  EXPECT_THAT(ids, SizeIs(5));
}

TEST_F(ImportEbike, WhatCannotBeReadMakesNoFile) {
  for (const char* text : {"", "a = b\n", "[Plugs\nx\n", "[Plugs]\nx\nX\n", "[Plugs]\n[Plugs]\n",
                           "[Plugs]\na = b\n c\n", "[Plugs]\n\xFF\n", "[Plugs]\n= x\n"}) {
    const Imported imported = import_ebike(text, "x");
    EXPECT_EQ(imported.toml, "") << text;
    EXPECT_THAT(imported.mistakes, Not(IsEmpty())) << text;
  }
}

}  // namespace
}  // namespace b2m::app

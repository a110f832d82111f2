// SPDX-License-Identifier: MIT
#include <algorithm>

#include <gtest/gtest.h>

#include "gateway/rules/alarms.hpp"
#include "gateway/rules/charging.hpp"
#include "gateway/rules/pack_figures.hpp"
#include "gateway/rules/presence.hpp"
#include "tests/support/site_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using test::PackSpec;
using test::SiteFixture;

TEST(PackFigures, SumsUpAndNamesTheWorstCell) {
  SiteFixture site;
  rules::PackFigures figures(site.site());
  site.fill(12.5_V, 25_degC);
  site.set_cell(4, 11.9_V);

  site.step(figures);

  EXPECT_NEAR(site.reading("voltage").value, 5 * 12.5 + 11.9, 1e-9);
  EXPECT_NEAR(site.reading("cell_voltage_min").value, 11.9, 1e-9);
  EXPECT_NEAR(site.reading("cell_voltage_max").value, 12.5, 1e-9);
  EXPECT_NEAR(site.reading("cell_voltage_mean").value, 12.4, 1e-9);
  EXPECT_NEAR(site.reading("cell_voltage_spread").value, 0.6, 1e-9);
  EXPECT_EQ(site.reading("worst_cell").value, 4);
}

TEST(PackFigures, ASumWithAnUnknownCellIsUnknownAndTheRestLeavesItOut) {
  SiteFixture site;
  rules::PackFigures figures(site.site());
  site.fill(12.5_V, 25_degC);
  site.advance(4s);
  for (int cell = 2; cell <= 6; ++cell) site.set_cell(cell, 12.7_V);
  site.advance(2s);  // cell 1 is stale now

  site.step(figures);

  EXPECT_FALSE(site.reading("voltage").is_good());
  EXPECT_NEAR(site.reading("cell_voltage_min").value, 12.7, 1e-9);
}

TEST(PackFigures, WithoutAnyGoodCellNothingIsKnown) {
  SiteFixture site;
  rules::PackFigures figures(site.site());

  site.step(figures);

  for (const char* key :
       {"voltage", "cell_voltage_min", "cell_voltage_spread", "worst_cell", "temperature_max"})
    EXPECT_EQ(site.reading(key).quality, Quality::missing) << key;
}

TEST(PackFigures, RatesArePerMinuteAndNeedTwentySeconds) {
  SiteFixture site;
  rules::PackFigures figures(site.site());
  for (int second = 0; second <= 30; ++second) {
    site.fill(Volts(12 + 0.001 * second), Celsius(25 + 0.1 * second));
    site.step(figures);
    EXPECT_EQ(site.reading("voltage_rate").is_good(), second >= 20);
    site.advance(1s);
  }

  EXPECT_NEAR(site.reading("voltage_rate").value, 60, 1e-6);     // mV/min
  EXPECT_NEAR(site.reading("temperature_rate").value, 6, 1e-6);  // K/min
}

TEST(PackFigures, CountsTheWorstCellThroughAllModules) {
  SiteFixture site({.cells = 12, .modules = 2});
  rules::PackFigures figures(site.site());
  site.fill(12.5_V, 25_degC);
  site.set_cell(9, 12.0_V);

  site.step(figures);

  EXPECT_EQ(site.reading("worst_cell").value, 9);
}

struct AlarmsTest : testing::Test {
  SiteFixture site;
  rules::Alarms alarms{site.site(), site.limits()};

  Decision step() { return site.step(alarms); }
  bool is_on(const char* key) { return site.reading(key).is_on(); }
};

TEST_F(AlarmsTest, TheLimitItselfIsNormal) {
  site.fill(14.00_V, 60_degC);
  step();
  site.advance(3s);
  step();

  EXPECT_TRUE(site.reading("alarm_cell_voltage_high").is_off());
  EXPECT_TRUE(site.reading("alarm_temperature_high").is_off());
}

TEST_F(AlarmsTest, RaisesAfterTheDelayAndClearsBeyondTheHysteresis) {
  site.fill(13.5_V, 25_degC);
  site.set_cell(3, 14.01_V);
  step();
  EXPECT_FALSE(is_on("alarm_cell_voltage_high"));

  site.advance(2s);
  const Decision raised = step();
  EXPECT_TRUE(is_on("alarm_cell_voltage_high"));
  EXPECT_TRUE(is_on("problem"));
  ASSERT_EQ(raised.alerts.size(), 1U);
  EXPECT_TRUE(raised.alerts[0].active);
  EXPECT_EQ(raised.alerts[0].message, "Cell 3 voltage is 14.01 V, the limit is 14.00 V");

  site.set_cell(3, 13.95_V);  // within the hysteresis
  step();
  EXPECT_TRUE(is_on("alarm_cell_voltage_high"));

  site.set_cell(3, 13.90_V);
  const Decision cleared = step();
  EXPECT_FALSE(is_on("alarm_cell_voltage_high"));
  ASSERT_EQ(cleared.alerts.size(), 1U);
  EXPECT_FALSE(cleared.alerts[0].active);
}

TEST_F(AlarmsTest, AShortExcursionRaisesNothing) {
  site.fill(12.8_V, 25_degC);
  site.set_cell(3, 9.9_V);
  step();
  site.advance(1s);
  site.set_cell(3, 12.8_V);
  step();
  site.advance(5s);
  site.fill(12.8_V, 25_degC);

  EXPECT_TRUE(step().alerts.empty());
}

TEST_F(AlarmsTest, AtTheStartAnAlarmIsUnknownNotOff) {
  step();

  EXPECT_EQ(site.reading("alarm_cell_voltage_high").quality, Quality::missing);
}

TEST_F(AlarmsTest, AnActiveAlarmHoldsWhileNothingIsKnown) {
  site.fill(9_V, 25_degC);
  step();
  site.advance(2s);
  step();
  ASSERT_TRUE(is_on("alarm_cell_voltage_low"));

  site.advance(1h);  // everything is stale
  step();

  EXPECT_TRUE(is_on("alarm_cell_voltage_low"));
}

TEST_F(AlarmsTest, OneSilentCellRaisesDataMissingAndNamesIt) {
  site.fill(12.8_V, 25_degC);
  step();
  site.advance(4s);
  site.fill(12.8_V, 25_degC);
  Report report(Target{site.pack(), 0});
  report.add(point::cell_voltage.row, 0, 1, Quality::missing);
  site.model().apply(report, site.now());
  step();
  site.advance(3s);
  const Decision raised = step();

  ASSERT_EQ(raised.alerts.size(), 1U);
  EXPECT_EQ(raised.alerts[0].message,
            "1 of 12 values are missing, the first is Cell 2 voltage (missing)");
  EXPECT_TRUE(is_on("problem"));
}

TEST_F(AlarmsTest, ABmsErrorIsAnAlarmUntilItsFramesStop) {
  site.fill(12.8_V, 25_degC);
  site.model().set_text(site.slot("bms_error"), "000521", site.now());
  EXPECT_EQ(step().alerts.size(), 1U);
  EXPECT_TRUE(is_on("alarm_bms_error"));

  site.advance(11s);
  site.fill(12.8_V, 25_degC);
  step();
  EXPECT_FALSE(is_on("alarm_bms_error"));
}

struct ChargingTest : testing::Test {
  SiteFixture site{PackSpec{.charging = true}};
  rules::Alarms alarms{site.site(), site.limits()};
  rules::Charging charging{site.site(), site.limits()};

  void SetUp() override {
    site.connect_adapter();
    site.fill(12.8_V, 25_degC);
    site.set(site.slot("charging"), 0);
  }
  Decision command(bool on) {
    Intent intent;
    intent.slot = site.slot("charging");
    intent.value = on ? 1 : 0;
    intent.ticket = 7;
    site.step(alarms);
    return site.step(charging, {intent});
  }
  Decision step(bool shutting_down = false) {
    site.step(alarms);
    return site.step(charging, {}, shutting_down);
  }
  /// The adapter reports the order as done.
  void report_on() { site.set(site.slot("charging"), 1); }
  static bool output(const Decision& d) { return d.outputs.at(0).value != 0; }
  static std::string reason(const Decision& d) {
    return d.verdicts.at(0).accepted ? "" : d.verdicts.at(0).reason;
  }
  static std::string stopped_because(const Decision& d) {
    return d.notes.empty() ? "" : d.notes[0].second.message;
  }
};

TEST_F(ChargingTest, IsOffUntilAUserSwitchesItOn) {
  EXPECT_FALSE(output(step()));

  EXPECT_EQ(reason(command(true)), "");
  EXPECT_TRUE(output(step()));

  command(false);
  EXPECT_FALSE(output(step()));
}

TEST_F(ChargingTest, RefusesWhileACellIsBeyondItsLimitWithoutWaitingForTheDelay) {
  site.set_cell(3, 14.01_V);

  EXPECT_EQ(reason(command(true)), "Cell 3 voltage is 14.01 V, the limit is 14.00 V");
  EXPECT_FALSE(output(step()));
}

TEST_F(ChargingTest, RefusesWhileAnyInputIsNotGood) {
  Report report(Target{site.pack(), 0});
  report.add(point::cell_temperature.row, 0, 4, Quality::missing);
  site.model().apply(report, site.now());

  EXPECT_EQ(reason(command(true)), "Cell 5 temperature is missing");
}

TEST_F(ChargingTest, RefusesWhileTheAdapterIsNotConnected) {
  site.connect_adapter(false);

  EXPECT_EQ(reason(command(true)), "the adapter is not connected");
}

TEST_F(ChargingTest, RefusesWhileTheStateOfTheOutputIsUnknown) {
  Report report(Target{site.pack(), 0});
  report.add(point::charging.row, 0, 0, Quality::missing);
  site.model().apply(report, site.now());

  EXPECT_NE(reason(command(true)), "");
}

TEST_F(ChargingTest, StopsWhenOneCellGoesStaleAndStaysOffWhenItIsBack) {
  command(true);
  report_on();
  site.advance(4s);
  site.fill(12.8_V, 25_degC);
  report_on();
  ASSERT_TRUE(output(step()));
  site.advance(5001ms);
  report_on();

  const Decision stopped = step();
  EXPECT_FALSE(output(stopped));
  EXPECT_EQ(stopped_because(stopped), "Charging stopped: Cell 1 voltage is stale");

  site.fill(12.8_V, 25_degC);
  EXPECT_FALSE(output(step()));
}

TEST_F(ChargingTest, StopsAtOnceBeyondALimit) {
  command(true);
  report_on();
  site.set_temperature(2, 60.01_degC);

  EXPECT_FALSE(output(step()));
}

TEST_F(ChargingTest, StopsOnABmsError) {
  command(true);
  report_on();
  site.model().set_text(site.slot("bms_error"), "01", site.now());

  EXPECT_FALSE(output(step()));
}

TEST_F(ChargingTest, StopsWhenTheOutputsStateBecomesUnknownAsAfterBusOff) {
  command(true);
  report_on();
  Report report(Target{site.pack(), 0});
  report.add(point::charging.row, 0, 0, Quality::missing);
  site.model().apply(report, site.now());

  EXPECT_FALSE(output(step()));
}

TEST_F(ChargingTest, StopsWhenTheDeviceDoesNotFollow) {
  command(true);
  for (int i = 0; i < 6; ++i) {
    site.advance(1s);
    site.fill(12.8_V, 25_degC);
    site.set(site.slot("charging"), 0);
    EXPECT_EQ(output(step()), i < 4) << i;
  }

  EXPECT_FALSE(output(step()));
}

TEST_F(ChargingTest, StopsOnShutdownAndRefusesFromThenOn) {
  command(true);
  report_on();

  EXPECT_FALSE(output(step(true)));
}

TEST(Charging, HasNoOutputWhereControlDoesNotAllowIt) {
  SiteFixture site({.charging = true, .allowed = false});
  rules::Charging charging(site.site(), site.limits());

  EXPECT_TRUE(site.step(charging).outputs.empty());
}

TEST(Presence, ADeviceIsLostWhenAllItsValuesAreStaleAndFoundAgain) {
  SiteFixture site;
  rules::Presence presence(site.site());
  site.step(presence);
  EXPECT_TRUE(site.reading("connected").is_off());

  site.set_cell(1, 12.8_V);
  EXPECT_EQ(site.step(presence).notes.at(0).second.type, "device_found");
  EXPECT_TRUE(site.reading("connected").is_on());

  site.advance(6s);
  EXPECT_EQ(site.step(presence).notes.at(0).second.type, "device_lost");
  EXPECT_TRUE(site.reading("connected").is_off());
}

}  // namespace
}  // namespace b2m

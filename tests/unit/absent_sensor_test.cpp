// SPDX-License-Identifier: MIT
// A sensor that a device says it does not have is no gap in the data; one that is silent is.
#include <limits>

#include <gtest/gtest.h>

#include "gateway/rules/alarms.hpp"
#include "gateway/rules/balance_guard.hpp"
#include "gateway/rules/pack_figures.hpp"
#include "gateway/rules/pack_obstacle.hpp"
#include "tests/support/site_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using test::SiteFixture;

class AbsentSensor : public testing::Test {
 protected:
  AbsentSensor() {
    site.connect_adapter();
    fill();
  }

  void fill() { site.fill(12.5_V, 25_degC); }

  void say(RowId row, int number, Quality quality) {
    Report report(Target{site.pack(), 0});
    report.add(row, std::numeric_limits<double>::quiet_NaN(), number - 1, quality);
    site.model().apply(report, site.now());
  }

  void say_temperature(int number, Quality quality) {
    say(point::cell_temperature.row, number, quality);
  }

  std::optional<std::string> obstacle() {
    const rules::PackObstacle found(site.site(), site.pack(), site.limits(), 0,
                                    rules::PackObstacle::Spread::stops);
    const Snapshot now = site.model().freeze(site.now());
    const rules::Input in{now, {}};
    return found.find(in, Decision());
  }

  SiteFixture site;
};

TEST_F(AbsentSensor, NeitherStopsChargingNorRaisesAnAlarm) {
  say_temperature(3, Quality::absent);
  rules::Alarms alarms(site.site(), site.limits());
  site.step(alarms);
  site.advance(4s);
  fill();
  say_temperature(3, Quality::absent);
  site.step(alarms);

  EXPECT_TRUE(site.reading("alarm_data_missing").is_off());
  EXPECT_TRUE(site.reading("alarm_temperature_high").is_off());
  EXPECT_EQ(obstacle(), std::nullopt);
}

TEST_F(AbsentSensor, ThatIsOnlySilentStopsCharging) {
  say_temperature(3, Quality::missing);

  EXPECT_NE(obstacle().value_or("").find("missing"), std::string::npos);
}

TEST_F(AbsentSensor, LeavesTheOthersTheirFigures) {
  rules::PackFigures figures(site.site());
  say_temperature(3, Quality::absent);
  site.step(figures);

  EXPECT_NEAR(site.reading("temperature_max").value, 25, 1e-9);
}

TEST_F(AbsentSensor, IsNoReasonAgainstABleed) {
  const rules::BalanceGuard guard(site.site(), site.pack(), site.limits());
  say_temperature(3, Quality::absent);
  const Snapshot now = site.model().freeze(site.now());
  const rules::Input in{now, {}};
  EXPECT_EQ(guard.of_run(in, Decision()), std::nullopt);

  say_temperature(3, Quality::missing);
  const Snapshot then = site.model().freeze(site.now());
  const rules::Input later{then, {}};
  EXPECT_NE(guard.of_run(later, Decision()), std::nullopt);
}

TEST_F(AbsentSensor, OfACellsVoltageDoesNotExist) {
  rules::PackFigures figures(site.site());
  say(point::cell_voltage.row, 3, Quality::absent);
  site.step(figures);

  EXPECT_EQ(site.reading("cell_03_voltage").quality, Quality::missing);
  EXPECT_FALSE(site.reading("voltage").is_good());
  EXPECT_NE(obstacle(), std::nullopt);
}

}  // namespace
}  // namespace b2m

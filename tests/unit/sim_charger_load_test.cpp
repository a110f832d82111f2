// SPDX-License-Identifier: MIT
// The simulated charger has the shapes of the recorded ones.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "gateway/sim/charger_load.hpp"
#include "gateway/sim/virtual_pack.hpp"

namespace b2m::sim {
namespace {

using namespace std::chrono_literals;

const SteadyTime kStart{1000h};

class Charge {
 public:
  explicit Charge(ChargerLoadParameters p) : load(quiet(p)) {
    load.advance_to(now);
    load.switch_on(true);
  }
  double after(SteadyDuration d) {
    load.advance_to(now += d);
    return load.power().value;
  }
  static ChargerLoadParameters quiet(ChargerLoadParameters p) {
    p.noise_w = 0;
    return p;
  }

  SteadyTime now = kStart;
  ChargerLoad load;
};

ChargerLoadParameters at_level(std::string_view curve, double level) {
  ChargerLoadParameters p = charger_curve(curve);
  p.level = level;
  return p;
}

TEST(SimChargerLoad, DipsWhileItWarmsUpThenRises) {
  Charge run(at_level("rad", 0.6));
  const double cold = run.load.power().value;
  const double warm = run.after(10min);
  const double later = run.after(60min);

  EXPECT_NEAR(cold - warm, 0.2, 0.2);
  EXPECT_GT(later / warm, 1.02);
  EXPECT_LT(later / warm, 1.03);
}

TEST(SimChargerLoad, RadEndsWithAStep) {
  Charge run(at_level("rad", 0.87));
  double before = run.load.power().value;
  double largest_step = 0;
  for (int minute = 0; minute < 180; ++minute) {
    const double watts = run.after(1min);
    largest_step = std::max(largest_step, before - watts);
    before = watts;
  }
  EXPECT_GT(largest_step, 12);
  EXPECT_LT(before, 6);
  EXPECT_GT(before, 1);
  EXPECT_EQ(run.load.level(), 1);
}

TEST(SimChargerLoad, LectricEndsWithoutAStep) {
  Charge run(at_level("lectric", 0.87));
  double before = run.load.power().value;
  for (int minute = 0; minute < 240; ++minute) {
    const double watts = run.after(1min);
    EXPECT_LT(before - watts, 3) << minute;
    before = watts;
  }
  EXPECT_LT(before, 5);
}

// The whole tail of a recorded charge, from its peak on.
TEST(SimChargerLoad, StaysNearTheRecordedTail) {
  const std::string path =
      B2M_SOURCE_DIR "/../shared/data/charge-curves/2023-06-24-full-rad_battery_1.csv";
  if (!std::filesystem::exists(path))
    GTEST_SKIP() << "no recorded curves beside this checkout (../shared/data/charge-curves)";
  constexpr int kKnee_s = 2600;
  constexpr int kStep_s = 9200;
  Charge run(at_level("rad", charger_curve("rad").knee_level));
  std::ifstream file(path);
  int compared = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    int seconds = 0;
    char comma = 0;
    double watts = 0;
    if (!(words >> seconds >> comma >> watts) || seconds < kKnee_s || seconds > kStep_s) continue;
    run.load.advance_to(kStart + std::chrono::seconds(seconds - kKnee_s));
    EXPECT_NEAR(run.load.power().value, watts, 8) << "after " << seconds << " s";
    ++compared;
  }
  EXPECT_GE(compared, 15);
}

TEST(SimChargerLoad, DoesNotDependOnHowOftenItIsAsked) {
  ChargerLoad often(at_level("rad", 0.85));
  ChargerLoad seldom(at_level("rad", 0.85));
  for (ChargerLoad* load : {&often, &seldom}) {
    load->advance_to(kStart);
    load->switch_on(true);
  }
  for (auto t = 0ms; t < 2h; t += 137ms) often.advance_to(kStart + t);
  often.advance_to(kStart + 2h);
  seldom.advance_to(kStart + 2h);

  EXPECT_NEAR(often.power().value, seldom.power().value, 1e-3);
  EXPECT_NEAR(often.energy_wh(), seldom.energy_wh(), 1e-3);
}

TEST(SimChargerLoad, EnergyIsPowerOverTime) {
  Charge run(at_level("rad", 0.3));
  double sum_wh = 0;
  for (int second = 0; second < 3600; ++second) {
    sum_wh += run.load.power().value / 3600;
    run.after(1s);
  }
  EXPECT_NEAR(run.load.energy_wh(), sum_wh, 0.05);
  EXPECT_NEAR((run.load.level() - 0.3) * 840, run.load.energy_wh(), 1e-6);
}

TEST(SimChargerLoad, DrawsNothingOffOrUnpluggedAndLittleWithoutBattery) {
  Charge run(at_level("rad", 0.5));
  run.load.switch_on(false);
  EXPECT_EQ(run.after(1min), 0);
  const double level = run.load.level();
  EXPECT_EQ(run.after(1h), 0);
  EXPECT_EQ(run.load.level(), level);

  run.load.switch_on(true);
  run.load.connect_battery(false);
  EXPECT_NEAR(run.after(1min), 0.7, 0.01);
  run.load.plug_in(false);
  EXPECT_EQ(run.after(1min), 0);
}

TEST(SimChargerLoad, AFullOneDrawsSlowlyLess) {
  Charge run(at_level("rad", 1));
  const double first = run.after(1min);
  const double hour = run.after(1h);
  EXPECT_NEAR(first, 5, 0.1);
  EXPECT_LT(hour, first - 1);
  EXPECT_GT(hour, 2);
}

TEST(SimBenchCharger, ShowsInTheCellsAndAtTheWall) {
  PackParameters pack;
  pack.cells = 6;
  Bench bench(std::make_unique<VirtualPack>(pack), Charger(Amperes(5), Volts(25.2)),
              Load(Amperes(0), Volts(3.0)));
  bench.advance_to(kStart);
  BenchCharger charger(bench, bench.add_charger(Charger(Amperes(2), Volts(25.2))), 0.8);
  charger.advance_to(kStart);
  const Volts before = bench.voltage();

  charger.switch_on(true);
  charger.advance_to(kStart + 10s);

  EXPECT_GT(bench.voltage().value, before.value);
  EXPECT_FALSE(bench.is_charging());  // that is the boards' own charger
  EXPECT_NEAR(bench.current().value, 2, 0.01);
  EXPECT_NEAR(charger.power().value, bench.voltage().value * 2 / 0.8 + 0.7, 0.5);
  EXPECT_GT(charger.energy_wh(), 0.1);
  charger.switch_on(false);
  charger.advance_to(kStart + 20s);
  EXPECT_EQ(charger.power().value, 0);
  EXPECT_EQ(bench.current().value, 0);
}

}  // namespace
}  // namespace b2m::sim

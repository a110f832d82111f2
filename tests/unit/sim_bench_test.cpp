// SPDX-License-Identifier: MIT
#include <algorithm>

#include <gtest/gtest.h>

#include "gateway/sim/bench.hpp"
#include "gateway/sim/virtual_pack.hpp"

namespace b2m::sim {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kStart{1000h};

PackParameters six_lead_blocks() {
  PackParameters p;
  p.cell.ocv_soc = {0, 0.5, 1};
  p.cell.ocv_v = {11.6, 12.3, 12.8};
  p.cell.series = Ohms(0.008);
  p.cell.polarisation = Ohms(0.02);
  p.seed = 7;
  return p;
}

Bench bench(double charge_a, double target_v, double load_a, double soc = 0.5) {
  PackParameters p = six_lead_blocks();
  p.soc = soc;
  return {std::make_unique<VirtualPack>(p), Charger(Amperes(charge_a), Volts(target_v)),
          Load(Amperes(load_a), Volts(10.5))};
}

double highest(const Bench& b) { return std::ranges::max_element(b.state().voltages)->value; }

TEST(SimPack, TheSameSeedGivesTheSameCellsAndAnotherSeedOthers) {
  PackParameters p = six_lead_blocks();
  VirtualPack first(p), again(p);
  p.seed = 8;
  VirtualPack other(p);

  EXPECT_EQ(first.state().voltages, again.state().voltages);
  EXPECT_NE(first.state().voltages, other.state().voltages);
}

TEST(SimPack, NoTwoCellsAreAlike) {
  VirtualPack pack(six_lead_blocks());

  auto voltages = pack.state().voltages;
  std::ranges::sort(voltages);

  EXPECT_EQ(std::ranges::adjacent_find(voltages), voltages.end());
}

TEST(SimBench, SwitchingTheChargerOnRaisesEveryCellWithinSeconds) {
  Bench b = bench(10, 90, 1);
  b.advance_to(kStart);
  b.advance_to(kStart + 5s);
  const auto before = b.state().voltages;

  b.charge(true);
  b.advance_to(kStart + 15s);

  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_GT(b.state().voltages[i], before[i] + 0.05_V) << "cell " << i + 1;
  EXPECT_NEAR(b.current().value, 9, 1e-9);
}

TEST(SimBench, ALoadAloneDischarges) {
  Bench b = bench(10, 90, 2);
  b.advance_to(kStart);
  b.advance_to(kStart + 1s);
  const Volts before = b.voltage();

  b.advance_to(kStart + 2h);

  EXPECT_LT(b.voltage(), before);
  EXPECT_DOUBLE_EQ(b.current().value, -2);
}

TEST(SimBench, ChargingGoesFromConstantCurrentToConstantVoltageAndTapers) {
  Bench b = bench(10, 81, 0, 0.9);
  b.advance_to(kStart);
  b.charge(true);
  b.advance_to(kStart + 1min);
  EXPECT_NEAR(b.current().value, 10, 1e-9);

  b.advance_to(kStart + 3h);

  EXPECT_NEAR(b.voltage().value, 81, 0.05);
  EXPECT_LT(b.current().value, 1);
  EXPECT_LT(highest(b), 14);
}

TEST(SimBench, TheLoadLetsGoOfAnEmptyPack) {
  Bench b = bench(10, 90, 5, 0.05);
  b.advance_to(kStart);

  b.advance_to(kStart + 6h);

  EXPECT_DOUBLE_EQ(b.current().value, 0);
  EXPECT_GT(b.voltage(), 60_V);
}

TEST(SimBench, ChargingWarmsTheCells) {
  Bench b = bench(20, 90, 0, 0.2);
  b.advance_to(kStart);
  const Celsius before = b.state().temperatures[0];
  b.charge(true);

  b.advance_to(kStart + 30min);

  EXPECT_GT(b.state().temperatures[0], before + 0.5_degC);
}

TEST(SimBench, HowOftenItIsAskedDoesNotChangeTheOutcome) {
  Bench often = bench(10, 90, 1), seldom = bench(10, 90, 1);
  often.advance_to(kStart);
  seldom.advance_to(kStart);
  often.charge(true);
  seldom.charge(true);

  for (int i = 1; i <= 600; ++i) often.advance_to(kStart + i * 100ms);
  seldom.advance_to(kStart + 1min);

  EXPECT_EQ(often.state().voltages, seldom.state().voltages);
}

}  // namespace
}  // namespace b2m::sim

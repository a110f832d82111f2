// SPDX-License-Identifier: MIT
#include <cmath>

#include <gtest/gtest.h>

#include "gateway/sim/virtual_pack.hpp"
#include "tests/support/chen2020.hpp"

namespace b2m::sim {
namespace {

using namespace std::chrono_literals;

PackParameters four_cells() {
  PackParameters p;
  p.make = test::chen2020_make();
  p.cell.capacity = AmpereHours(5);
  p.cell.heat_capacity_j_per_k = 42.8;
  p.cell.cooling_w_per_k = 0.053;
  p.cells = 4;
  return p;
}

void pass(VirtualPack& pack, std::chrono::seconds time, double amperes = 0) {
  for (auto t = 0ms; t < time; t += 100ms) pack.step(100ms, Amperes(amperes));
}

std::vector<double> volts(const VirtualPack& pack) {
  std::vector<double> all;
  for (const Volts v : pack.state().voltages) all.push_back(v.value);
  return all;
}

/// Cell 2 after some time with a fault, and the same cell without.
struct Comparison {
  double with = 0, without = 0, neighbour = 0, healthy_neighbour = 0;
};
Comparison compare(const PackFault& fault, std::chrono::seconds time, double amperes) {
  VirtualPack ill(four_cells()), healthy(four_cells());
  ill.inject(fault);
  pass(ill, time, amperes);
  pass(healthy, time, amperes);
  return {volts(ill)[1], volts(healthy)[1], volts(ill)[0], volts(healthy)[0]};
}

TEST(SimVirtualPack, TheSameSeedGivesTheSameCellsAndAnotherSeedOthers) {
  PackParameters p = four_cells();
  VirtualPack first(p), again(p);
  p.seed = 8;
  VirtualPack other(p);
  for (VirtualPack* pack : {&first, &again, &other}) pass(*pack, 60s, -3);

  EXPECT_EQ(volts(first), volts(again));
  EXPECT_NE(volts(first), volts(other));
  EXPECT_EQ(first.state().temperatures, again.state().temperatures);
}

TEST(SimVirtualPack, ABleedLowersItsCellAndNoOther) {
  VirtualPack bled(four_cells()), idle(four_cells());
  bled.bleed(2, Ohms(20));
  pass(bled, 1h);
  pass(idle, 1h);

  EXPECT_LT(volts(bled)[2], volts(idle)[2] - 0.01);
  EXPECT_LT(bled.cells().socs()[2], idle.cells().socs()[2] - 0.03);
  for (const std::size_t other : {0U, 1U, 3U})
    EXPECT_DOUBLE_EQ(volts(bled)[other], volts(idle)[other]);
}

TEST(SimVirtualPack, AnOpenContactorStopsTheCurrentAndClosingItShowsInEveryCell) {
  VirtualPack pack(four_cells());
  pass(pack, 10s, -5);
  const auto loaded = volts(pack);

  pack.close_contactor(false);
  pass(pack, 60s, -5);
  EXPECT_DOUBLE_EQ(pack.current().value, 0);
  const auto open = volts(pack);
  const double soc = pack.soc();
  pass(pack, 60s, -5);
  EXPECT_DOUBLE_EQ(pack.soc(), soc);

  pack.close_contactor(true);
  pass(pack, 1s, -5);
  EXPECT_DOUBLE_EQ(pack.current().value, -5);
  for (std::size_t i = 0; i < open.size(); ++i) {
    EXPECT_GT(open[i], loaded[i] + 0.05);
    EXPECT_LT(volts(pack)[i], open[i] - 0.05);
  }
}

TEST(SimVirtualPack, TheHeaterWarmsEveryCellAndIsFedByThem) {
  PackParameters p = four_cells();
  p.heater = Watts(8);
  VirtualPack heated(p), idle(p);
  heated.heat(true);
  pass(heated, 5min);
  pass(idle, 5min);

  EXPECT_GT(heated.state().temperatures[3].value, idle.state().temperatures[3].value + 5);
  EXPECT_LT(heated.soc(), idle.soc() - 0.005);
}

TEST(SimVirtualPack, HeatPassesBetweenNeighboursOnlyWhereItMay) {
  PackParameters p = four_cells();
  p.scatter.temperature_k = 0;
  for (const double coupling : {0.0, 1.0}) {
    p.neighbour_w_per_k = coupling;
    VirtualPack pack(p);
    pack.inject({PackFaultKind::short_circuit, 1, 1.0});
    pass(pack, 1min);
    EXPECT_GT(pack.state().temperatures[0].value, 28) << coupling;
    EXPECT_EQ(pack.state().temperatures[1].value > 26, coupling > 0) << coupling;
  }
}

TEST(SimVirtualPackFaults, AWeakCellSagsMoreAndEmptiesSooner) {
  const Comparison c = compare({PackFaultKind::weak_cell, 2, {}}, 600s, -5);

  EXPECT_LT(c.with, c.without - 0.05);
  EXPECT_DOUBLE_EQ(c.neighbour, c.healthy_neighbour);
}

TEST(SimVirtualPackFaults, ALeakEmptiesItsCell) {
  const Comparison c = compare({PackFaultKind::leak, 2, 1.0}, 1800s, 0);

  EXPECT_LT(c.with, c.without - 0.05);
  EXPECT_DOUBLE_EQ(c.neighbour, c.healthy_neighbour);
}

TEST(SimVirtualPackFaults, AShortInACellIsBoundedAndHot) {
  for (const double ohm : {0.0, 0.001, 0.1}) {
    VirtualPack pack(four_cells());
    pack.inject({PackFaultKind::short_circuit, 2, ohm});
    pass(pack, 5s);
    const double drawn = (0.5 - pack.cells().socs()[1]) * 5 * 3600 / 5;
    EXPECT_LT(drawn, 60) << ohm;
    EXPECT_GT(drawn, 20) << ohm;
    EXPECT_GT(pack.state().temperatures[1].value, pack.state().temperatures[0].value + 5) << ohm;
    pass(pack, 1h);
    EXPECT_LT(volts(pack)[1], 1) << ohm;
    EXPECT_GT(volts(pack)[1], -1.1) << ohm;
  }
}

TEST(SimVirtualPackFaults, AShortOutsideDrawsFromAllUntilTheContactorOpens) {
  VirtualPack pack(four_cells());
  pack.inject({PackFaultKind::external_short, 0, 0.5});
  pass(pack, 5s);
  EXPECT_LT(pack.current().value, -15);
  EXPECT_GT(pack.current().value, -51);

  pack.close_contactor(false);
  pass(pack, 1s);
  EXPECT_DOUBLE_EQ(pack.current().value, 0);
}

TEST(SimVirtualPackFaults, AnOpenSensorReadsNothingOrItsRailAndTheCellIsFine) {
  VirtualPack pack(four_cells());
  const auto before = volts(pack);

  pack.inject({PackFaultKind::open_sensor, 3, {}});
  EXPECT_TRUE(std::isnan(pack.readings().voltages[2].value));
  pack.inject({PackFaultKind::open_sensor, 3, 5.0});
  EXPECT_DOUBLE_EQ(pack.readings().voltages[2].value, 5);

  EXPECT_EQ(volts(pack), before);
  EXPECT_DOUBLE_EQ(pack.readings().voltages[1].value, before[1]);
}

TEST(SimVirtualPackFaults, ColdCellsAreStiffer) {
  const Comparison c = compare({PackFaultKind::cold, 0, -20.0}, 3600s, -1);

  EXPECT_LT(c.with, c.without - 0.02);
}

TEST(SimVirtualPackFaults, EndByTimeAndByCommand) {
  VirtualPack pack(four_cells());
  pack.inject({PackFaultKind::contactor_open, 0, {}, 2s});
  pass(pack, 1s, 3);
  EXPECT_FALSE(pack.is_closed());
  pass(pack, 2s, 3);
  EXPECT_TRUE(pack.is_closed());
  EXPECT_DOUBLE_EQ(pack.current().value, 3);

  const auto capacity = pack.cells().capacity_ah(0);
  pack.inject({PackFaultKind::weak_cell, 1, {}});
  EXPECT_LT(pack.cells().capacity_ah(0), capacity * 0.7);
  pack.clear_faults();
  EXPECT_DOUBLE_EQ(pack.cells().capacity_ah(0), capacity);
}

TEST(SimVirtualPackSensors, HaveAnOffsetOfTheirOwnNoiseAndSteps) {
  PackParameters p = four_cells();
  p.sensors = {0.01, 0.002, 0.0005};
  VirtualPack pack(p);
  std::vector<double> sums(4), squares(4);
  constexpr int kSamples = 2000;
  for (int n = 0; n < kSamples; ++n) {
    pack.step(1ms, Amperes(0));
    for (std::size_t i = 0; i < 4; ++i) {
      const double v = pack.readings().voltages[i].value;
      const double error = v - pack.state().voltages[i].value;
      EXPECT_NEAR(v / 0.0005, std::round(v / 0.0005), 1e-6);
      sums[i] += error;
      squares[i] += error * error;
    }
  }
  for (std::size_t i = 0; i < 4; ++i) {
    const double mean = sums[i] / kSamples;
    EXPECT_LT(std::abs(mean), 0.0105);
    EXPECT_NEAR(std::sqrt(squares[i] / kSamples - mean * mean), 0.002, 0.0002);
    EXPECT_GT(std::abs(mean - sums[(i + 1) % 4] / kSamples), 1e-4);
  }
}

TEST(SimVirtualPackExtremes, AreFiniteWhateverIsDoneToIt) {
  for (const bool is_spm : {true, false}) {
    PackParameters p = four_cells();
    if (!is_spm) p.make.reset();
    VirtualPack pack(p);
    pack.inject({PackFaultKind::short_circuit, 1, 0.0});
    pack.inject({PackFaultKind::external_short, 0, 0.0});
    pack.inject({PackFaultKind::cold, 0, -60.0});
    pack.inject({PackFaultKind::weak_cell, 0, 0.0});
    pack.bleed(3, Ohms(0.001));
    for (const double amperes : {1000.0, -1000.0, 0.0, 1e6}) {
      pass(pack, 1000s, amperes);
      for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_TRUE(std::isfinite(volts(pack)[i])) << amperes;
        EXPECT_TRUE(std::isfinite(pack.state().temperatures[i].value)) << amperes;
      }
    }
  }
}

}  // namespace
}  // namespace b2m::sim

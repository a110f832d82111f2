// SPDX-License-Identifier: MIT
// What a simulated pack of 96 cells costs: a step of a cell, and the part of a core in real time,
// stepped once a second and as benches step (100 ms), with everything around it. Goal: 0.1 % of a
// core at 1 Hz.
#include "gateway/sim/bench.hpp"
#include "gateway/sim/virtual_pack.hpp"
#include "tests/bench/measure.hpp"
#include "tests/support/chen2020.hpp"

namespace {

using namespace b2m;
using namespace b2m::bench;
using namespace std::chrono_literals;

constexpr int kCells = 96;
constexpr int kSeconds = 20'000;
constexpr double kGoalPercent = 0.1;

sim::PackParameters pack(bool is_spm) {
  sim::PackParameters p;
  if (is_spm) p.make = test::chen2020_make();
  p.cell.rc_elements = 2;
  p.cell.capacity = AmpereHours(5);
  p.cells = kCells;
  p.sensors = {0.002, 0.0005, 0.0004};
  return p;
}

/// Seconds of CPU for a second of the pack's time.
template <class Pass>
double cost(Pass pass) {
  const std::int64_t begin = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
  pass();
  return static_cast<double>(nanoseconds(CLOCK_THREAD_CPUTIME_ID) - begin) / 1e9 / kSeconds;
}

void print(std::string_view name, double cost_s, int steps_a_second) {
  Figures figures("pack", name);
  figures.count("cells", kCells);
  figures.add("ns_a_cell_step", 1e9 * cost_s / kCells / steps_a_second, 1);
  figures.add("core_percent", 100 * cost_s, 4);
  figures.truth("goal_met", 100 * cost_s < kGoalPercent);
  figures.print();
}

void measure(const std::string& name, bool is_spm) {
  sim::VirtualPack alone(pack(is_spm));
  print(name + " at 1 s", cost([&] {
          for (int s = 0; s < kSeconds; ++s) alone.step(1s, Amperes(s % 100 < 50 ? 2 : -2));
        }),
        1);
  sim::Bench bench(std::make_unique<sim::VirtualPack>(pack(is_spm)),
                   sim::Charger(Amperes(2), Volts(4.1 * kCells)), sim::Load(Amperes(1), Volts(3)));
  bench.charge(true);
  SteadyTime now{1h};
  bench.advance_to(now);
  print(name + " on a bench, 100 ms", cost([&] {
          for (int s = 0; s < kSeconds; ++s) bench.advance_to(now += 1s);
        }),
        10);
}

}  // namespace

int main() {
  measure("spm", true);
  measure("ecm_2rc", false);
}

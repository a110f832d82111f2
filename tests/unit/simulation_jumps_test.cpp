// SPDX-License-Identifier: MIT
// The demand may jump from any state that a run has come to: rest and charge always have a
// solution there.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/cell_run.hpp"

namespace b2m::sim {
namespace {

using test::cell_run;
using test::cycle_run;

constexpr ModelKind kModels[] = {ModelKind::spm,    ModelKind::spme,    ModelKind::dfn,
                                 ModelKind::spm_rc, ModelKind::ecm_1rc, ModelKind::ecm_2rc};

SimulationEnd end_of(SimulationInput input, double temperature_c) {
  input.lower_v = 0.5;
  input.upper_v = 5;
  input.temperature_k = input.ambient_k = 273.15 + temperature_c;
  const auto output = run(input);
  EXPECT_TRUE(output) << (output ? "" : output.error().detail);
  return output ? output->end : SimulationEnd{};
}

class Jump : public testing::TestWithParam<ModelKind> {};

// Newton's method once went away from the solution by less than a factor of two at a time.
TEST_P(Jump, ToRestAndToChargeIsSolvedAfterAnyDischarge) {
  for (const double temperature_c : {-20.0, 0.0, 25.0, 45.0})
    for (const double soc : {1.0, 0.9, 0.5, 0.1, 0.03})
      for (const double amperes : {1.0, 5.0, 15.0, 30.0})
        for (const char* then : {"Rest for 60 s", "Charge at 5 A for 10 s"}) {
          const auto steps =
              fmt::format("Discharge at {} A for 10 s or until 2.3 V; {}", amperes, then);
          const auto end = end_of(cell_run(steps, soc, GetParam()), temperature_c);

          EXPECT_EQ(end.reason, EndReason::finished)
              << steps << ", " << soc << ", " << temperature_c << ": " << end.text;
        }
}

// With salt or surfaces used up, as a discharge leaves them.
TEST_P(Jump, ToRestAndToChargeIsSolvedInAnEmptyCell) {
  for (const double temperature_c : {-20.0, 0.0, 25.0})
    for (const double amperes : {5.0, 10.0, 14.0, 15.0, 20.0, 40.0})
      for (const char* then : {"Rest for 600 s", "Charge at 5 A for 60 s"}) {
        const auto steps = fmt::format("Discharge at {} A until 2.51 V; {}", amperes, then);
        if (GetParam() == ModelKind::spme && amperes > 10) continue;  // its salt runs out before
        const auto end = end_of(cell_run(steps, 0.9, GetParam()), temperature_c);

        EXPECT_EQ(end.reason, EndReason::finished)
            << steps << ", " << temperature_c << ": " << end.text;
      }
}

TEST_P(Jump, ToAVoltageIsSolved) {
  for (const char* before : {"Discharge at 5 A for 30 s", "Charge at 5 A for 30 s"})
    for (const double soc : {0.9, 0.5, 0.2})
      for (const double volts : {4.19, 4.0, 3.5, 3.0}) {
        const auto steps = fmt::format("{}; Hold at {} V for 60 s", before, volts);
        // The one has no resistance, the other's salt runs out.
        if (GetParam() == ModelKind::spm || GetParam() == ModelKind::spme) continue;
        const auto end = end_of(cell_run(steps, soc, GetParam()), 25);

        EXPECT_EQ(end.reason, EndReason::finished) << steps << ", " << soc << ": " << end.text;
      }
}

// Drive cycles that jump within less than a millisecond.
TEST_P(Jump, MayBeASteepRamp) {
  for (const double ramp_s : {1e-6, 1e-5, 1e-4, 1e-3, 1e-2})
    for (const double amperes : {2.0, 10.0, 30.0}) {
      const auto input = cycle_run({0, 1, 1 + ramp_s, 5, 5 + ramp_s, 10},
                                   {0, 0, amperes, amperes, -5, -5}, 0.5, GetParam());
      EXPECT_EQ(end_of(input, 25).reason, EndReason::finished) << ramp_s << " s to " << amperes;
    }
}

INSTANTIATE_TEST_SUITE_P(All, Jump, testing::ValuesIn(kModels));

// Ends at high currents once hung on rounding.
TEST(DfnEnds, AreTheSameWithBothPresets) {
  for (const double soc : {1.0, 0.9, 0.5})
    for (const double amperes : {15.0, 20.0, 25.0, 40.0}) {
      auto input =
          cell_run(fmt::format("Discharge at {} A for 1 hour", amperes), soc, ModelKind::dfn);
      const auto exact = run(input).value().end;
      input.preset = Preset::fast;
      const auto fast = run(input).value().end;

      EXPECT_NEAR(fast.time_s, exact.time_s, 0.01 * exact.time_s) << soc << ", " << amperes;
      EXPECT_NEAR(fast.voltage_v, 2.5, 0.02) << fast.text;
      EXPECT_NEAR(exact.voltage_v, 2.5, 0.02) << exact.text;
    }
}

// Steps that take no time once never looked at whether they should end.
TEST(StepsWithoutTime, AreCancelledAndOutOfTimeAndFillTheTable) {
  auto input = cell_run("Discharge at 1C until 4.15 V");
  input.cycles = 100'000;
  int looks = 0;
  RunControl out_of_time;
  out_of_time.is_out_of_time = [&looks] { return ++looks > 3; };
  EXPECT_EQ(run(input, out_of_time).value().end.reason, EndReason::out_of_time);

  const std::atomic<bool> is_cancelled = true;
  RunControl cancelled;
  cancelled.is_cancelled = &is_cancelled;
  EXPECT_EQ(run(input, cancelled).value().end.reason, EndReason::cancelled);

  input.max_rows = 100;
  EXPECT_EQ(run(input).value().end.reason, EndReason::row_limit);
}

// A rest of what rounding leaves of the longest time was once a step without a solution.
TEST(StepsWithoutTime, AreNoReasonToFail) {
  for (const double longest_s : {0.7, 7.7, 12.345, 1000.1}) {
    auto input = cell_run("Rest for 0.1 s; Rest for 0.2 s; Rest for 0.3 s; Rest until 1 V");
    input.max_time_s = longest_s;
    EXPECT_EQ(run(input).value().end.reason, EndReason::time_limit) << longest_s;
  }
}

// Late in a run the times of a step this short are equal numbers.
TEST(StepsWithoutTime, HaveNoNan) {
  for (const char* seconds : {"0.0000000001", "0.000000001", "0.00000001", "0.0000001"}) {
    auto input =
        cell_run(fmt::format("Rest for 10 days; Discharge at 1C for {} s; Rest for 1 s", seconds),
                 0.5, ModelKind::dfn);
    input.step_s = 3600;
    for (const double value : run(input).value().table.values)
      ASSERT_TRUE(std::isfinite(value)) << seconds;
  }
}

}  // namespace
}  // namespace b2m::sim

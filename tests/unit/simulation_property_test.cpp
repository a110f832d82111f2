// SPDX-License-Identifier: MIT
// What holds for any run: charge is neither made nor lost, and nothing is ever NaN.
#include <cmath>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/cell_run.hpp"

namespace b2m::sim {
namespace {

using test::cell_run;
using test::column_of;

class Charge : public testing::TestWithParam<ModelKind> {};

// The particles' own lithium, read back from the open-circuit voltage after a long rest, against
// the charge counted.
TEST_P(Charge, IsConserved) {
  auto input = cell_run(
      "Charge at C/2 until 4.1 V; Hold at 4.1 V until C/10; Discharge at 10 W for 20 minutes; "
      "Discharge at 2 "
      "Ohm for 10 minutes; Rest for 10 s",
      0.4, GetParam());
  input.columns = {"soc", "ocv_v"};

  const auto output = run(input);

  ASSERT_TRUE(output);
  const auto limits = find_limits(input.set).value();
  const double by_lithium =
      soc_at(input.set, limits, column_of(output->table, "ocv_v").back()).value();
  EXPECT_NEAR(column_of(output->table, "soc").back(), by_lithium, 2e-5) << output->end.text;
}

// Charged and discharged by the same charge, the cell comes back to where it was.
TEST_P(Charge, ComesBack) {
  auto input = cell_run(
      "Discharge at 1C for 10 minutes; Rest for 1 h; Charge at 1C for 10 minutes; Rest for 10 h",
      0.5, GetParam());

  const auto table = run(input).value().table;

  EXPECT_NEAR(column_of(table, "voltage_v").back(), 3.75087, 2e-4);
}

INSTANTIATE_TEST_SUITE_P(All, Charge,
                         testing::Values(ModelKind::spm, ModelKind::spme, ModelKind::dfn,
                                         ModelKind::spm_rc, ModelKind::ecm_1rc,
                                         ModelKind::ecm_2rc));

/// Anything that somebody might ask for, and what makes no sense.
class RandomRun {
 public:
  explicit RandomRun(unsigned seed) : random_(seed) {}

  SimulationInput make() {
    constexpr ModelKind kKinds[] = {ModelKind::spm,    ModelKind::spme,    ModelKind::dfn,
                                    ModelKind::spm_rc, ModelKind::ecm_1rc, ModelKind::ecm_2rc};
    SimulationInput input;
    input.set = test::chen2020();
    input.model = kKinds[below(6)];
    input.mesh = {3 + below(6), 3 + below(6), 3 + below(6), 3 + below(10), 3 + below(10)};
    input.soc = number(0, 1);
    input.temperature_k = number(260, 330);
    input.is_thermal = below(2) == 0;
    input.lower_v = below(3) == 0 ? number(0, 3) : 2.5;
    input.upper_v = below(3) == 0 ? number(4.2, 5) : 4.2;
    input.preset = below(2) == 0 ? Preset::fast : Preset::exact;
    input.at_limit = static_cast<AtLimit>(below(3));
    input.step_s = 60;
    input.max_time_s = 1e6;
    input.max_rows = 3000;
    for (int i = 1 + below(4); i > 0; --i) input.experiment.steps.push_back(step());
    return input;
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  double number(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random_);
  }

  ExperimentStep step() {
    using Kind = ExperimentStep::Kind;
    ExperimentStep step;
    step.duration_s = number(1, 5000);
    step.kind = static_cast<Kind>(below(5));
    const double high = std::pow(10, number(-1, 1.7));
    if (step.kind == Kind::current) step.value = below(3) == 0 ? 0 : number(-high, high);
    if (step.kind == Kind::voltage) step.value = number(2.6, 4.2);
    if (step.kind == Kind::power) step.value = number(-4 * high, 4 * high);
    if (step.kind == Kind::resistance) step.value = number(0.05, 10);
    if (step.kind == Kind::cycle) step.cycle = cycle(high);
    if (below(3) == 0 && step.kind != Kind::voltage) step.until_v = number(2.4, 4.3);
    return step;
  }

  std::shared_ptr<const DriveCycle> cycle(double high) {
    DriveCycle cycle;
    double time_s = 0;
    for (int i = 3 + below(30); i > 0; --i) {
      cycle.time_s.push_back(time_s);
      cycle.current_a.push_back(number(-high, high));
      time_s += number(0.01, 30);
    }
    return std::make_shared<DriveCycle>(std::move(cycle));
  }

  std::mt19937 random_;
};

class RandomRuns : public testing::TestWithParam<int> {};

TEST_P(RandomRuns, HaveNoNan) {
  int runs = 0;
  for (int i = 0; i < 40; ++i) {
    RandomRun random(static_cast<unsigned>(1000 * GetParam() + i));
    const SimulationInput input = random.make();

    const auto output = run(input);

    if (!output) {
      EXPECT_FALSE(output.error().detail.empty());
      continue;
    }
    ++runs;
    EXPECT_FALSE(output->end.text.empty());
    EXPECT_TRUE(std::isfinite(output->end.voltage_v + output->end.time_s)) << "seed " << i;
    EXPECT_GT(output->table.rows(), 0U);
    for (double value : output->table.values) ASSERT_TRUE(std::isfinite(value)) << "seed " << i;
    const auto time = column_of(output->table, "time_s");
    EXPECT_TRUE(std::is_sorted(time.begin(), time.end())) << "seed " << i;
  }
  EXPECT_GT(runs, 5);
}

INSTANTIATE_TEST_SUITE_P(All, RandomRuns, testing::Range(0, 5));

}  // namespace
}  // namespace b2m::sim

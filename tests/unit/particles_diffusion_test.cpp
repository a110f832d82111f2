// SPDX-License-Identifier: MIT
#include <cmath>

#include <gtest/gtest.h>

#include "gateway/sim/cell/particles.hpp"

namespace b2m::sim {
namespace {

constexpr double kRadius_m = 5e-6;
constexpr double kDensity = 1.5;  // A/m2, out of the particle
constexpr double kStart = 15000;

ElectrodeSet electrode(Function diffusivity) {
  ElectrodeSet set;
  set.particle_radius_m = kRadius_m;
  set.concentration_max = 30000;
  set.diffusivity = std::move(diffusivity);
  return set;
}

Function varying() { return Function::parse("3e-14 * exp(3 * (x - 0.5))").value(); }

/// Through a span in equal steps; false: no solution.
bool run(Particles& particles, double span_s, int steps, const std::vector<double>& j) {
  for (int i = 0; i < steps; ++i) {
    particles.begin(span_s / steps, j, kReferenceTemperature_k);
    for (const bool is_second : {false, true}) {
      if (is_second) particles.second_stage();
      particles.prepare(kReferenceTemperature_k);
      Particles::Commit state;
      do state = particles.commit(j);
      while (state == Particles::Commit::again);
      if (state == Particles::Commit::failed) return false;
    }
    particles.accept();
  }
  return true;
}

double surface_after(const ElectrodeSet& set, double span_s, int steps, int shells = 20) {
  Particles particles(set, 1, shells);
  particles.fill(kStart);
  EXPECT_TRUE(run(particles, span_s, steps, {kDensity}));
  return particles.surface()[0];
}

class Diffusion : public ::testing::TestWithParam<bool> {
 protected:
  [[nodiscard]] ElectrodeSet set() const {
    return electrode(GetParam() ? varying() : Function(3e-14));
  }
};
INSTANTIATE_TEST_SUITE_P(Particles, Diffusion, ::testing::Values(false, true));

TEST_P(Diffusion, LosesExactlyTheChargeThatPasses) {
  Particles particles(set(), 3, 20);
  particles.fill(kStart);
  const std::vector<double> j = {kDensity, -0.5 * kDensity, 0};

  ASSERT_TRUE(run(particles, 700, 23, j));

  for (int i = 0; i < 3; ++i) {
    const double lost = 3 * j[static_cast<std::size_t>(i)] * 700 / (kFaraday * kRadius_m);
    EXPECT_NEAR(particles.mean(i), kStart - lost, 1e-7);
  }
}

TEST_P(Diffusion, SurfaceIsAlphaPlusBetaTimesTheCurrent) {
  Particles particles(set(), 1, 20);
  particles.fill(kStart);
  const std::vector<double> j = {kDensity};
  particles.begin(60, j, kReferenceTemperature_k);
  particles.prepare(kReferenceTemperature_k);
  while (particles.commit(j) == Particles::Commit::again) {
  }

  EXPECT_NEAR(particles.alpha()[0] + particles.beta()[0] * kDensity, particles.stage_surface()[0],
              1e-4);
  EXPECT_LT(particles.beta()[0], 0);
}

TEST_P(Diffusion, HalvesTheStepForAQuarterOfTheError) {
  const double exact = surface_after(set(), 600, 640);

  const double coarse = surface_after(set(), 600, 20) - exact;
  const double fine = surface_after(set(), 600, 40) - exact;

  EXPECT_NEAR(coarse / fine, 4, 0.8);
}

TEST_P(Diffusion, ComesCloserWithMoreShells) {
  const double exact = surface_after(set(), 600, 100, 640);

  const double coarse = std::abs(surface_after(set(), 600, 100, 20) - exact);
  const double fine = std::abs(surface_after(set(), 600, 100, 40) - exact);

  EXPECT_LT(fine, 0.6 * coarse);
}

TEST_P(Diffusion, StaysAtRestWithoutCurrent) {
  Particles particles(set(), 1, 20);
  particles.fill(kStart);

  ASSERT_TRUE(run(particles, 1e5, 10, {0}));

  EXPECT_NEAR(particles.surface()[0], kStart, 1e-6);
}

TEST_P(Diffusion, EstimatesTheErrorOfAStep) {
  const std::vector<double> j = {kDensity};
  const auto error_of = [&](double dt_s) {
    Particles particles(set(), 1, 20);
    particles.fill(kStart);
    EXPECT_TRUE(run(particles, 100, 100, j));
    particles.begin(dt_s, j, kReferenceTemperature_k);
    for (const bool is_second : {false, true}) {
      if (is_second) particles.second_stage();
      particles.prepare(kReferenceTemperature_k);
      while (particles.commit(j) == Particles::Commit::again) {
      }
    }
    double error = 0;
    particles.surface_error({&error, 1});
    return std::abs(error);
  };

  EXPECT_NEAR(error_of(4) / error_of(2), 8, 3);
}

// The same law, once as a number and once as a formula that happens to be constant.
TEST(Particles, AgreeWithAndWithoutNewton) {
  const Function flat = Function::parse("3e-14 + 0 * sin(x)").value();
  ASSERT_FALSE(flat.is_constant());

  EXPECT_NEAR(surface_after(electrode(flat), 600, 30),
              surface_after(electrode(Function(3e-14)), 600, 30), 1e-6);
}

// Quasi-steady state: the surface lies j R / (5 F D) below the mean.
TEST(Particles, SettleAtTheKnownParabola) {
  Particles particles(electrode(Function(3e-14)), 1, 400);
  particles.fill(kStart);
  ASSERT_TRUE(run(particles, 3000, 300, {kDensity}));

  const double wanted = kDensity * kRadius_m / (5 * kFaraday * 3e-14);

  EXPECT_NEAR(particles.mean(0) - particles.surface()[0], wanted, 1e-3 * wanted);
}

TEST(Particles, SpeedUpWithTemperature) {
  ElectrodeSet set = electrode(Function(3e-14));
  set.diffusivity_activation = {40000};
  const auto drop = [&](double temperature_k) {
    Particles particles(set, 1, 20);
    particles.fill(kStart);
    const std::vector<double> j = {kDensity};
    particles.begin(60, j, temperature_k);
    particles.prepare(temperature_k);
    EXPECT_EQ(particles.commit(j), Particles::Commit::done);
    return kStart - particles.stage_surface()[0];
  };

  EXPECT_LT(drop(318.15), 0.9 * drop(298.15));
}

TEST(Particles, SayThatNonsenseHasNoSolution) {
  Particles particles(electrode(varying()), 1, 20);
  particles.fill(kStart);
  const std::vector<double> j = {std::nan("")};
  particles.begin(60, j, kReferenceTemperature_k);
  particles.prepare(kReferenceTemperature_k);

  EXPECT_EQ(particles.commit(j), Particles::Commit::failed);
}

}  // namespace
}  // namespace b2m::sim

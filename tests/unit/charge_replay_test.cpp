// SPDX-License-Identifier: MIT
// Recorded charges of two makers, replayed with noise: each target ends them where it should.
#include <gtest/gtest.h>

#include "tests/support/charge_curves.hpp"

namespace b2m {
namespace {

using namespace test;

constexpr int kSeeds = 20;
constexpr const char* kRadNominal = "2023-06-21-nominal-rad_battery_1";
constexpr const char* kRadFull = "2023-06-24-full-rad_battery_1";
constexpr const char* kRadInTail = "2023-06-24-full-rad_battery_2";
constexpr const char* kLectric1 = "2023-06-24-full-lectric_battery_1";
constexpr const char* kLectric2 = "2023-06-24-full-lectric_battery_2";
constexpr const char* kSmall = "2024-10-05-shutoff-test01";
constexpr const char* kEmpty = "2023-06-24-full-battery_spare_1";

bool is_lectric(const std::string& name) { return name.find("lectric") != std::string::npos; }

class Replay {
 public:
  Replay(const ChargeCurve& curve, int seed, rules::Learned learned = {})
      : rig(is_lectric(curve.name) ? lectric_charger() : rad_charger(), learned) {
    rig.step_s = rig.poll_s = 10 + seed % 3 * 2.5;  // 10 to 15 s
    rig.load = noisy(curve, static_cast<std::uint64_t>(seed));
  }
  ~Replay() {
    for (const auto& what : rig.broken) ADD_FAILURE() << what;
  }
  bool run_to(ChargeState state) { return rig.run_to(state, 8 * 3600); }
  ChargeRig rig;
};

rules::Learned rad_learned() {
  rules::Learned learned;
  learned.peak_w = 104.5;
  return learned;
}

#define LOAD_OR_SKIP(curve, name)                 \
  const ChargeCurve curve = recorded_curve(name); \
  if (curve.seconds.empty()) GTEST_SKIP() << "no recorded curves beside this checkout"

class EveryCurve : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Recorded, EveryCurve,
                         testing::Values(kRadNominal, kRadFull, kRadInTail, kLectric1, kLectric2,
                                         kSmall));

TEST_P(EveryCurve, HasItsKneeWithinMinutesAfterThePeakAndNeverBefore) {
  LOAD_OR_SKIP(curve, GetParam());
  const bool in_tail = std::string_view(GetParam()) == kRadInTail;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(testing::Message() << curve.name << " seed " << seed);
    Replay replay(curve, seed);
    replay.rig.wish(knee_goal());

    ASSERT_TRUE(replay.run_to(ChargeState::done)) << replay.rig.reason();

    EXPECT_EQ(replay.rig.result(), "done");
    const double after_min = (replay.rig.charged_s() - curve.peak_at_s()) / 60;
    EXPECT_GE(after_min, in_tail ? 5 : 4);
    EXPECT_LE(after_min, 17);
  }
}

/// Those that were recorded to the end of the charge: the nominal one was cut at 85 W.
class WholeCurve : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Recorded, WholeCurve,
                         testing::Values(kRadFull, kRadInTail, kLectric1, kLectric2, kSmall));

TEST_P(WholeCurve, IsFullAtItsEndAndNotBefore) {
  LOAD_OR_SKIP(curve, GetParam());
  const double full_w = is_lectric(curve.name) ? 10 : 7;
  const double full_at_s = curve.falls_below_s(full_w);
  for (int seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(testing::Message() << curve.name << " seed " << seed);
    Replay replay(curve, seed);
    replay.rig.wish(full_goal());

    ASSERT_TRUE(replay.run_to(ChargeState::balance)) << replay.rig.reason();

    EXPECT_GE(replay.rig.charged_s(), full_at_s - 60);
    EXPECT_LE(replay.rig.charged_s(), full_at_s + 1000);
    const bool by_step = replay.rig.reason().find("ended the charge") != std::string::npos;
    EXPECT_EQ(by_step, std::string_view(curve.name).find("rad") != std::string_view::npos)
        << replay.rig.reason();
    ASSERT_TRUE(replay.rig.run_to(ChargeState::done, 3700)) << replay.rig.reason();
    EXPECT_EQ(replay.rig.result(), "full");
    EXPECT_TRUE(replay.rig.session->figures().full_at);
  }
}

TEST_P(EveryCurve, StopsAtTheEnergy) {
  LOAD_OR_SKIP(curve, GetParam());
  for (int seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(testing::Message() << curve.name << " seed " << seed);
    Replay replay(curve, seed);
    replay.rig.wish(energy_goal(10));

    ASSERT_TRUE(replay.run_to(ChargeState::done)) << replay.rig.reason();

    EXPECT_NEAR(replay.rig.drawn_wh(), 10, 0.8);
  }
}

TEST_P(EveryCurve, StopsByTheStateOfChargeOfTheBoundPack) {
  LOAD_OR_SKIP(curve, GetParam());
  Replay replay(curve, 1);
  replay.rig.in.pack.is_bound = true;
  replay.rig.in.pack.soc_percent = 60;
  replay.rig.wish(soc_goal(80));
  replay.rig.run(1500);
  ASSERT_TRUE(replay.rig.relay());
  replay.rig.in.pack.soc_percent = 80;

  replay.rig.run(60);

  EXPECT_EQ(replay.rig.state(), ChargeState::done);
}

/// The nominal stop of the original: 86 % of the peak is 90 W.
TEST(ChargeReplay, NominalRadEndsAtNinetyWatts) {
  for (const char* name : {kRadNominal, kRadFull}) {
    LOAD_OR_SKIP(curve, name);
    for (int seed = 1; seed <= kSeeds; ++seed) {
      SCOPED_TRACE(testing::Message() << name << " seed " << seed);
      Replay replay(curve, seed, rad_learned());
      replay.rig.wish(fraction_goal(0.86));

      ASSERT_TRUE(replay.run_to(ChargeState::done)) << replay.rig.reason();

      EXPECT_EQ(replay.rig.result(), "done");
      EXPECT_NEAR(curve.at(replay.rig.charged_s()), 88, 3);
    }
  }
}

TEST(ChargeReplay, WithoutALearnedPeakTheFractionIsOfTheSessionsOwn) {
  for (const char* name : {kRadNominal, kLectric1, kLectric2}) {
    LOAD_OR_SKIP(curve, name);
    Replay replay(curve, 3);
    replay.rig.wish(fraction_goal(0.86));

    ASSERT_TRUE(replay.run_to(ChargeState::done)) << replay.rig.reason();

    const double stopped = curve.at(replay.rig.charged_s()) / curve.at(curve.peak_at_s());
    EXPECT_NEAR(stopped, 0.83, 0.035) << name;
  }
}

TEST(ChargeReplay, StopsBelowAPowerWithinMinutes) {
  for (const char* name : {kRadFull, kRadInTail, kLectric1, kLectric2}) {
    LOAD_OR_SKIP(curve, name);
    for (int seed = 1; seed <= kSeeds; ++seed) {
      SCOPED_TRACE(testing::Message() << name << " seed " << seed);
      Replay replay(curve, seed);
      replay.rig.wish(power_goal(45));

      ASSERT_TRUE(replay.run_to(ChargeState::done)) << replay.rig.reason();

      const double late_s = replay.rig.charged_s() - curve.falls_below_s(45);
      EXPECT_GE(late_s, 120);
      EXPECT_LE(late_s, 330);
    }
  }
}

TEST(ChargeReplay, AKnownChargerThatBeginsInItsTailIsPastTheKnee) {
  LOAD_OR_SKIP(curve, kRadInTail);
  auto learned = rad_learned();
  learned.peak_w = 115;
  Replay replay(curve, 1, learned);
  replay.rig.wish(knee_goal());

  ASSERT_TRUE(replay.run_to(ChargeState::done)) << replay.rig.reason();

  EXPECT_LE(replay.rig.charged_s(), 330);
}

TEST(ChargeReplay, AnEmptySocketIsFoundWithinTwoMinutes) {
  LOAD_OR_SKIP(curve, kEmpty);
  Replay replay(curve, 1);
  replay.rig.wish(full_goal());

  ASSERT_TRUE(replay.run_to(ChargeState::no_load)) << replay.rig.reason();

  EXPECT_LE(replay.rig.charged_s(), 120);
}

TEST(ChargeReplay, AFullChargeTeachesTheCharger) {
  LOAD_OR_SKIP(curve, kRadFull);
  Replay replay(curve, 1);
  replay.rig.wish(full_goal());
  ASSERT_TRUE(replay.run_to(ChargeState::done));

  const rules::Learned& learned = replay.rig.session->learned();
  EXPECT_EQ(learned.sessions, 1);
  EXPECT_NEAR(learned.peak_w, 104.4, 0.7);
  EXPECT_TRUE(learned.has_end_step);
  EXPECT_NEAR(learned.end_step_w, 17.7, 1.5);
  EXPECT_NEAR(learned.knee_to_end_wh, 110, 15);
  EXPECT_NEAR(learned.knee_to_end_min, 120, 12);
  EXPECT_NEAR(learned.after_full_w, 4.5, 1);
}

TEST(ChargeReplay, AChargeThatBeganInItsTailTeachesNoPeak) {
  LOAD_OR_SKIP(curve, kRadInTail);
  Replay replay(curve, 1);
  replay.rig.wish(full_goal());
  ASSERT_TRUE(replay.run_to(ChargeState::done));

  EXPECT_EQ(replay.rig.session->learned().peak_w, 0);
  EXPECT_TRUE(replay.rig.session->learned().has_end_step);
}

}  // namespace
}  // namespace b2m

// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_learning.hpp"

#include <gtest/gtest.h>

#include "gateway/rules/charge_open_session.hpp"

namespace b2m {
namespace {

using rules::Learned;
using rules::Lesson;

TEST(ChargeLearning, TheFirstValueIsTakenAndLaterOnesByAFifth) {
  Learned learned;
  Lesson lesson;
  lesson.peak_w = 100;
  rules::learn(learned, lesson);
  EXPECT_EQ(learned.peak_w, 100);
  lesson.peak_w = 110;
  rules::learn(learned, lesson);

  EXPECT_NEAR(learned.peak_w, 102, 1e-9);
  EXPECT_NEAR(learned.peak_spread_w, 10, 1e-9);
  EXPECT_EQ(learned.sessions, 2);
}

TEST(ChargeLearning, WhatASessionCannotTellIsLeftAlone) {
  Learned learned;
  learned.peak_w = 100;
  learned.has_end_step = true;
  rules::learn(learned, {});

  EXPECT_EQ(learned.peak_w, 100);
  EXPECT_TRUE(learned.has_end_step);
}

TEST(ChargeLearning, TextBringsEverythingBack) {
  Learned learned;
  learned.sessions = 7;
  learned.peak_w = 104.6;
  learned.cc_slope_w_per_h = -0.25;
  learned.has_end_step = true;
  learned.efficiency = 0.83;

  const Learned again = Learned::from_text(learned.to_text());

  EXPECT_EQ(again.to_text(), learned.to_text());
  EXPECT_EQ(again.peak_w, 104.6);
  EXPECT_EQ(again.cc_slope_w_per_h, -0.25);
}

TEST(ChargeLearning, WhatIsNotUnderstoodKeepsItsDefault) {
  const Learned learned = Learned::from_text(
      "peak_w=nan\nidle_w=-3\nunknown=5\nsessions=1e99\nefficiency=7\n=\nwarmup_dip_w=\n"
      "after_full_w=5.5x\nknee_to_end_wh=120\nend_step_w=inf");

  EXPECT_EQ(learned.peak_w, 0);
  EXPECT_EQ(learned.idle_w, 0);
  EXPECT_EQ(learned.sessions, 0);
  EXPECT_EQ(learned.efficiency, 0);
  EXPECT_EQ(learned.after_full_w, 0);
  EXPECT_EQ(learned.end_step_w, 0);
  EXPECT_EQ(learned.knee_to_end_wh, 120);
}

TEST(ChargeLearning, EfficiencyIsLearnedFromAPackThatTellsItsEnergy) {
  rules::OpenSession session;
  session.energy.restore(300, 0, false);
  session.pack_energy_kwh = 10;
  rules::ChargerSettings settings;
  settings.profile.capacity_ah = 14;
  rules::PackReadings pack;

  pack.energy_in_kwh = 10.25;
  EXPECT_NEAR(rules::lesson_of(session, {}, settings, pack).efficiency.value_or(0), 0.833, 0.001);
  pack.energy_in_kwh = 10.5;  // more than was drawn
  EXPECT_FALSE(rules::lesson_of(session, {}, settings, pack).efficiency);
}

TEST(ChargeLearning, ASessionComesBackFromItsText) {
  rules::OpenSession session;
  session.mode = ChargeMode::storage;
  session.goal.kind = ChargeTarget::energy;
  session.goal.energy_wh = 123.5;
  session.goal.text = "60 %\nof it";
  session.on_s = 4321;
  session.energy.restore(99.5, 0.25, true);
  session.knee = {100, 50};
  session.curve = {{0, 100.5}, {60, 101}};
  rules::TextWriter out;
  rules::write(out, session);

  const auto again = rules::read_session(rules::TextReader(std::move(out).text()));

  ASSERT_TRUE(again);
  EXPECT_EQ(again->mode, ChargeMode::storage);
  EXPECT_EQ(again->goal.energy_wh, 123.5);
  EXPECT_EQ(again->goal.text, "60 % of it");
  EXPECT_EQ(again->on_s, 4321);
  EXPECT_EQ(again->energy.energy_wh(), 99.5);
  EXPECT_EQ(again->energy.cost(), 0.25);
  ASSERT_TRUE(again->knee);
  EXPECT_EQ(again->knee->energy_wh, 50);
  ASSERT_EQ(again->curve.size(), 2u);
  EXPECT_EQ(again->curve[1].power_w, 101);
}

}  // namespace
}  // namespace b2m

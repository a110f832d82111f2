// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_plan.hpp"

#include <cmath>
#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

namespace b2m::rules {
namespace {

using namespace std::chrono_literals;

/// A friday, 2026-11-20; local time is Berlin's.
struct ChargePlanning : testing::Test {
  ChargePlanning() {
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    charger.profile.charger_current_a = 2;
    charger.profile.capacity_ah = 14;
    charger.profile.peak_w = 105;  // 8 hours from empty, since 840 Wh are drawn
    options.mode = ChargeMode::nominal;
    options.target = ChargeTarget::full;
    options.schedule = true;
  }
  ~ChargePlanning() override {
    setenv("TZ", "UTC", 1);
    tzset();
  }
  WallTime at(int hour, int minute = 0, int day = 20) {
    return first_instant(local_time(from_unix(1795201200)).day + day - 20, hour * 60 + minute);
  }
  PlanInput input(WallTime wall) {
    PlanInput in{charger, options, learned, session, memory};
    in.wall = wall;
    in.open_for_s = 1e6;
    in.asked_for_s = 1e6;
    return in;
  }
  Plan plan(WallTime wall) {
    const PlanInput in = input(wall);
    return make_plan(in, calendar(options, wall));
  }
  bool charges(WallTime wall) { return plan(wall).wish.what == ChargeWish::What::charge; }
  std::string next(WallTime wall) {
    const PlanInput in = input(wall);
    const auto start = next_start(in, calendar(options, wall));
    return start ? moment_text(*start) : "never";
  }
  std::string refusal(ChargeMode mode) {
    const auto goal = goal_of(input(at(12)), mode);
    return goal ? "accepted" : goal.error().detail;
  }

  ChargerSettings charger;
  ChargeOptions options;
  Learned learned;
  SessionFigures session;
  PlanMemory memory;
};

TEST_F(ChargePlanning, ModesAndTheScheduleDecideWhetherAnythingStarts) {
  const struct {
    ChargeMode mode;
    bool schedule, by_hand, charges;
    ChargeMode as;
  } kCases[] = {
      {ChargeMode::off, true, false, false, {}},
      {ChargeMode::off, false, true, true, ChargeMode::manual},
      {ChargeMode::manual, true, false, false, {}},
      {ChargeMode::manual, true, true, true, ChargeMode::manual},
      {ChargeMode::nominal, false, false, false, {}},
      {ChargeMode::nominal, false, true, true, ChargeMode::nominal},
      {ChargeMode::nominal, true, false, true, ChargeMode::nominal},
      {ChargeMode::full, true, false, true, ChargeMode::full},
  };
  for (const auto& c : kCases) {
    options.mode = c.mode;
    options.schedule = c.schedule;
    memory.by_hand = c.by_hand;
    const Plan p = plan(at(12));
    const auto name = kChargeModes[static_cast<int>(c.mode)];
    EXPECT_EQ(p.wish.what == ChargeWish::What::charge, c.charges) << name;
    if (c.charges) {
      EXPECT_EQ(p.wish.mode, c.as) << name;
    }
    if (!c.charges) {
      EXPECT_FALSE(p.waits_for.empty()) << name;
    }
    EXPECT_EQ(p.wish.is_urgent, c.by_hand) << name;
  }
}

TEST_F(ChargePlanning, LatestStartComesFromEnergyRateAndTail) {
  charger.profile.balance_min = 0;
  // 8 h at constant current and 2 h for an unknown tail, and a fifth more
  EXPECT_EQ(moment_text(latest_start(input(at(12)), at(7, 0, 21))), "fri 19:00");
  learned.knee_to_end_min = 60;
  learned.knee_to_end_wh = 105;  // of which 7 h remain
  EXPECT_EQ(moment_text(latest_start(input(at(12)), at(7, 0, 21))), "fri 21:24");
  options.start_level_percent = 50;  // 3 h
  EXPECT_EQ(moment_text(latest_start(input(at(12)), at(7, 0, 21))), "sat 02:12");
  options.target = ChargeTarget::energy;
  options.target_level_percent = 75;  // 2 h, without any tail
  EXPECT_EQ(moment_text(latest_start(input(at(12)), at(7, 0, 21))), "sat 04:36");
}

TEST_F(ChargePlanning, LatestStartWithoutAnyFigureIsEarly) {
  charger.profile = {};
  EXPECT_EQ(moment_text(latest_start(input(at(12)), at(22))), "fri 07:36");
}

TEST_F(ChargePlanning, WithoutWindowsReadyByStartsAsLateAsPossible) {
  options.ready_by = *parse_ready_by("07:00");
  charger.profile.balance_min = 0;
  EXPECT_FALSE(charges(at(18, 59)));
  EXPECT_EQ(next(at(12)), "fri 19:00");
  EXPECT_TRUE(charges(at(19, 0)));
  memory.served_ready_by = next_ready_by(options.ready_by, at(19, 0))->occurrence;
  EXPECT_FALSE(charges(at(23, 0)));
  EXPECT_EQ(next(at(23)), "sat 19:00");
}

TEST_F(ChargePlanning, ReadyByAcrossTheMissingHour) {
  options.ready_by = *parse_ready_by("02:30");
  options.windows = *parse_windows("12:00-12:05");
  charger.profile.balance_min = 0;
  const int day = local_time(from_unix(1774738800)).day;  // 2026-03-29, forward at 02:00
  const WallTime noon = first_instant(day - 1, 12 * 60 + 10);
  const auto ready = next_ready_by(options.ready_by, noon);
  ASSERT_TRUE(ready);
  EXPECT_EQ(moment_text(ready->at), "sun 03:00");
  EXPECT_EQ(next(noon), "sat 14:00") << "twelve real hours before";
}

TEST_F(ChargePlanning, APriceAboveTheLimitWaitsExceptToBeReady) {
  options.price_limited = true;
  options.price_limit = 0.2;
  const auto with = [&](std::optional<double> price) {
    PlanInput in = input(at(20));
    in.price = price;
    return make_plan(in, calendar(options, in.wall));
  };
  EXPECT_EQ(with(std::nullopt).waits_for, "the price is not known");
  EXPECT_EQ(with(0.21).wish.what, ChargeWish::What::none);
  EXPECT_EQ(with(0.2).wish.what, ChargeWish::What::charge);
  EXPECT_EQ(with(-0.1).wish.what, ChargeWish::What::charge);
  options.ready_by = *parse_ready_by("sat 07:00");
  EXPECT_EQ(with(0.21).wish.what, ChargeWish::What::charge);
  options.ready_by_outside = false;
  EXPECT_EQ(with(0.21).wish.what, ChargeWish::What::none);
}

TEST_F(ChargePlanning, AFullChargeIsDueAfterItsTimeLessHalfADay) {
  const auto due = [&](FullEvery every, double days_ago, int weekday) {
    options.full_every = every;
    options.full_weekday = weekday;
    session.full_at = at(12) - std::chrono::seconds(std::llround(days_ago * 86400));
    return is_full_due(input(at(12)), local_time(at(12)));
  };
  EXPECT_FALSE(due(FullEvery::never, 100, 0));
  EXPECT_FALSE(due(FullEvery::week, 6.4, 0));
  EXPECT_TRUE(due(FullEvery::week, 6.6, 0));
  EXPECT_TRUE(due(FullEvery::week, 6.6, 5)) << "friday";
  EXPECT_FALSE(due(FullEvery::week, 6.6, 6));
  EXPECT_FALSE(due(FullEvery::two_weeks, 13.4, 0));
  EXPECT_FALSE(due(FullEvery::month, 29.4, 0));
  EXPECT_TRUE(due(FullEvery::month, 29.6, 0));
  session.full_at.reset();
  EXPECT_TRUE(is_full_due(input(at(12)), local_time(at(12)))) << "never yet";
}

TEST_F(ChargePlanning, ASpreadOfTheCellsAsksForAFullCharge) {
  options.target = ChargeTarget::knee;
  PlanInput in = input(at(12));
  in.spread_alarm = true;
  const Plan p = make_plan(in, calendar(options, in.wall));
  EXPECT_TRUE(p.becomes_full);
  EXPECT_EQ(p.wish.goal.kind, ChargeTarget::full);
}

TEST_F(ChargePlanning, GoalsThatCannotBeAreExplained) {
  EXPECT_NE(refusal(ChargeMode::storage).find("level is not known"), std::string::npos);
  options.start_level_percent = 70;
  EXPECT_NE(refusal(ChargeMode::storage).find("stands at 70 %"), std::string::npos);
  options.target = ChargeTarget::soc;
  EXPECT_NE(refusal(ChargeMode::nominal).find("no pack"), std::string::npos);
  charger.pack = "pack1";
  EXPECT_NE(refusal(ChargeMode::nominal).find("not known"), std::string::npos);
  options.target = ChargeTarget::power;
  options.target_power_w = 115;  // the storage profile of the original: never reached
  EXPECT_NE(refusal(ChargeMode::nominal).find("105.0 W"), std::string::npos);
}

TEST_F(ChargePlanning, StorageIsNeverAPower) {
  options.target = ChargeTarget::power;
  options.target_power_w = 80;
  options.start_level_percent = 40;
  const auto goal = goal_of(input(at(12)), ChargeMode::storage);
  ASSERT_TRUE(goal);
  EXPECT_EQ(goal->kind, ChargeTarget::energy);
  EXPECT_TRUE(goal->is_storage);
  EXPECT_NEAR(goal->energy_wh, 840 * 0.2, 1e-9);
}

TEST_F(ChargePlanning, ALevelSaidDuringAChargeCountsFromThen) {
  options.target = ChargeTarget::energy;
  options.start_level_percent = 50;
  memory.level_base_wh = 100;
  EXPECT_NEAR(goal_of(input(at(12)), ChargeMode::nominal)->energy_wh, 100 + 840 * 0.3, 1e-9);
}

TEST_F(ChargePlanning, NextStartLooksPastCoolDownAndServedWindows) {
  options.windows = *parse_windows("22:00-06:00");
  options.cool_down_h = 8;
  EXPECT_EQ(next(at(12)), "fri 22:00");
  session.done_at = at(23);
  memory.served_window = open_window(options.windows, local_time(at(23)))->occurrence;
  EXPECT_EQ(next(at(23, 30)), "sat 22:00");
  options.start_delay_min = 30;
  EXPECT_EQ(next(at(12, 0, 21)), "sat 22:30");
}

TEST_F(ChargePlanning, AServedWindowIsServedForAnEarlierClockToo) {
  options.windows = *parse_windows("22:00-06:00");
  const auto window = [&](int day) {
    return open_window(options.windows, local_time(at(23, 0, day)))->occurrence;
  };
  memory.served_window = window(20);
  EXPECT_FALSE(charges(at(23, 0, 20)));
  EXPECT_FALSE(charges(at(23, 0, 19))) << "the clock was set back";
  EXPECT_TRUE(charges(at(23, 0, 21)));
  memory.served_window = window(28);
  EXPECT_TRUE(charges(at(23, 0, 21))) << "written down while the clock was wrong";
}

TEST_F(ChargePlanning, AStopByTheUserServesTheNextReadyByAsWell) {
  options.ready_by = *parse_ready_by("07:00");
  options.windows = *parse_windows("20:00-21:00");
  options.start_level_percent = 95;  // would begin late in the night
  const PlanInput in = input(at(20, 30));
  const Calendar cal = calendar(options, in.wall);
  mark_served(memory, in, cal, false);
  EXPECT_EQ(memory.served_ready_by, kNoOccurrence);
  EXPECT_EQ(memory.served_window, cal.occurrence);
  mark_served(memory, in, cal, true);
  EXPECT_EQ(memory.served_ready_by, cal.ready_by->occurrence);
}

TEST_F(ChargePlanning, MemorySurvivesAsText) {
  memory.by_hand = memory.is_full_charge = true;
  memory.served_window = 29712345;
  memory.served_ready_by = 29712999;
  memory.runs_for = 5;
  memory.skip_from = 1795201200;
  memory.skip_until = 1795209999;
  memory.last_end = 1795200000;
  memory.level_base_wh = 12.25;
  EXPECT_EQ(PlanMemory::from_text(memory.to_text()), memory);
  EXPECT_EQ(PlanMemory::from_text("garbage =7 window=x"), PlanMemory{});
}

}  // namespace
}  // namespace b2m::rules

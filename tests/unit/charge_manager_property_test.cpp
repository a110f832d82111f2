// SPDX-License-Identifier: MIT
// Random schedules, loads, users, faults and restarts against a simulated plug: what must hold
// whatever happens.
#include <algorithm>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "gateway/rules/charge_windows.hpp"
#include "tests/support/charger_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kSeeds = 6;
constexpr auto kDuration = 30h;

class RandomCharger {
 public:
  explicit RandomCharger(unsigned seed) : random_(seed), seed_(seed) {
    f_.step = 20s;
    rules::ChargerSettings& c = f_.settings();
    c.mode = chance(0.8) ? ChargeMode::nominal : ChargeMode::full;
    c.schedule = chance(0.85);
    c.profile.target = kTargets[number(0, 2)];
    c.windows = windows_text();
    c.ready_by = chance(0.3) ? fmt::format("{:02}:{:02}", number(0, 23), number(0, 59)) : "";
    c.ready_by_outside = chance(0.7);
    c.min_on_min = number(0, 40);
    c.start_delay_min = chance(0.3) ? number(0, 60) : 0;
    c.cool_down_h = number(0, 6);
    c.full_every = chance(0.2) ? FullEvery::week : FullEvery::never;
    new_load();
    f_.begin();
  }

  void run() {
    for (const SteadyTime end = f_.now() + kDuration; f_.now() < end;) {
      if (chance(0.004)) disturb();
      f_.run(f_.step);
      check();
      if (testing::Test::HasFailure()) return;
    }
  }

 private:
  static constexpr ChargeTarget kTargets[] = {ChargeTarget::knee, ChargeTarget::fraction,
                                              ChargeTarget::full};

  bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }
  int number(int low, int high) { return std::uniform_int_distribution<>(low, high)(random_); }

  std::string windows_text() {
    std::string text;
    for (int i = number(0, 3); i > 0; --i) {
      const int from = number(0, 23);
      text += fmt::format("{:02}:{:02}-{:02}:{:02}; ", from, number(0, 59),
                          (from + number(1, 10)) % 24, number(0, 59));
    }
    return rules::parse_windows(text) ? text : "22:00-06:00";
  }

  void new_load() {
    sim::ChargerLoadParameters p;
    p.level = number(0, 100) / 100.0;
    p.capacity_wh = number(100, 840);
    p.seed = seed_;
    f_.use_load(p);
  }

  void disturb() {
    switch (number(0, 11)) {
      case 0:
        return f_.begin();
      case 1:  // gone for a while
        f_.pass(std::chrono::seconds(number(1, 7200)));
        return f_.begin();
      case 2:
        f_.plug().is_online = !f_.plug().is_online;
        return;
      case 3:
        return jump(std::chrono::minutes(number(-180, 180)));
      case 4:
        f_.plug().load.connect_battery(chance(0.7));
        return;
      case 5:
        return command("charge_start");
      case 6:
        return command("charge_stop");
      case 7:
        return command("charge_pause");
      case 8:
        return command("charge_skip");
      case 9:
        return command("clear_fault");
      case 10:  // the button on the plug
        f_.plug().turn(true, static_cast<double>(rules::to_unix(f_.wall())));
        by_user_ = true;
        return;
      default:
        return new_load();
    }
  }

  void jump(std::chrono::seconds by) {
    f_.jump_wall(by);
    has_jumped_ = true;
  }

  void command(const char* key) {
    const Verdict verdict = f_.command(key);
    if (std::string_view(key) == "charge_start" && verdict.accepted) by_user_ = true;
    if (std::string_view(key) == "charge_stop" && f_.plug().is_online) by_user_ = false;
    remember_end();
  }

  /// The occurrence of the window in which the last charge ended.
  void remember_end() {
    if (f_.sessions.size() == ended_) return;
    ended_ = f_.sessions.size();
    if (f_.sessions.back().result != "interrupted") served_ = occurrence();
    by_user_ &= f_.is_on();  // the next one has begun at the plug
    has_jumped_ = false;
  }

  rules::Occurrence occurrence() {
    const auto windows = rules::parse_windows(f_.text("schedule_windows"));
    const auto open = rules::open_window(*windows, rules::local_time(f_.wall()));
    return open ? open->occurrence : rules::kNoOccurrence;
  }

  /// As long as a charge can take at most, with its margin.
  bool ready_by_may_need_it() {
    const auto ready = rules::parse_ready_by(f_.text("ready_by"));
    const auto next = rules::next_ready_by(*ready, f_.wall());
    return next && f_.reading("ready_by_outside").is_on() && next->at - f_.wall() <= 14h;
  }

  bool may_be_on() {
    const auto windows = rules::parse_windows(f_.text("schedule_windows"));
    const bool is_open = rules::is_open(*windows, rules::local_time(f_.wall()));
    const double on_s = to_seconds(f_.now() - on_since_);
    return by_user_ || ready_by_may_need_it() ||
           (f_.reading("schedule").is_on() &&
            (is_open || on_s <= f_.settings().min_on_min * 60 + 60));
  }

  void check() {
    const bool is_on = f_.is_on();
    if (is_on && !was_on_) {
      on_since_ = f_.now();
      EXPECT_FALSE(!by_user_ && !ready_by_may_need_it() && !has_jumped_ && served_ >= 0 &&
                   served_ == occurrence())
          << where() << "a second charge in one window";
    }
    was_on_ = is_on;
    remember_end();
    if (is_on) {
      const SimulatedGuard guard{f_.plug().guard_left_s, f_.settings().guard_min * 60};
      // Somebody's finger arms nothing; the manager has half a minute to do it.
      if (f_.plug().is_online && f_.now() - on_since_ > 1min) {
        EXPECT_GT(guard.left_s, 0) << where();
      }
      EXPECT_LE(guard.left_s, guard.most_s) << where();
    }
    // A minute to notice and to obey; a plug that nobody reaches is its guard's.
    const bool excused = !is_on || !f_.plug().is_online || may_be_on();
    if (excused) fine_at_ = f_.now();
    EXPECT_LE(f_.now() - fine_at_, 1min) << where() << "on outside its windows";
    check_energy();
  }

  /// Whatever the goal: a charge that is over is over within its energy guard.
  void check_energy() {
    const rules::ChargingProfile& p = f_.settings().profile;
    const double most_wh = 1.25 * p.capacity_ah * p.battery_voltage_v / p.efficiency;
    for (const SessionRecord& r : f_.sessions) EXPECT_LE(r.energy_wh, most_wh) << where();
  }

  struct SimulatedGuard {
    double left_s, most_s;
  };

  std::string where() {
    return fmt::format("seed {}, {}, state {}, \"{}\", windows \"{}\", ready by \"{}\": ", seed_,
                       rules::moment_text(f_.wall()),
                       kChargeStates[static_cast<std::size_t>(f_.state())],
                       f_.text("charge_reason"), f_.text("schedule_windows"), f_.text("ready_by"));
  }

  test::ChargerFixture f_;
  std::mt19937 random_;
  unsigned seed_;
  bool by_user_ = false, was_on_ = false, has_jumped_ = false;
  std::size_t ended_ = 0;
  rules::Occurrence served_ = rules::kNoOccurrence;
  SteadyTime on_since_{}, fine_at_ = f_.now();
};

TEST(ChargeManagerProperty, HoldsWhateverHappens) {
  for (unsigned seed = 1; seed <= kSeeds; ++seed) {
    RandomCharger(seed).run();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace b2m

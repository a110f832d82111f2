// SPDX-License-Identifier: MIT
// Random charges with random trouble: what must never happen does not. The rig checks after each
// step; here it is the time a relay stays on after what must end it.
#include <random>

#include <gtest/gtest.h>

#include "tests/support/charge_rig.hpp"

namespace b2m {
namespace {

using namespace test;

constexpr int kCases = 2000;
constexpr double kStep_s = 5;

class Trouble {
 public:
  explicit Trouble(std::uint64_t seed) : random_(seed) {
    auto settings = rad_charger();
    settings.profile.max_hours = between(0.2, 2);
    settings.profile.balance_min = between(0, 30);
    settings.without_guard = without_guard_ = chance(0.1);
    settings.keeps_on_at_stop = chance(0.3);
    limit_s_ = settings.profile.max_hours * 3600;
    rules::Learned learned;
    if (chance(0.5)) learned.peak_w = 104.5;
    rig.emplace(settings, learned);
    rig->step_s = kStep_s;
    rig->poll_s = between(5, 15);
    rig->has_timer = !settings.without_guard || chance(0.5);
    rig->in.cool_down_h = between(0, 2);
    rig->in.pack.is_bound = chance(0.5);
    rig->load = random_load();
    wish();
  }

  void run() {
    const double until = rig->time_s() + between(0.2, 1.8) * 3600;
    while (rig->time_s() < until && rig->broken.empty()) {
      if (chance(0.02)) disturb();
      rig->step(kStep_s);
      watch();
      watch_plug();
    }
  }

  std::optional<ChargeRig> rig;

 private:
  double between(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random_);
  }
  bool chance(double p) { return between(0, 1) < p; }

  Load random_load() {
    const double knee_s = between(100, 3000), top = between(1, 140), fall = between(0.2, 5);
    const double step_w = between(0, 30), rest_w = between(0, 10), noise = between(0, 3);
    return [=, this](double s) {
      const double w = s < knee_s ? top : top - fall * (s - knee_s) / 60;
      return std::max(0.0, (w > step_w ? w : rest_w) + between(-noise, noise));
    };
  }

  void wish() {
    switch (static_cast<int>(between(0, 8))) {
      case 0:
        rig->wish(full_goal(), chance(0.3));
        break;
      case 1:
        rig->wish(knee_goal(), chance(0.3));
        break;
      case 2:
        rig->wish(fraction_goal(between(-0.1, 1.2)), chance(0.3));
        break;
      case 3:
        rig->wish(power_goal(between(0, 150), between(0, 150)), chance(0.3));
        break;
      case 4:
        rig->wish(energy_goal(between(-10, 100)), chance(0.3));
        break;
      case 5:
        rig->wish(soc_goal(between(50, 100)), chance(0.3));
        break;
      case 6:
        rig->wish_pause();
        break;
      default:
        rig->wish_nothing();
    }
  }

  void disturb() {
    switch (static_cast<int>(between(0, 20))) {
      case 0:
        wish();
        break;
      case 1:
        rig->is_reachable = !rig->is_reachable;
        break;
      case 2:
        rig->is_reachable = true;
        break;
      case 3:
        rig->restart_plug();
        break;
      case 4:
        rig->press_button(chance(0.5));
        break;
      case 5:
        rig->obeys_off = chance(0.7);
        break;
      case 6:
        rig->obeys_on = chance(0.7);
        break;
      case 7:
        rig->timer_is_lost = chance(0.3);
        break;
      case 8:
        rig->timer_is_frozen = chance(0.3);
        break;
      case 9:
        rig->has_meter = chance(0.8);
        break;
      case 10:
        rig->counter_kwh = between(0, 5);
        break;
      case 11:
        rig->restart(between(0, 2500));
        break;
      case 12:
        rig->restart(between(0, 60));
        break;
      case 13:
        rig->step(between(100, 1500));
        break;  // nobody stepped for so long
      case 14:
        (chance(0.5) ? rig->in.requests.stop : rig->in.requests.pause) = true;
        break;
      case 15:
        (chance(0.5) ? rig->in.requests.resume : rig->in.requests.clear_fault) = true;
        break;
      case 16:
        change_pack();
        break;
      case 17:
        rig->in.ambient_c = between(-5, 50);
        break;
      case 18:
        rig->load = random_load();
        break;
      default:
        rig->in.plug.power_w.value = std::nan("");
        break;
    }
  }

  void change_pack() {
    rig->in.pack.obstacle.reset();
    if (rig->in.pack.is_bound && chance(0.5)) rig->in.pack.obstacle = "cell 3 is at 4.21 V";
    rig->in.pack.soc_percent.reset();
    if (chance(0.7)) rig->in.pack.soc_percent = between(20, 100);
  }

  void fail(const std::string& what) {
    rig->broken.push_back(what + " at " + std::to_string(rig->time_s()) + " s: " + rig->reason());
  }

  /// Whatever forbids charging is obeyed in the very step that sees it.
  void watch() {
    const auto& in = rig->in;
    const auto& figures = rig->session->figures();
    on_for_s_ = rig->out.relay_on ? on_for_s_ + kStep_s : 0;
    if (!rig->out.relay_on) return;
    if (in.pack.obstacle) fail("on against the pack");
    if (in.ambient_c && (*in.ambient_c < 0 || *in.ambient_c > 45)) fail("on in the cold or heat");
    if (figures.on_s > limit_s_ + kStep_s) fail("on longer than the limit");
    if (rules::ChargeWish::What::charge != in.wish.what && !figures.is_external)
      fail("on although nobody wishes it");
    if (figures.goal.kind == ChargeTarget::energy && figures.goal.energy_wh > 0 &&
        figures.energy_wh > figures.goal.energy_wh)
      fail("on after the target");
    const double silent_s = to_seconds(in.now - std::min(in.plug.relay.time, in.plug.power_w.time));
    if (on_for_s_ > 120 && silent_s > 61) fail("on without readings");
  }

  /// A healthy plug that is heard is never on by itself for long, whatever happened before.
  void watch_plug() {
    const bool is_healthy = rig->is_reachable && rig->obeys_off && rig->has_timer &&
                            !rig->timer_is_lost && !rig->timer_is_frozen && rig->relay();
    const bool is_guarded = rig->guard_left_s() > 0 || without_guard_;
    unguarded_s_ = is_healthy && !is_guarded ? unguarded_s_ + kStep_s : 0;
    unwanted_s_ = is_healthy && !rig->out.relay_on ? unwanted_s_ + kStep_s : 0;
    if (unguarded_s_ > 60) fail("on without a timer in the plug");
    if (unwanted_s_ > 60) fail("on although it shall be off");
  }

  std::mt19937_64 random_;
  bool without_guard_ = false;
  double unguarded_s_ = 0, unwanted_s_ = 0;
  double limit_s_ = 0;
  double on_for_s_ = 0;
};

TEST(ChargeProperty, NothingThatMustNotHappenHappens) {
  int charges = 0;
  for (std::uint64_t seed = 1; seed <= kCases; ++seed) {
    Trouble trouble(seed);
    trouble.run();
    charges += static_cast<int>(trouble.rig->records.size());
    ASSERT_TRUE(trouble.rig->broken.empty())
        << "seed " << seed << ": " << trouble.rig->broken.front();
  }
  EXPECT_GT(charges, kCases / 2);  // it did try something
}

/// A relay that is on although it shall not be is told so, or is a fault.
TEST(ChargeProperty, ThePlugsTimerIsWhatIsLeftWhenEverybodyDies) {
  for (int died_after_s = 60; died_after_s < 4000; died_after_s += 130) {
    ChargeRig rig;
    rig.load = constant_load(100);
    rig.wish(full_goal());
    rig.run(died_after_s);

    EXPECT_TRUE(!rig.relay() || (rig.guard_left_s() > 0 && rig.guard_left_s() <= 1800))
        << died_after_s;
  }
}

}  // namespace
}  // namespace b2m

// SPDX-License-Identifier: MIT
#include "tests/support/charge_rig.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace b2m::test {
namespace {

constexpr double kMaxAge_s = 60;
constexpr double kEcho_s = 0.001;  // a read-back comes a little after its order
constexpr double kRepeat_s = 1;

SteadyTime steady(double s) { return SteadyTime(from_seconds(s)); }

WallTime wall(double s) {
  const std::chrono::duration<double> since(s);
  return WallTime(std::chrono::duration_cast<WallTime::duration>(since));
}

bool is_on_state(ChargeState s) {
  return s == ChargeState::probe || s == ChargeState::charge_cc || s == ChargeState::charge_cv ||
         s == ChargeState::balance;
}

rules::ChargeGoal goal(ChargeTarget kind, std::string text) {
  rules::ChargeGoal goal;
  goal.kind = kind;
  goal.text = std::move(text);
  return goal;
}

}  // namespace

rules::ChargerSettings rad_charger() {
  rules::ChargerSettings settings;
  settings.id = "garage_charger";
  settings.plug = "garage";
  settings.profile.name = "rad_48v";
  settings.profile.charger_current_a = 2;
  settings.profile.capacity_ah = 14;
  settings.profile.efficiency = 0.8;
  settings.profile.full_power_w = 5;
  settings.profile.idle_w = 3;
  settings.profile.max_power_w = 150;
  return settings;
}

rules::ChargerSettings lectric_charger() {
  rules::ChargerSettings settings = rad_charger();
  settings.profile.name = "lectric_48v";
  settings.profile.efficiency = 0.95;
  settings.profile.full_power_w = 10;
  return settings;
}

rules::ChargeGoal full_goal() { return goal(ChargeTarget::full, "full"); }
rules::ChargeGoal knee_goal() { return goal(ChargeTarget::knee, "the knee"); }

rules::ChargeGoal fraction_goal(double fraction) {
  auto g = goal(ChargeTarget::fraction, fmt::format("{:.0f} %", fraction * 100));
  g.fraction = fraction;
  return g;
}

rules::ChargeGoal power_goal(double watts, double start_w) {
  auto g = goal(ChargeTarget::power, fmt::format("{:.0f} W", watts));
  g.power_w = watts;
  g.start_w = start_w;
  return g;
}

rules::ChargeGoal energy_goal(double wh) {
  auto g = goal(ChargeTarget::energy, fmt::format("{:.0f} Wh", wh));
  g.energy_wh = wh;
  return g;
}

rules::ChargeGoal soc_goal(double percent) {
  auto g = goal(ChargeTarget::soc, fmt::format("{:.0f} % of the pack", percent));
  g.soc_percent = percent;
  return g;
}

rules::ChargeGoal cell_goal(double volts) {
  auto g = goal(ChargeTarget::cell_voltage, fmt::format("a cell at {:.2f} V", volts));
  g.cell_v = volts;
  return g;
}

Load constant_load(double watts) {
  return [watts](double) { return watts; };
}

Load rad_like(double knee_s) {
  return [knee_s](double s) {
    if (s < knee_s) return 102 + 2.5 * s / knee_s;
    const double falling = 104.5 - 0.7 * (s - knee_s) / 60;
    return falling > 20 ? falling : 5.0;
  };
}

ChargeRig::ChargeRig(rules::ChargerSettings settings, rules::Learned learned)
    : settings_(std::move(settings)), learned_(learned) {
  session.emplace(settings_, learned_);
  in.plug.is_connected = true;
  in.cool_down_h = 8;
}

void ChargeRig::wish(const rules::ChargeGoal& g, bool is_urgent) {
  in.wish.what = rules::ChargeWish::What::charge;
  in.wish.mode = ChargeMode::nominal;
  in.wish.goal = g;
  in.wish.reason = "window 22:00-06:00";
  in.wish.is_urgent = is_urgent;
}

void ChargeRig::wish_nothing(const std::string& reason) {
  in.wish = {};
  in.wish.mode = ChargeMode::nominal;
  in.wish.reason = reason;
}

void ChargeRig::wish_pause(const std::string& reason) {
  wish_nothing(reason);
  in.wish.what = rules::ChargeWish::What::pause;
}

Reading ChargeRig::reading(double value) const { return {value, steady(time_s_), Quality::good}; }

double ChargeRig::power() const { return relay_ ? std::max(0.0, load(charged_s_)) : 0; }

void ChargeRig::pass(double dt_s) {
  time_s_ += dt_s;
  wall_s_ += dt_s;
  if (!relay_) return;
  const double wh = power() * dt_s / 3600;
  charged_s_ += dt_s;
  drawn_wh_ += wh;
  counter_kwh += wh / 1000;
  if (guard_left_s_ <= 0 || timer_is_frozen) return;
  guard_left_s_ -= dt_s;
  if (guard_left_s_ <= 0) switch_relay(false);
}

void ChargeRig::poll() {
  const auto age = [this](Reading& r) {
    if (r.quality == Quality::good && time_s_ - to_seconds(r.time.time_since_epoch()) > kMaxAge_s)
      r.quality = Quality::stale;
  };
  rules::PlugReadings& p = in.plug;
  if (time_s_ >= next_poll_s_ && is_reachable) {
    next_poll_s_ = time_s_ + poll_s;
    p.relay = reading(relay_ ? 1 : 0);
    if (has_meter) p.power_w = reading(power());
    if (has_meter && has_counter) p.counter_kwh = reading(counter_kwh);
    p.guard_s = guard_left_s_ > 0 && !timer_is_lost ? reading(guard_left_s_) : Reading{};
    p.on_since = relay_ ? reading(wall_s_ - (time_s_ - relay_on_at_s_)) : Reading{};
  }
  for (Reading* r : {&p.relay, &p.power_w, &p.counter_kwh, &p.guard_s, &p.on_since}) age(*r);
  p.is_connected = p.relay.is_good();
}

void ChargeRig::switch_relay(bool on) {
  if (on && !relay_) relay_on_at_s_ = time_s_;
  if (!on) guard_left_s_ = 0;
  relay_ = on;
}

void ChargeRig::restart_plug() {
  guard_left_s_ = 0;
  relay_on_at_s_ = time_s_;
  counter_kwh = 0;
}

void ChargeRig::order(bool on) {
  sent_ = on;
  sent_at_s_ = time_s_;
  const bool needs_timer = on && out.guard_s > 0;
  const bool is_lost = lost_orders > 0 && lost_orders-- > 0;
  if (!is_reachable || is_lost) return fail(on, Errc::timeout, "no answer");
  if (needs_timer && !has_timer) return fail(on, Errc::not_supported, "the plug has no timer");
  if (on && out.keep && obeys_keep && !relay_) return fail(on, Errc::refused, "the plug is off");
  if (on ? obeys_on : obeys_off) switch_relay(on);
  if (needs_timer && !timer_is_lost) guard_left_s_ = out.guard_s;
  in.plug.relay = reading(relay_ ? 1 : 0);
  in.plug.relay.time += from_seconds(kEcho_s);
}

void ChargeRig::fail(bool on, Errc code, std::string why) {
  sent_.reset();
  failed_on_ = on;
  failure_ = std::move(why);
  failure_code_ = code;
}

void ChargeRig::reconcile() {
  if (out.no_opinion) return;
  const bool wanted = out.relay_on;
  const double age_s = time_s_ - sent_at_s_;
  const bool refresh = wanted && out.guard_refresh_s > 0 && age_s >= out.guard_refresh_s;
  const bool disobeys = !wanted && in.plug.relay.is_on() && age_s >= kRepeat_s;
  if (sent_ != wanted || out.off_again || out.arm_again || refresh || disobeys) order(wanted);
}

void ChargeRig::check() {
  const rules::SessionFigures& f = session->figures();
  const auto complain = [&](const std::string& what) {
    broken.push_back(fmt::format("{} at {:.0f} s in state {} ({})", what, time_s_,
                                 kChargeStates[static_cast<int>(f.state)], f.reason));
  };
  if (out.relay_on && !settings_.without_guard && !(out.guard_s > 0 && out.guard_refresh_s > 0))
    complain("on without a guard");
  if (out.relay_on != is_on_state(f.state)) complain("relay does not go with the state");
  if (out.relay_on && out.no_opinion) complain("on without an opinion");
  for (const double v : {f.energy_wh, f.battery_ah, f.cost, f.on_s, f.peak_w, f.median_power_w,
                         f.level_percent.value_or(0), f.time_left_min.value_or(0)})
    if (!std::isfinite(v) || v < 0) complain(fmt::format("a figure is {}", v));
  if (f.is_active && was_active_ && !out.ended && f.energy_wh < last_energy_wh_)
    complain("energy went back");
  was_active_ = f.is_active;
  last_energy_wh_ = f.energy_wh;
}

void ChargeRig::step(double dt_s) {
  pass(dt_s);
  poll();
  in.now = steady(time_s_ + 2 * kEcho_s);
  in.wall = wall(wall_s_);
  in.order_failure = std::exchange(failure_, {});
  in.was_on_order = failed_on_;
  in.order_code = failure_code_;
  out = session->step(in);
  in.requests = {};
  std::ranges::copy(out.transitions, std::back_inserter(transitions));
  std::ranges::copy(out.warnings, std::back_inserter(warnings));
  if (out.ended) records.push_back(*out.ended);
  check();
  reconcile();
}

void ChargeRig::run(double seconds) {
  for (double s = 0; s < seconds; s += step_s) step(step_s);
}

bool ChargeRig::run_to(ChargeState state, double most_s) {
  for (double s = 0; s < most_s; s += step_s) {
    if (this->state() == state) return true;
    step(step_s);
  }
  return this->state() == state;
}

void ChargeRig::restart(double down_s) {
  const std::string kept = session->to_text();
  learned_ = rules::Learned::from_text(session->learned().to_text());
  for (double s = 0; s < down_s; s += step_s) pass(step_s);
  session.emplace(settings_, learned_);
  session->restore(kept);
  in.plug = {};
  in.shutting_down = false;
  sent_.reset();
  failure_.clear();
  next_poll_s_ = time_s_ + poll_s;
  was_active_ = false;
}

}  // namespace b2m::test

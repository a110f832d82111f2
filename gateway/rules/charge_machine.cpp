// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_machine.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "gateway/rules/charge_estimate.hpp"
#include "gateway/rules/charge_goals.hpp"

namespace b2m::rules {
namespace {

constexpr double kSettle_s = 30;
constexpr std::size_t kMostProbe = 64;
constexpr double kLeastPatience_s = 30, kMostPatience_s = 60;
constexpr double kRestart_s = 30;  // "on since" may wander by less
constexpr double kRestart_kwh = 0.001;
constexpr double kArmAgain_s = 30;
constexpr int kMissingTimers = 2;
constexpr double kGuardTries_s[] = {15, 35};
constexpr double kRise = 0.20;   // of the peak
constexpr int kMostChanges = 4;  // of state, in one step

bool is_known(const Reading& r) { return r.is_good() && std::isfinite(r.value); }

void drop_unless_finite(std::optional<double>& value) {
  if (value && !std::isfinite(*value)) value.reset();
}

}  // namespace

ChargeMachine::ChargeMachine(ChargerSettings settings, Learned learned)
    : settings_(std::move(settings)), learned_(learned) {}

SessionOutput ChargeMachine::step(const SessionInput& in) {
  begin(in);
  observe();
  for (int i = 0; i < kMostChanges; ++i) {
    Change change = next();
    if (!change) break;
    enter(*change);
  }
  fill_output();
  fill_figures();
  return std::exchange(out_, {});
}

void ChargeMachine::begin(const SessionInput& in) {
  const double dt = has_begun_ ? std::max(0.0, to_seconds(in.now - now_)) : 0;
  in_ = in;
  drop_unless_finite(in_.pack.soc_percent);
  drop_unless_finite(in_.pack.cell_max_v);
  drop_unless_finite(in_.pack.energy_in_kwh);
  drop_unless_finite(in_.ambient_c);
  if (!std::isfinite(in_.price_per_kwh)) in_.price_per_kwh = 0;
  now_ = in.now;
  if (!std::exchange(has_begun_, true)) begin_first();
  waiting_.clear();
  const bool wishes = in_.wish.what == ChargeWish::What::charge;
  if (!wishes) wish_was_away_ = true;
  if (!wishes || !in_.wish.is_urgent) is_urgency_used_ = false;
  pass(dt);
}

void ChargeMachine::begin_first() {
  entered_ = relay_at_ = power_at_ = now_;
  order_.give(false, now_);
  const double wall_s = std::chrono::duration<double>(in_.wall.time_since_epoch()).count();
  if (kept_wall_s_ > 0) rested_s_ += std::max(0.0, wall_s - kept_wall_s_);
}

void ChargeMachine::pass(double dt_s) {
  rested_s_ += dt_s;
  if (!session_) return;
  session_->age_s += dt_s;
  // A relay that may be on counts as on.
  if (order_.wants_on() || recovering_ || !order_.is_relay_confirmed()) session_->on_s += dt_s;
  if (state_ == ChargeState::balance) session_->balance_s += dt_s;
}

void ChargeMachine::observe() {
  if (is_known(in_.plug.relay)) relay_at_ = std::max(relay_at_, in_.plug.relay.time);
  if (is_known(in_.plug.power_w)) power_at_ = std::max(power_at_, in_.plug.power_w.time);
  if (recovering_) return;
  observe_order();
  if (session_ && order_.wants_on()) follow_wish();
  observe_sample();
  if (order_.wants_on() && on_at_) observe_guard();
  if (!session_) return;
  pack_reached_.note(pack_says_reached(session_->goal, in_.pack), now_);
  input_missing_.note(missing_input(session_->goal, in_.pack).has_value(), now_);
  ambient_missing_.note(in_.has_ambient && !in_.ambient_c, now_);
}

/// The user may change the goal of a charge under way, but not to one that would be refused.
void ChargeMachine::follow_wish() {
  if (session_->is_external || in_.wish.what != ChargeWish::What::charge) return;
  if (in_.wish.goal == session_->goal && in_.wish.mode == session_->mode) return;
  if (const auto reason = why_impossible(in_.wish.goal, settings_.profile, learned_, in_.pack))
    return refuse("the charge goes on as before: " + *reason);
  session_->goal = in_.wish.goal;
  session_->mode = in_.wish.mode;
}

void ChargeMachine::observe_order() {
  verdict_ = order_.step(in_.plug, now_);
  if (verdict_ == RelayOrder::Verdict::repeat)
    (order_.wants_on() ? out_.arm_again : out_.off_again) = true;
  if (!order_.wants_on()) {
    if (order_.is_confirmed()) was_on_ = false;
    return;
  }
  if (in_.was_on_order && !in_.order_failure.empty()) observe_order_failure();
  if (on_at_ || !order_.is_confirmed()) return;
  on_at_ = in_.plug.relay.time;
  missing_timers_ = 0;
  signals_.relay_came_on(*on_at_);
  guard_.start(now_, guard_s());
}

/// Only a plug that is there and has no timer is charged without one, never one that fails to
/// answer.
void ChargeMachine::observe_order_failure() {
  order_failure_ = in_.order_failure;
  missing_timers_ = in_.order_code == Errc::not_supported ? missing_timers_ + 1 : 0;
  if (missing_timers_ >= kMissingTimers && settings_.without_guard && has_readings() && session_)
    session_->has_no_guard = true;
}

void ChargeMachine::observe_sample() {
  const Reading& power = in_.plug.power_w;
  if (!is_known(power) || power.time <= sample_at_) return;
  const double gap_s = to_seconds(power.time - sample_at_);
  if (sample_at_ != SteadyTime{} && gap_s < kMostPatience_s)
    interval_s_ = interval_s_ > 0 ? interval_s_ + 0.2 * (gap_s - interval_s_) : gap_s;
  sample_at_ = power.time;
  sample_w_ = std::max(0.0, power.value);
  if (session_) take_sample(power.time, sample_w_);
}

void ChargeMachine::take_sample(SteadyTime at, double watts) {
  session_->energy.add(at, watts, counter(), in_.price_per_kwh);
  if (!order_.wants_on() || !on_at_ || at < *on_at_) return;
  signals_.add(at, watts);
  power_guard_.add(at, watts, settings_.profile, learned_);
  empty_.note(watts < settings_.profile.no_load_w, at);
  add_to_curve(*session_, watts);
  watch_rise();
  if (to_seconds(at - *on_at_) >= kSettle_s && probe_.size() < kMostProbe) probe_.push_back(watts);
  if (signals_.peak_w() > session_->peak_w) {
    session_->peak_w = signals_.peak_w();
    session_->peak_on_s = session_->on_s;
  }
}

void ChargeMachine::observe_guard() {
  guard_.step(in_.plug.guard_s, now_);
  if (has_restarted()) {
    out_.warnings.push_back("the plug has restarted during the charge: its guard is armed anew");
    arm_again();
  }
  if (session_ && session_->has_no_guard) return;
  const double missing_s = guard_.missing_s(now_);
  if (missing_s < kGuardTries_s[0]) guard_tries_ = 0;
  if (guard_tries_ < std::ssize(kGuardTries_s) && missing_s >= kGuardTries_s[guard_tries_]) {
    ++guard_tries_;
    out_.arm_again = true;
  }
}

/// At constant voltage the power only falls, as long as it is the same battery.
void ChargeMachine::watch_rise() {
  const double watts = signals_.median_w().value_or(0);
  if (state_ != ChargeState::charge_cv || watts <= 0) return;
  double& lowest = session_->lowest_tail_w;
  if (lowest == 0 || watts < lowest) lowest = watts;
  if (session_->has_risen || watts < lowest + kRise * session_->peak_w) return;
  session_->has_risen = true;
  out_.warnings.push_back(fmt::format(
      "the power has risen from {:.1f} W to {:.1f} W past the knee: has another battery "
      "been connected? The limits still hold, the target may not",
      lowest, watts));
}

bool ChargeMachine::has_restarted() {
  bool restarted = false;
  if (is_known(in_.plug.on_since) && in_.plug.on_since.time >= *on_at_) {
    const double since = in_.plug.on_since.value;
    restarted = on_since_ && since > *on_since_ + kRestart_s;
    on_since_ = since;
  }
  if (const auto kwh = counter()) {
    restarted |= counter_seen_ && *kwh < *counter_seen_ - kRestart_kwh;
    counter_seen_ = kwh;
  }
  return restarted;
}

void ChargeMachine::arm_again() {
  if (armed_at_ != SteadyTime{} && seconds_since(armed_at_) < kArmAgain_s) return;
  armed_at_ = now_;
  out_.arm_again = true;
}

void ChargeMachine::enter(const Next& next) {
  Transition change{state_, next.to, next.reason, sample_w_, 0};
  if (session_) change.energy_wh = session_->energy.energy_wh();
  const bool was_on = is_on_state(state_);
  state_ = next.to;
  reason_ = next.reason;
  entered_ = now_;
  hold_s_ = next.hold_s;
  is_paused_by_user_ = next.by_user;
  if (session_ && next.is_obstacle) ++session_->obstacles;
  const bool shall_be_on = is_on_state(next.to);
  if (shall_be_on != order_.wants_on()) {
    order_.give(shall_be_on, now_);
    if (shall_be_on && is_known(in_.plug.relay) && in_.plug.relay.is_on()) order_.take_over(now_);
    verdict_ = RelayOrder::Verdict::fine;
    was_on_ = was_on;
    on_at_.reset();
    on_since_.reset();
    counter_seen_.reset();
    probe_.clear();
    power_guard_.reset();
    empty_ = {};
    order_failure_.clear();
    missing_timers_ = guard_tries_ = 0;
    // The clock of what may be missing starts with the order.
    if (shall_be_on) relay_at_ = power_at_ = now_;
  }
  if (!next.result.empty() && session_) close(next);
  out_.transitions.push_back(std::move(change));
  out_.keep_now = true;
}

void ChargeMachine::close(const Next& next) {
  SessionRecord record = record_of(*session_, settings_, in_.wall);
  record.result = next.result;
  record.reason = next.reason;
  if (next.result == "done" || next.result == "full") teach(next);
  last_level_ = level_percent({*session_, signals_, settings_.profile, learned_, in_.pack, state_});
  fill_session_figures();  // they stay until the next charge
  out_.ended = std::move(record);
  session_.reset();
  start_level_.reset();
  rest_ = next.rest;
  rested_s_ = 0;
  wish_was_away_ = false;
  // It has been served, even if it came while the charge was under way.
  if (in_.wish.is_urgent) is_urgency_used_ = true;
}

void ChargeMachine::teach(const Next& next) {
  done_at_ = in_.wall;
  if (next.result == "full") full_at_ = in_.wall;
  learn(learned_, lesson_of(*session_, signals_, settings_, in_.pack));
}

void ChargeMachine::fill_output() {
  out_.no_opinion = recovering_ && !in_.shutting_down && state_ == ChargeState::stale;
  out_.relay_on = is_on_state(state_);
  if (!out_.relay_on) {
    out_.arm_again = false;
    return;
  }
  out_.off_again = false;
  out_.keep = order_.is_relay_confirmed();
  if (in_.shutting_down && !std::exchange(keep_on_, true)) out_.arm_again = true;
  const bool has_none = session_ && session_->has_no_guard;
  out_.guard_s = has_none ? 0 : guard_s();
  out_.guard_refresh_s = has_none ? 0 : settings_.guard_renew_min * 60;
  out_.is_guard_missing =
      settings_.without_guard && (has_none || (on_at_ && guard_.missing_s(now_) > 60));
}

void ChargeMachine::fill_figures() {
  SessionFigures& f = figures_;
  f.state = state_;
  f.reason = waiting_.empty() ? reason_ : fmt::format("{}; {}", reason_, waiting_);
  f.is_active = session_.has_value();
  f.median_power_w = order_.wants_on() ? signals_.median_w().value_or(sample_w_) : sample_w_;
  f.level_percent = in_.pack.soc_percent ? in_.pack.soc_percent : last_level_;
  f.done_at = done_at_;
  f.full_at = full_at_;
  f.paused_by_user = state_ == ChargeState::paused && is_paused_by_user_;
  f.is_external = false;
  f.time_left_min.reset();
  if (session_) fill_session_figures();
}

void ChargeMachine::fill_session_figures() {
  SessionFigures& f = figures_;
  const OpenSession& s = *session_;
  const EstimateInput estimate{s, signals_, settings_.profile, learned_, in_.pack, state_};
  f.mode = s.mode;
  f.goal = s.goal;
  f.energy_wh = s.energy.energy_wh();
  f.battery_ah = battery_ah(s, settings_.profile);
  f.cost = s.energy.cost();
  f.on_s = s.on_s;
  f.peak_w = s.peak_w;
  f.is_external = s.is_external;
  f.level_percent = level_percent(estimate);
  if (is_on_state(state_) && state_ != ChargeState::probe)
    f.time_left_min = time_left_min(estimate);
}

void ChargeMachine::set_start_level(std::optional<double> percent) {
  if (percent && (!std::isfinite(*percent) || *percent < 0 || *percent > 100)) percent.reset();
  if (percent == start_level_) return;
  start_level_ = percent;
  if (!session_) {
    last_level_ = percent;
    return;
  }
  session_->start_level = percent;
  session_->start_level_wh = session_->energy.energy_wh();
}

bool ChargeMachine::is_on_state(ChargeState state) {
  return state == ChargeState::probe || state == ChargeState::charge_cc ||
         state == ChargeState::charge_cv || state == ChargeState::balance;
}

double ChargeMachine::patience_s() const {
  if (interval_s_ <= 0) return kMostPatience_s;
  return std::clamp(3 * interval_s_, kLeastPatience_s, kMostPatience_s);
}

bool ChargeMachine::has_readings() const {
  return is_known(in_.plug.relay) && is_known(in_.plug.power_w) &&
         seconds_since(in_.plug.relay.time) <= patience_s() &&
         seconds_since(in_.plug.power_w.time) <= patience_s();
}

bool ChargeMachine::is_urgent() const {
  return in_.wish.what == ChargeWish::What::charge && in_.wish.is_urgent && !is_urgency_used_;
}

double ChargeMachine::guard_s() const { return settings_.guard_min * 60; }

std::optional<double> ChargeMachine::counter() const {
  if (!is_known(in_.plug.counter_kwh)) return std::nullopt;
  return in_.plug.counter_kwh.value;
}

}  // namespace b2m::rules

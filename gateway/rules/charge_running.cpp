// SPDX-License-Identifier: MIT
// The states in which the relay is on. What ends a charge without regard to its goal comes first.
#include <algorithm>

#include <fmt/format.h>

#include "gateway/rules/charge_goals.hpp"
#include "gateway/rules/charge_machine.hpp"

namespace b2m::rules {
namespace {

constexpr double kGuardMissing_s = 60;
constexpr double kInputMissing_s = 60;
constexpr double kAmbientMissing_s = 600;
constexpr double kObstacleHold_s = 300;
constexpr int kMostObstacles = 3;  // pauses for the battery's sake in one charge
constexpr double kEmpty_s = 120;
constexpr double kPackHold_s = 30;
constexpr std::size_t kProbeReadings = 5;
constexpr double kIdleWait_s = 120;  // a charger may take its time to begin
constexpr double kConstantCurrent = 0.85;
constexpr double kIdleMargin = 1.1;
constexpr double kIdleHold_s = 900;
constexpr double kSurelyIdle_w = 2;

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

ChargeMachine::Change ChargeMachine::running() {
  if (auto change = fault()) return change;
  if (auto change = lost()) return change;
  if (auto change = switched_off_outside()) return change;
  if (auto change = commanded()) return change;
  if (auto change = obstructed()) return change;
  if (auto change = unplugged()) return change;
  if (state_ == ChargeState::probe) return probing();
  if (state_ == ChargeState::balance) return balancing();
  return charging();
}

ChargeMachine::Change ChargeMachine::fault() {
  if (const auto trouble = plug_trouble(in_.plug))
    return Next{ChargeState::fault, *trouble, "fault"};
  if (verdict_ == RelayOrder::Verdict::ignored || verdict_ == RelayOrder::Verdict::unheard)
    return Next{ChargeState::fault,
                fmt::format("the plug could not be switched on in four attempts{}{}",
                            order_failure_.empty() ? "" : ": ", order_failure_),
                "fault"};
  if (auto change = limit_fault()) return change;
  return guard_fault();
}

ChargeMachine::Change ChargeMachine::limit_fault() {
  const auto power = power_guard_.fault(settings_.profile, learned_);
  if (power) return Next{ChargeState::fault, *power, "limit"};
  const double hours = time_limit_h(settings_.profile);
  if (session_->on_s > hours * 3600)
    return Next{ChargeState::fault,
                fmt::format("the relay has been on for {}, the limit is {:.1f} h: the battery does "
                            "not become full, or max_hours of the profile is too short",
                            duration_text(session_->on_s), hours),
                "limit"};
  const double most_wh = energy_limit_wh(settings_.profile);
  if (most_wh > 0 && session_->energy.energy_wh() > most_wh)
    return Next{ChargeState::fault,
                fmt::format("{:.0f} Wh have been drawn, more than an empty battery can take "
                            "({:.0f} Wh): the battery is damaged, or capacity_ah of the profile is "
                            "too small",
                            session_->energy.energy_wh(), most_wh),
                "limit"};
  return std::nullopt;
}

ChargeMachine::Change ChargeMachine::guard_fault() {
  if (!on_at_ || settings_.without_guard || guard_.missing_s(now_) <= kGuardMissing_s)
    return std::nullopt;
  return Next{ChargeState::fault,
              fmt::format("the guard cannot be armed: for {} no timer has been seen to run in the "
                          "plug. Remove timers of other programs from it, or set without_guard",
                          duration_text(guard_.missing_s(now_))),
              "fault"};
}

ChargeMachine::Change ChargeMachine::lost() {
  const double silent_s = seconds_since(std::min(relay_at_, power_at_));
  if (silent_s <= patience_s()) return std::nullopt;
  return Next{ChargeState::stale,
              fmt::format("no reading of the {} for {}: switched off",
                          relay_at_ < power_at_ ? "relay" : "power", duration_text(silent_s))};
}

ChargeMachine::Next ChargeMachine::hold(const std::string& reason, double hold_s) {
  // A charge that somebody began at the plug has no plan that could take it up again.
  if (session_->is_external)
    return {ChargeState::off, fmt::format("{}; {}", reason, balance_sheet(*session_)),
            "interrupted", Rest::none};
  return {ChargeState::paused, reason, {}, Rest::none, hold_s};
}

ChargeMachine::Change ChargeMachine::switched_off_outside() {
  if (!order_.was_overridden()) return std::nullopt;
  if (guard_.has_run_out(now_))
    return hold("the timer in the plug has run out: it could not be renewed in time",
                kObstacleHold_s);
  if (session_->is_external)
    return Next{ChargeState::off, "switched off at the plug after " + balance_sheet(*session_),
                "user", Rest::user};
  Next next{ChargeState::paused, "switched off at the plug, by its button or another program"};
  next.by_user = true;
  return next;
}

ChargeMachine::Change ChargeMachine::commanded() {
  const std::string sheet = balance_sheet(*session_);
  if (in_.requests.stop)
    return Next{ChargeState::off, "stopped by the user after " + sheet, "user", Rest::user};
  if (session_->is_external && in_.requests.pause)
    return Next{ChargeState::off, "switched off by the user after " + sheet, "user", Rest::user};
  if (session_->is_external && !in_.gives_way.empty())
    return Next{ChargeState::off, fmt::format("{}; {}", in_.gives_way, sheet), "circuit",
                Rest::none};
  if (in_.requests.pause) {
    Next next{ChargeState::paused, "paused by the user after " + sheet};
    next.by_user = true;
    return next;
  }
  if (in_.shutting_down && !(settings_.keeps_on_at_stop && state_ != ChargeState::probe))
    return hold("the gateway is stopping", 0);
  if (session_->is_external || in_.wish.what == ChargeWish::What::charge) return std::nullopt;
  const std::string why = in_.wish.reason.empty() ? "no charge is wanted" : in_.wish.reason;
  if (in_.wish.what == ChargeWish::What::pause) return hold(why, 0);
  return Next{ChargeState::off, fmt::format("{}; {}", why, sheet),
              in_.wish.mode == ChargeMode::off ? "user" : "window", Rest::none};
}

ChargeMachine::Change ChargeMachine::obstructed() {
  auto reason = in_.pack.obstacle;
  const bool is_in_grace = !in_.ambient_c && !ambient_missing_.lasted(kAmbientMissing_s, now_);
  if (!reason && !is_in_grace) reason = ambient_obstacle(0);
  if (!reason && input_missing_.lasted(kInputMissing_s, now_))
    reason = fmt::format("the {} of the pack has been unknown for {}",
                         missing_input(session_->goal, in_.pack).value_or("state"),
                         duration_text(kInputMissing_s));
  if (!reason) return std::nullopt;
  if (session_->is_external || session_->obstacles + 1 >= kMostObstacles)
    return Next{ChargeState::done, fmt::format("{}; {}", *reason, balance_sheet(*session_)),
                "limit"};
  Next next = hold(*reason, kObstacleHold_s);
  next.is_obstacle = true;
  return next;
}

ChargeMachine::Change ChargeMachine::unplugged() {
  if (state_ == ChargeState::probe || !empty_.lasted(kEmpty_s, sample_at_)) return std::nullopt;
  if (state_ == ChargeState::balance) return ended_full("nothing is drawn any more");
  return Next{ChargeState::no_load,
              fmt::format("{:.1f} W for {} with the relay on: unplugged after {}", sample_w_,
                          duration_text(empty_.seconds(sample_at_)), balance_sheet(*session_)),
              "unplugged", Rest::retry};
}

ChargeMachine::Change ChargeMachine::probing() {
  if (auto end = reached()) return end;
  if (!on_at_ || probe_.size() < kProbeReadings) return std::nullopt;
  const double watts = median_of(probe_);
  if (watts < settings_.profile.no_load_w)
    return Next{ChargeState::no_load, fmt::format("{:.1f} W: nothing is plugged in", watts),
                "no_load", Rest::retry};
  if (session_->full) return Next{ChargeState::balance, "holding goes on for balancing"};
  if (watts < settings_.profile.idle_w) return too_little(watts);
  const double start_w = start_power_w(session_->goal, settings_.profile);
  if (!session_->has_charged && watts < start_w)
    return Next{ChargeState::idle,
                fmt::format("not worth starting: {:.1f} W is below the start power of {:.1f} W",
                            watts, start_w),
                "idle"};
  const double peak_w = known_peak_w(settings_.profile, learned_);
  const bool starts_low = peak_w > 0 && watts < kConstantCurrent * peak_w;
  if (starts_low && !signals_.has_knee()) {
    signals_.set_knee();
    session_->knee = {session_->on_s, session_->energy.energy_wh()};
    session_->knee_at_start = true;
  }
  session_->has_charged = true;
  const std::string after = duration_text(session_->on_s);
  if (signals_.has_knee())
    return Next{ChargeState::charge_cv,
                fmt::format("{:.1f} W after {}, past the knee", watts, after)};
  return Next{ChargeState::charge_cc, fmt::format("{:.1f} W after {}", watts, after)};
}

ChargeMachine::Change ChargeMachine::too_little(double watts) {
  if (seconds_since(*on_at_) < kIdleWait_s) return std::nullopt;
  if (signals_.has_knee() && session_->has_charged)
    return ended_full(fmt::format("{:.1f} W after a pause past the knee", watts));
  const bool is_after_full = learned_.after_full_w > 0 && watts > 0.6 * learned_.after_full_w;
  if (watts < kSurelyIdle_w && !is_after_full) learn_idle(learned_, watts);
  return Next{
      ChargeState::idle,
      fmt::format("{:.1f} W, below {:.1f} W: a charger without a battery, or with a full one",
                  watts, settings_.profile.idle_w),
      "idle"};
}

ChargeMachine::Change ChargeMachine::charging() {
  if (state_ == ChargeState::charge_cc && signals_.has_knee()) {
    session_->knee = {session_->on_s, session_->energy.energy_wh()};
    return Next{ChargeState::charge_cv,
                fmt::format("knee: {:.1f} W after a peak of {:.1f} W",
                            signals_.median_w().value_or(0), signals_.peak_w())};
  }
  if (const auto why = found_disconnected(signals_, settings_.profile)) {
    learn_idle(learned_, signals_.median_w().value_or(0));
    return Next{ChargeState::idle, fmt::format("{}; {}", *why, balance_sheet(*session_)), "idle"};
  }
  if (auto end = reached()) return end;
  if (const auto why = found_full(signals_, settings_.profile)) return full_now(*why);
  return std::nullopt;
}

ChargeMachine::Change ChargeMachine::reached() {
  const GoalFacts facts{signals_, in_.pack, known_peak_w(settings_.profile, learned_),
                        session_->energy.energy_wh(), pack_reached_.lasted(kPackHold_s, now_)};
  if (const auto why = goal_reached(session_->goal, facts))
    return Next{ChargeState::done, fmt::format("{}; {}", *why, balance_sheet(*session_)), "done"};
  return std::nullopt;
}

ChargeMachine::Change ChargeMachine::full_now(const std::string& why) {
  session_->full = {session_->on_s, session_->energy.energy_wh()};
  session_->end_step_w = signals_.fell_from().value_or(0);
  const bool holds = session_->goal.kind == ChargeTarget::full && settings_.profile.balance_min > 0;
  if (!holds) return ended_full(why);
  return Next{ChargeState::balance, fmt::format("{}; held for {:.0f} min for balancing", why,
                                                settings_.profile.balance_min)};
}

ChargeMachine::Next ChargeMachine::ended_full(const std::string& why) {
  if (!session_->full) session_->full = {session_->on_s, session_->energy.energy_wh()};
  return {ChargeState::done, fmt::format("full: {}; {}", why, balance_sheet(*session_)), "full"};
}

ChargeMachine::Change ChargeMachine::balancing() {
  if (session_->balance_s >= settings_.profile.balance_min * 60)
    return ended_full(fmt::format("held for {}", duration_text(session_->balance_s)));
  if (learned_.idle_w > 0 && signals_.held_below(kIdleMargin * learned_.idle_w, kIdleHold_s))
    return ended_full(fmt::format("{:.1f} W, as without a battery, for {}",
                                  signals_.median_w().value_or(0), duration_text(kIdleHold_s)));
  return std::nullopt;
}

}  // namespace b2m::rules

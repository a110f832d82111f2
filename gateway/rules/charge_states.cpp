// SPDX-License-Identifier: MIT
// The states in which the relay is off.
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "gateway/rules/charge_goals.hpp"
#include "gateway/rules/charge_machine.hpp"

namespace b2m::rules {
namespace {

constexpr double kRetry_s = 1800;  // after an empty socket
constexpr double kBackHolds_s[] = {60, 300, 900, 1800};
constexpr double kLost_s = 300;
constexpr double kClear_s = 30;  // until a plug that was told to be off must be seen off
constexpr double kInside_k = 1;  // so far inside the limits a pause for the temperature ends

}  // namespace

ChargeMachine::Change ChargeMachine::next() {
  if (recovering_) return recover();
  if (is_on_state(state_)) return running();
  if (state_ == ChargeState::fault) return faulted();
  if (state_ == ChargeState::stale) return stale();
  if (state_ == ChargeState::paused) return paused();
  return resting();
}

ChargeMachine::Change ChargeMachine::off_trouble() {
  if (verdict_ == RelayOrder::Verdict::ignored)
    return Next{ChargeState::fault,
                fmt::format("the plug was told four times to switch off, and still its relay reads "
                            "{} and {:.1f} W flow: the relay may be welded. Pull the plug",
                            in_.plug.relay.is_on() ? "on" : "off", sample_w_),
                "fault"};
  if (verdict_ == RelayOrder::Verdict::unheard && was_on_)
    return Next{ChargeState::fault,
                fmt::format("nothing has been heard of the plug for {} since it was told to switch "
                            "off: whether it is off is unknown",
                            duration_text(kLost_s)),
                "fault"};
  return std::nullopt;
}

ChargeMachine::Change ChargeMachine::resting() {
  if (auto trouble = off_trouble()) return trouble;
  if (order_.was_overridden()) return external_start();
  if (in_.wish.what != ChargeWish::What::charge) {
    refused_.clear();
    return std::nullopt;
  }
  return planned_start();
}

std::optional<std::string> ChargeMachine::start_obstacle() {
  if (in_.shutting_down) return "the gateway is stopping";
  if (!in_.plug.is_connected) return "the plug does not answer";
  if (!has_readings()) return "the plug does not tell its relay and power";
  if (auto trouble = plug_trouble(in_.plug)) return trouble;
  if (in_.pack.obstacle) return in_.pack.obstacle;
  return ambient_obstacle(kInside_k);
}

std::optional<std::string> ChargeMachine::ambient_obstacle(double margin_k) const {
  if (in_.has_ambient && !in_.ambient_c)
    return "the temperature around the battery is unknown: nothing valid has come by "
           "temperature_topic for too long";
  return ambient_trouble(settings_, in_.ambient_c, margin_k);
}

/// Somebody has switched the plug on by its button or app. Switching it off again would be a fight;
/// leaving it alone would be a charge without a guard.
ChargeMachine::Change ChargeMachine::external_start() {
  if (const auto obstacle = start_obstacle()) {
    order_.give(false, now_);
    out_.off_again = true;
    out_.warnings.push_back("switched on at the plug, and off again: " + *obstacle);
    return std::nullopt;
  }
  ChargeGoal goal;
  goal.text = "full, switched on at the plug";
  return opened(ChargeMode::manual, goal, true, "switched on at the plug");
}

ChargeMachine::Next ChargeMachine::opened(ChargeMode mode, const ChargeGoal& goal, bool is_external,
                                          const std::string& why) {
  session_.emplace();
  session_->mode = mode;
  session_->goal = goal;
  session_->is_external = is_external;
  session_->started = in_.wall;
  session_->start_level = start_level_;
  session_->pack_energy_kwh = in_.pack.energy_in_kwh;
  signals_ = {};
  refused_.clear();
  if (in_.wish.is_urgent) is_urgency_used_ = true;
  return {ChargeState::probe, why};
}

ChargeMachine::Change ChargeMachine::planned_start() {
  auto obstacle = start_obstacle();
  if (!obstacle) obstacle = resting_time();
  if (!obstacle && !order_.is_confirmed()) obstacle = "the plug has not been seen to be off yet";
  if (obstacle) {
    waiting_ = "not started: " + *obstacle;
    return std::nullopt;
  }
  if (const auto reason = plan_obstacle()) {
    waiting_ = "not started: " + *reason;
    return std::nullopt;
  }
  return opened(in_.wish.mode, in_.wish.goal, false, in_.wish.reason);
}

/// Why the wish itself cannot be granted. Told once, since it is the user who must mend it.
std::optional<std::string> ChargeMachine::plan_obstacle() {
  const ChargeGoal& goal = in_.wish.goal;
  if (pack_says_reached(goal, in_.pack)) return "the pack has reached the target already";
  auto reason = why_impossible(goal, settings_.profile, learned_, in_.pack);
  if (reason) refuse("not started: " + *reason);
  return reason;
}

void ChargeMachine::refuse(const std::string& reason) {
  if (reason != std::exchange(refused_, reason)) out_.warnings.push_back(reason);
}

std::optional<std::string> ChargeMachine::resting_time() {
  if (rest_ == Rest::none || is_urgent()) return std::nullopt;
  const double cool_down_s = in_.cool_down_h * 3600;
  if (rested_s_ >= cool_down_s && rested_s_ >= kRetry_s) return std::nullopt;
  if (rest_ == Rest::cool_down && rested_s_ >= cool_down_s) return std::nullopt;
  if (rest_ == Rest::user && wish_was_away_) return std::nullopt;
  if (rest_ == Rest::retry && wish_was_away_ && rested_s_ >= kRetry_s) return std::nullopt;
  if (rest_ == Rest::user) return "the user has stopped the last charge";
  if (rest_ == Rest::retry) return "nothing was plugged in; the next window tries again";
  return fmt::format("the last charge ended {} ago, the cool-down is {}", duration_text(rested_s_),
                     duration_text(cool_down_s));
}

ChargeMachine::Change ChargeMachine::paused() {
  if (auto trouble = off_trouble()) return trouble;
  if (auto end = ended_while_paused()) return end;
  if (order_.was_overridden()) {
    if (start_obstacle()) return external_start();
    // A charge the plan holds becomes the user's own; one the user held goes on as it was.
    if (!is_paused_by_user_) session_->is_external = true;
    return Next{ChargeState::probe, "switched on at the plug: the charge goes on"};
  }
  return resumed();
}

ChargeMachine::Change ChargeMachine::ended_while_paused() {
  const std::string sheet = balance_sheet(*session_);
  if (in_.requests.stop)
    return Next{ChargeState::off, "stopped by the user after " + sheet, "user", Rest::user};
  // A charge that was begun at the plug has no plan that could take it up again.
  if (session_->is_external)
    return Next{ChargeState::off, "begun at the plug, and held; " + sheet, "user", Rest::user};
  if (in_.wish.what != ChargeWish::What::none) return std::nullopt;
  if (is_paused_by_user_)
    return Next{ChargeState::off, "paused by the user and not resumed; " + sheet, "user",
                Rest::none};
  return Next{ChargeState::off, fmt::format("{}; {}", in_.wish.reason, sheet), "window",
              Rest::none};
}

ChargeMachine::Change ChargeMachine::resumed() {
  if (in_.requests.resume) is_paused_by_user_ = false;
  if (in_.wish.what != ChargeWish::What::charge || is_paused_by_user_) return std::nullopt;
  auto obstacle = start_obstacle();
  if (!obstacle && seconds_since(entered_) < hold_s_)
    obstacle = fmt::format("at least {} of pause", duration_text(hold_s_));
  if (!obstacle && !order_.is_confirmed()) obstacle = "the plug has not been seen to be off yet";
  if (!obstacle) obstacle = plan_obstacle();
  if (obstacle) {
    waiting_ = "not going on: " + *obstacle;
    return std::nullopt;
  }
  if (in_.wish.is_urgent) is_urgency_used_ = true;
  session_->goal = in_.wish.goal;
  session_->mode = in_.wish.mode;
  return Next{ChargeState::probe,
              "the charge goes on" + (in_.wish.reason.empty() ? "" : ": " + in_.wish.reason)};
}

ChargeMachine::Change ChargeMachine::stale() {
  if (in_.requests.stop)
    return Next{ChargeState::off, "stopped by the user while the plug did not answer", "user",
                Rest::user};
  const double lost_s = seconds_since(entered_);
  if (lost_s > kLost_s)
    return Next{ChargeState::fault,
                fmt::format("no readings of the plug for {}; {}", duration_text(lost_s),
                            "it was told to switch off, and its guard does so at the latest"),
                "fault"};
  const bool is_back =
      has_readings() && in_.plug.relay.time > entered_ && in_.plug.power_w.time > entered_;
  if (!is_back) return std::nullopt;
  return back_from_silence(fmt::format("readings are back after {}", duration_text(lost_s)));
}

/// A line that comes and goes must not wear out relay and charger.
ChargeMachine::Next ChargeMachine::back_from_silence(const std::string& reason) {
  const auto silences = static_cast<std::size_t>(session_->silences++);
  if (silences < std::size(kBackHolds_s)) return hold(reason, kBackHolds_s[silences]);
  return {ChargeState::off,
          fmt::format("{}, for the {}th time in this charge: mend the line to the plug; {}", reason,
                      silences + 1, balance_sheet(*session_)),
          "stale"};
}

ChargeMachine::Change ChargeMachine::faulted() {
  if (order_.was_overridden()) {
    order_.give(false, now_);
    out_.off_again = true;
    out_.warnings.push_back("switched on at the plug, and off again: a fault is latched");
  }
  if (in_.requests.clear_fault && !clearing_since_) begin_clearing();
  if (!clearing_since_) return std::nullopt;
  if (!order_.is_confirmed()) {
    if (seconds_since(*clearing_since_) < kClear_s) return std::nullopt;
    out_.clear_refused = clear_objection();
    clearing_since_.reset();
    return std::nullopt;
  }
  clearing_since_.reset();
  order_.give(false, now_);
  rest_ = Rest::none;
  return Next{ChargeState::off, "the user has cleared the fault"};
}

/// What was read last may be older than the relay's opening: the plug is told, and looked at, anew.
void ChargeMachine::begin_clearing() {
  clearing_since_ = now_;
  if (order_.is_confirmed()) return;
  order_.give(false, now_);
  out_.off_again = true;
}

std::string ChargeMachine::clear_objection() const {
  const PlugReadings& plug = in_.plug;
  const auto is_new = [&](const Reading& r) { return r.is_good() && r.time > *clearing_since_; };
  std::string seen = fmt::format("{:.1f} W still flow although its relay reads off", sample_w_);
  if (!is_new(plug.relay)) {
    seen = "it has not answered";
  } else if (plug.relay.is_on()) {
    seen = "its relay still reads on";
  } else if (!is_new(plug.power_w)) {
    seen = "it has not told its power";
  }
  return fmt::format(
      "the plug was told to switch off once more, and {} in {:.0f} s. Clear the fault again when "
      "its relay reads off and less than 1 W flow",
      seen, kClear_s);
}

}  // namespace b2m::rules

// SPDX-License-Identifier: MIT
// Going on after a restart of the program: what is kept, and what is made of it.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "gateway/rules/charge_machine.hpp"

namespace b2m::rules {
namespace {

constexpr double kLost_s = 300;
constexpr double kLongAgo_s = 10 * 365 * 86400.0;

double wall_seconds(WallTime t) {
  return std::chrono::duration<double>(t.time_since_epoch()).count();
}

std::optional<WallTime> read_wall(const TextReader& in, std::string_view key) {
  const double seconds = in.number(key, 1, 1e10, 0);
  if (seconds == 0) return std::nullopt;
  const std::chrono::duration<double> since(seconds);
  return WallTime(std::chrono::duration_cast<WallTime::duration>(since));
}

bool is_known(const Reading& r) { return r.is_good() && std::isfinite(r.value); }

}  // namespace

std::string ChargeMachine::to_text() const {
  TextWriter out;
  out.add("version", 1);
  // Nothing has been decided yet after a restart: what was kept is still true.
  out.add("state", kChargeStates[static_cast<int>(recovering_ ? kept_state_ : state_)]);
  out.add("reason", reason_);
  out.add("kept_at", recovering_ || !has_begun_ ? kept_wall_s_ : wall_seconds(in_.wall));
  out.add("is_paused_by_user", is_paused_by_user_ ? 1.0 : 0.0);
  out.add("rest", static_cast<double>(rest_));
  out.add("rested_s", rested_s_);
  out.add("wish_was_away", wish_was_away_ ? 1.0 : 0.0);
  out.add("is_urgency_used", is_urgency_used_ ? 1.0 : 0.0);
  if (last_level_) out.add("last_level", *last_level_);
  if (start_level_) out.add("next_start_level", *start_level_);
  if (done_at_) out.add("done_at", wall_seconds(*done_at_));
  if (full_at_) out.add("full_at", wall_seconds(*full_at_));
  if (session_) {
    write(out, *session_);
    out.add("has_knee", signals_.has_knee() ? 1.0 : 0.0);
  }
  return std::move(out).text();
}

void ChargeMachine::restore(std::string_view kept) {
  const TextReader in(kept);
  const auto state = std::ranges::find(kChargeStates, in.text("state").value_or(""));
  if (in.number("version") != 1 || state == std::end(kChargeStates)) return;
  kept_state_ = static_cast<ChargeState>(state - std::begin(kChargeStates));
  kept_wall_s_ = in.number("kept_at", 0, 1e10, 0);
  rest_ = static_cast<Rest>(static_cast<int>(in.number("rest", 0, 3, 0)));
  rested_s_ = in.number("rested_s", 0, kLongAgo_s, 0);
  wish_was_away_ = in.flag("wish_was_away");
  is_urgency_used_ = in.flag("is_urgency_used");
  if (in.number("last_level")) last_level_ = in.number("last_level", 0, 100, 0);
  if (in.number("next_start_level")) start_level_ = in.number("next_start_level", 0, 100, 0);
  done_at_ = read_wall(in, "done_at");
  full_at_ = read_wall(in, "full_at");
  reason_ = in.text("reason").value_or("");
  restore_session(in, kept_state_);
  fill_figures();
}

void ChargeMachine::restore_session(const TextReader& in, ChargeState state) {
  const bool needs_session =
      is_on_state(state) || state == ChargeState::paused || state == ChargeState::stale;
  state_ = state;
  if (!needs_session) return;
  session_ = read_session(in);
  if (!session_) {
    state_ = ChargeState::off;
    reason_ = "the figures of the last charge could not be read after a restart";
    return;
  }
  signals_.restore(session_->peak_w, in.flag("has_knee"));
  is_paused_by_user_ = in.flag("is_paused_by_user");
  if (state == ChargeState::paused) return;
  session_->energy.bridge({}, 0, in.number("last_power_w", 0, 1e4, 0), in.number("counter_kwh"));
  recovering_ = true;
  state_ = ChargeState::stale;
  reason_ = "restarted during a charge: waiting for the plug";
}

/// How long nobody watched. The clock on the wall is all there is, and it may be wrong: then it is
/// taken for as long as the plug would have stayed on by itself.
double ChargeMachine::unseen_s() const {
  const double passed_s = wall_seconds(in_.wall) - kept_wall_s_;
  if (passed_s < 0 || kept_wall_s_ == 0) return guard_s();
  return settings_.without_guard ? passed_s : std::min(passed_s, guard_s());
}

ChargeMachine::Change ChargeMachine::recover() {
  if (in_.requests.stop || in_.shutting_down) {
    recovering_ = in_.shutting_down;
    if (in_.shutting_down) return std::nullopt;
    return Next{ChargeState::off, "stopped by the user after a restart", "user", Rest::user};
  }
  if (!is_known(in_.plug.relay)) {
    if (seconds_since(entered_) <= kLost_s) return std::nullopt;
    recovering_ = false;
    was_on_ = true;
    return Next{ChargeState::fault,
                fmt::format("restarted during a charge, and no reading of the plug for {}",
                            duration_text(kLost_s)),
                "fault"};
  }
  recovering_ = false;
  if (in_.plug.relay.is_off())
    return Next{ChargeState::off,
                "the plug was off when the gateway came back; " + balance_sheet(*session_),
                "interrupted", Rest::none};
  const double alone_s = unseen_s() + seconds_since(entered_);
  count_unseen(alone_s);
  if (kept_state_ == ChargeState::stale) {
    was_on_ = true;
    return back_from_silence("restarted while the plug did not answer");
  }
  out_.arm_again = true;
  return Next{kept_state_, fmt::format("restarted: the charge goes on after {} without supervision",
                                       duration_text(alone_s))};
}

/// What is known of the time without supervision is that the relay may have been on.
void ChargeMachine::count_unseen(double alone_s) {
  const double unwatched_s = alone_s - seconds_since(entered_);  // the rest has been counted
  session_->on_s += unwatched_s;
  session_->age_s += unwatched_s;
  session_->energy.bridge(now_, alone_s, session_->energy.last_power_w(),
                          session_->energy.last_counter_kwh());
}

}  // namespace b2m::rules

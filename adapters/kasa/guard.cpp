// SPDX-License-Identifier: MIT
#include "adapters/kasa/guard.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace b2m::kasa {
namespace {

constexpr int kShortest = 10;
constexpr int kLongest = 24 * 3600;
constexpr double kEarly = 15;  // the requests since it was written took so long at most
constexpr double kLate = 5;    // the plug's own rounding
constexpr int kTries = 3;
constexpr double kShortened = 60;  // so much less than ours, and somebody else has set it

bool is_off_timer(const TimerRule& rule) {
  return rule.is_enabled == true && rule.ends_on == false;
}
bool may_run(const TimerRule& rule) { return rule.is_enabled != false; }

/// The one to tell of: a timer that protects before one that does not, ours before others.
const TimerRule* most_important(const TimerRules& rules) {
  const auto rank = [](const TimerRule& r) {
    return (is_off_timer(r) ? 4 : 0) + (may_run(r) ? 2 : 0) + (r.is_ours ? 1 : 0);
  };
  const auto best = std::max_element(
      rules.begin(), rules.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return best == rules.end() ? nullptr : &*best;
}

double left_of(const TimerRule& rule) {
  return std::max(0.0, rule.remaining_s.value_or(rule.delay_s.value_or(0)));
}

Error foreign_timer(const TimerRule& rule) {
  const auto end =
      rule.ends_on ? *rule.ends_on ? ", which will switch on" : ", which will switch off" : "";
  return {Errc::refused,
          fmt::format("a timer set in the app{} takes the only timer slot of this socket, so the "
                      "guard cannot be armed: delete the timer in the app",
                      end)};
}

Error not_armed(const TimerRules& rules, int delay_s) {
  const TimerRule* rule = most_important(rules);
  if (rule == nullptr)
    return {Errc::refused, "the plug said yes to the guard timer, but has none when asked"};
  return {Errc::refused,
          fmt::format("the guard timer does not read back as ordered: ordered {} s until off, read "
                      "{}, {}, {} s left",
                      delay_s, rule->is_enabled == true ? "enabled" : "not enabled",
                      rule->ends_on == false ? "off" : "not off", left_of(*rule))};
}

/// The request may have arrived all the same.
bool is_lost(Errc code) {
  return code == Errc::timeout || code == Errc::disconnected || code == Errc::malformed;
}
bool is_final(Errc code) { return code == Errc::cancelled || code == Errc::not_allowed; }

GuardState armed_state(const TimerRule& rule, int delay_s) {
  GuardState state;
  state.is_armed = true;
  state.remaining_s = rule.remaining_s.value_or(delay_s);
  return state;
}

/// Named like ours, but told to run out earlier than we have said: the user's wish.
const TimerRule* shortened(const TimerRules& rules, const std::optional<OwnTimer>& own,
                           SteadyTime now) {
  if (!own) return nullptr;
  const double left_s = to_seconds(own->ends - now);
  const auto at = std::find_if(rules.begin(), rules.end(), [&](const TimerRule& r) {
    return r.is_ours && is_off_timer(r) &&
           ((r.delay_s && *r.delay_s < own->delay_s - kShortened) ||
            (r.remaining_s && *r.remaining_s < left_s - kShortened));
  });
  return at == rules.end() ? nullptr : &*at;
}

/// Before a timer is written: whether it arrives is not known, so either may be the one that runs.
void expect_at_least(std::optional<OwnTimer>& own, int delay_s, SteadyTime now) {
  const OwnTimer next{static_cast<double>(delay_s), now + from_seconds(delay_s)};
  if (!own) return;
  own->delay_s = std::min(own->delay_s, next.delay_s);
  own->ends = std::min(own->ends, next.ends);
}

Awaitable<Result<>> perform(TimerSlot& slot, const TimerPlan& plan, int delay_s,
                            SteadyTime deadline) {
  switch (plan.step) {
    case TimerStep::edit:
      co_return co_await slot.edit(plan.id, delay_s, deadline);
    case TimerStep::replace:
      co_return co_await slot.replace(plan.id, delay_s, deadline);
    case TimerStep::add:
      break;
  }
  co_return co_await slot.add(delay_s, deadline);
}

/// What was done last in this attempt, and what came of it.
struct Attempt {
  std::string unedited;
  bool just_written = false;
  std::optional<Error> error;

  void note(const TimerPlan& plan, const Result<>& done) {
    just_written = done.has_value();
    error.reset();
    if (!done) error = done.error();
    if (plan.step == TimerStep::edit && (done || !is_lost(done.error().code))) unedited = plan.id;
  }
};

}  // namespace

Result<int> timer_delay(double seconds) {
  if (!(seconds >= 0 && seconds <= kLongest))
    return Error(Errc::out_of_range,
                 fmt::format("a guard time of {} s: it must lie between {} s and {} s", seconds,
                             kShortest, kLongest));
  return std::max(kShortest, static_cast<int>(std::ceil(seconds)));
}

GuardState guard_of(const TimerRules& rules) {
  GuardState state;
  const TimerRule* rule = most_important(rules);
  if (rule == nullptr) return state;
  state.is_armed = is_off_timer(*rule);
  state.remaining_s = may_run(*rule) ? left_of(*rule) : 0;
  state.is_ours = rule->is_ours;
  state.tells_remaining = rule->remaining_s.has_value();
  return state;
}

const TimerRule* armed_for(const TimerRules& rules, int delay_s, bool just_written) {
  for (const auto& rule : rules) {
    if (!rule.is_ours || !is_off_timer(rule)) continue;
    if (!rule.remaining_s && just_written) return &rule;
    if (rule.remaining_s && *rule.remaining_s >= delay_s - kEarly &&
        *rule.remaining_s <= delay_s + kLate)
      return &rule;
  }
  return nullptr;
}

Result<TimerPlan> plan_timer(const TimerRules& rules, const std::string& unedited,
                             bool can_edit_elapsed) {
  const auto running = [](bool ours) {
    return [ours](const TimerRule& r) { return r.is_ours == ours && may_run(r); };
  };
  TimerPlan plan;
  auto rule = std::find_if(rules.begin(), rules.end(), running(true));
  if (rule == rules.end()) {
    rule = std::find_if(rules.begin(), rules.end(), running(false));
    if (rule != rules.end()) return foreign_timer(*rule);
    rule = rules.begin();
  }
  if (rule == rules.end()) return plan;
  plan.id = rule->id;
  const bool can_edit = (may_run(*rule) || can_edit_elapsed) && rule->id != unedited;
  plan.step = can_edit ? TimerStep::edit : TimerStep::replace;
  return plan;
}

Awaitable<Result<GuardState>> arm_timer(TimerSlot& slot, Clock& clock, std::optional<OwnTimer>& own,
                                        double seconds, SteadyTime deadline) {
  const auto delay = timer_delay(seconds);
  if (!delay) co_return delay.error();
  Attempt attempt;
  for (int tried = 0;; ++tried) {
    if (attempt.error && is_final(attempt.error->code)) co_return *attempt.error;
    const auto rules = co_await slot.read(deadline);
    if (!rules) co_return rules.error();
    if (const TimerRule* rule = armed_for(*rules, *delay, attempt.just_written)) {
      const GuardState armed = armed_state(*rule, *delay);
      own = OwnTimer{static_cast<double>(*delay), clock.now() + from_seconds(armed.remaining_s)};
      co_return armed;
    }
    if (const TimerRule* rule = shortened(*rules, own, clock.now())) co_return foreign_timer(*rule);
    const auto next = plan_timer(*rules, attempt.unedited, slot.can_edit_elapsed());
    if (!next) co_return next.error();
    if (tried == kTries) co_return attempt.error ? *attempt.error : not_armed(*rules, *delay);
    expect_at_least(own, *delay, clock.now());
    attempt.note(*next, co_await perform(slot, *next, *delay, deadline));
  }
}

Awaitable<Result<>> remove_timer(TimerSlot& slot, SteadyTime deadline) {
  const auto rules = co_await slot.read(deadline);
  if (!rules && rules.error().code == Errc::not_supported) co_return Result<>();
  if (!rules) co_return rules.error();
  for (const auto& rule : *rules) {
    if (!rule.is_ours) continue;
    const auto removed = co_await slot.remove(rule, deadline);
    if (!removed && removed.error().code != Errc::unknown_key) co_return removed.error();
  }
  co_return Result<>();
}

}  // namespace b2m::kasa

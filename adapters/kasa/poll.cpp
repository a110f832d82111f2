// SPDX-License-Identifier: MIT
// The cycle: one request for all relays, then meter and timer of each socket in turn. Between any
// two requests an order may come first.
#include <algorithm>

#include <fmt/format.h>

#include "adapters/kasa/plug.hpp"
#include "adapters/kasa/plug_ask.hpp"
#include "gateway/log.hpp"

namespace b2m::kasa {
namespace {

using namespace std::chrono_literals;

constexpr SteadyDuration kRetry = 1s;
constexpr SteadyDuration kGuardArmed = 30s;  // the time left is counted on in between
constexpr SteadyDuration kGuardOn = 60s;
constexpr SteadyDuration kGuardSuspect = 10s;
constexpr SteadyDuration kWorries = 1h;
constexpr SteadyDuration kUpdating = 60s;
// Sockets that are off are metered just often enough for their values not to grow stale.
constexpr double kIdleShare = 0.6;

}  // namespace

SteadyTime Plug::deadline() const { return clock_.now() + from_seconds(shared_.timeout_s); }

Awaitable<Result<>> Plug::poll() {
  const bool was_met = is_met_;
  Result<> done = co_await poll_state();
  if (!done && done.error().code == Errc::timeout && was_met) {
    if (const Result<> slept = co_await clock_.sleep_for(kRetry); !slept) co_return slept;
    done = co_await poll_state();
  }
  if (!done || is_updating_) co_return done;
  for (std::size_t i = 0; i < outlets_.size() && is_met_; ++i) {
    done = co_await poll_meter(*outlets_[i]);
    if (!done) co_return done;
  }
  for (std::size_t i = 0; i < outlets_.size() && is_met_; ++i) {
    done = co_await poll_guard(*outlets_[i]);
    if (!done) co_return done;
  }
  if (clock_.now() - worries_asked_ < kWorries) co_return Result<>();
  worries_asked_ = clock_.now();
  for (std::size_t i = 0; i < outlets_.size() && is_met_; ++i) {
    done = co_await poll_worries(*outlets_[i]);
    if (!done) co_return done;
  }
  co_return Result<>();
}

Awaitable<Result<>> Plug::poll_state() {
  const auto turn = co_await turn_.take_for_poll();
  if (!turn) co_return turn.error();
  if (!is_met_) co_return co_await meet(deadline());
  co_return co_await read_state(device_->read_state_to_meter(deadline()));
}

/// Within a turn.
Awaitable<Result<>> Plug::read_state(Awaitable<Result<DeviceState>> request) {
  auto state = co_await ask(std::move(request));
  if (!state) co_return state.error();
  if (const Result<> same = compare(*state); !same) {
    is_met_ = false;
    co_return same;
  }
  take(*state);
  co_return Result<>();
}

void Plug::take(const DeviceState& state) {
  is_updating_ = state.is_updating;
  is_led_on_ = state.is_led_on;
  for (Outlet* outlet : outlets_) {
    if (!outlet->plan().is_strip() && outlet->position() < 0) continue;
    if (!outlet->follow(state)) {
      outlet->say_unknown();
      warn(*outlet, outlet->child_id().empty() ? "it is no longer the kind of device it was"
                                               : "the strip no longer names this socket");
      is_met_ = false;  // to be looked at anew
      continue;
    }
    if (outlet->say_state(state, contact_->at.host, clock_.wall()))
      note_restart(*outlet, "the time since it was switched on began anew");
  }
}

void Plug::note_restart(Outlet& outlet, const std::string& sign) {
  outlet.forget_guard();
  outlet.note(
      "plug_restarted", Severity::warning, "relay",
      fmt::format("{} was switched off or without power for a moment: {}", outlet.slug(), sign));
}

bool Plug::is_meter_due(const Outlet& outlet) const {
  if (!outlet.plan().has_meter || outlet.position() < 0) return false;
  if (!is_strip_ || outlet.is_on().value_or(true) || outlet.is_meter_wanted()) return true;
  return clock_.now() - outlet.meter_read() >= from_seconds(outlet.plan().max_age_s * kIdleShare);
}

Awaitable<Result<>> Plug::poll_meter(Outlet& outlet) {
  if (!is_meter_due(outlet)) co_return Result<>();
  if (!has_meter_) {
    outlet.say_no_meter();
    warn(outlet, fmt::format("the {} has no energy meter; write meter = false", model_));
    co_return Result<>();
  }
  const auto turn = co_await turn_.take_for_poll();
  if (!turn) co_return turn.error();
  if (!is_met_ || outlet.position() < 0) co_return Result<>();
  const auto meter = co_await ask(device_->read_meter(outlet.position(), deadline()));
  if (!meter && meter.error().code == Errc::not_supported) {
    has_meter_ = false;
    co_return Result<>();
  }
  if (!meter) co_return meter.error();
  if (outlet.say_meter(*meter, family_, clock_.now()))
    note_restart(outlet, "its energy counter began anew");
  co_return Result<>();
}

bool Plug::is_guard_due(const Outlet& outlet) const {
  if (!can_guard_ || outlet.position() < 0) return false;
  const SteadyDuration age = clock_.now() - outlet.guard_read();
  if (!outlet.guard()) return true;
  if (outlet.is_guard_suspect()) return age >= kGuardSuspect;
  if (outlet.guard()->is_armed) return age >= kGuardArmed || outlet.guard_left_s(clock_.now()) <= 0;
  return outlet.is_on().value_or(false) && age >= kGuardOn;
}

Awaitable<Result<>> Plug::poll_guard(Outlet& outlet) {
  if (!is_guard_due(outlet)) {
    if (outlet.guard() && outlet.guard()->is_armed) outlet.say_guard_left(clock_.now());
    co_return Result<>();
  }
  const auto turn = co_await turn_.take_for_poll();
  if (!turn) co_return turn.error();
  if (!is_met_ || outlet.position() < 0) co_return Result<>();
  const auto guard = co_await ask(device_->read_guard(outlet.position(), deadline()));
  if (!guard && guard.error().code == Errc::not_supported) {
    can_guard_ = false;
    (void)outlet.say_guard({}, clock_.now());
    co_return Result<>();
  }
  if (!guard) co_return guard.error();
  if (!outlet.say_guard(*guard, clock_.now()))
    warn_once(outlet,
              "the time left of the guard timer does not go down as it should: it counts as not "
              "armed; unplug the plug for a moment, and replace it if this comes back");
  co_return Result<>();
}

Awaitable<Result<>> Plug::poll_worries(Outlet& outlet) {
  if (outlet.position() < 0) co_return Result<>();
  const auto turn = co_await turn_.take_for_poll();
  if (!turn) co_return turn.error();
  if (!is_met_ || outlet.position() < 0) co_return Result<>();
  const auto worries = co_await ask(device_->worries(outlet.position(), deadline()));
  if (!worries && worries.error().code == Errc::cancelled) co_return worries.error();
  if (!worries) co_return Result<>();  // a device that does not know the question has no worries
  for (const std::string& worry : *worries) warn_once(outlet, worry);
  co_return Result<>();
}

void Plug::warn_once(Outlet& outlet, const std::string& text) {
  if (!worries_.insert(outlet.slug() + text).second) return;
  outlet.note("plug_warning", Severity::warning, "", text);
  log::warn("kasa", "{}: {}", outlet.slug(), text);
}

SteadyDuration Plug::interval() const {
  const bool draws = std::ranges::any_of(outlets_, [](const Outlet* o) { return o->draws(); });
  const bool is_fast = draws || clock_.now() < fast_until_;
  return from_seconds(is_fast ? shared_.fast_poll_s : shared_.poll_s);
}

/// Wakes now and then, since an order may have made it urgent.
Awaitable<Result<>> Plug::rest(SteadyTime began) {
  for (;;) {
    const SteadyTime due = began + (is_updating_ ? kUpdating : interval());
    const SteadyTime now = clock_.now();
    const bool is_wanted = std::exchange(is_poll_wanted_, false);
    if (now >= due || is_wanted || (!is_met_ && now < fast_until_)) co_return Result<>();
    const SteadyTime look = now + from_seconds(shared_.fast_poll_s);
    const Result<> rested = co_await ordered_.wait(clock_, std::min(due, look));
    if (!rested && rested.error().code != Errc::timeout) co_return rested;
  }
}

}  // namespace b2m::kasa

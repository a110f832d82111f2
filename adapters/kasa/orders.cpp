// SPDX-License-Identifier: MIT
// What the gateway wants a plug to do. Success always means: read back.
#include <algorithm>

#include <fmt/format.h>

#include "adapters/kasa/plug.hpp"
#include "adapters/kasa/plug_ask.hpp"

namespace b2m::kasa {
namespace {

using namespace std::chrono_literals;

constexpr SteadyDuration kSettling = 350ms;  // some plugs say the old state for so long
constexpr SteadyDuration kWatched = 60s;     // after an order: polled fast
constexpr SteadyDuration kUrgent = 5s;       // between two tries of "off" while nobody answers
constexpr int kLost = 3;

bool is_off(const Order& order) { return order.row == point::relay.row && order.value == 0; }

bool is_guarded_on(const Order& order) {
  return order.row == point::relay.row && order.value != 0 && order.guard_s > 0;
}

}  // namespace

/// Fails at once for a plug that is not there, instead of letting the order grow old.
Result<> Plug::can_obey(const Outlet& outlet) const {
  const std::string& slug = outlet.slug();
  if (is_refused_)
    return Error(Errc::refused, fmt::format("{} takes no orders: {}", slug, last_error_));
  if (mac_.empty())
    return Error(Errc::disconnected,
                 last_error_.empty() ? fmt::format("{} has not answered yet", slug)
                                     : fmt::format("{} does not answer: {}", slug, last_error_));
  if (failures_ >= kLost)
    return Error(
        Errc::disconnected,
        fmt::format("{} does not answer (since {:.0f} s): {}", slug,
                    to_seconds(clock_.now() - silent_since_.value_or(clock_.now())), last_error_));
  if (is_updating_) return Error(Errc::refused, fmt::format("{} is installing new firmware", slug));
  if (!outlet.plan().is_strip() && outlet.position() < 0)
    return Error(Errc::refused,
                 fmt::format("{} is not known for sure: {}", slug,
                             warned_.contains(&outlet) ? warned_.at(&outlet) : last_error_));
  return {};
}

/// What is to go off is not left to the pauses between polls of a plug that does not answer.
bool Plug::may_try_at_once(const Order& order) const {
  if (!is_off(order) || is_account_refused_ || is_met_) return false;
  return !urgent_ || clock_.now() - *urgent_ >= kUrgent;
}

Awaitable<Result<>> Plug::execute(Outlet& outlet, Order order) {
  ++shared_.orders;
  if (const Result<> can = can_obey(outlet); !can) {
    if (!may_try_at_once(order)) co_return can;
    urgent_ = clock_.now();
  }
  const auto turn = co_await turn_.take_for_order();
  if (!turn) co_return turn.error();
  // Never on without a look: another plug may stand behind the address since the last poll. "Off"
  // goes to the one that the kept connection was made to.
  Result<> looked;
  if (!is_off(order) || !is_met_) looked = co_await look(order.deadline, is_guarded_on(order));
  if (!looked)
    co_return Error(looked.error().code,
                    fmt::format("{} does not answer: {}", outlet.slug(), looked.error().text()));
  if (failures_ > 0) {
    forget_failures();
    shared_.locator.news().ring();  // ends the pause
  }
  if (const Result<> can = can_obey(outlet); !can) co_return can;
  fast_until_ = clock_.now() + kWatched;
  is_poll_wanted_ |= order.row == point::relay.row;  // for its power
  const Result<> done = co_await carry_out(outlet, std::move(order));
  if (is_poll_wanted_) ordered_.ring();
  co_return done;
}

Awaitable<Result<>> Plug::carry_out(Outlet& outlet, Order order) {
  if (order.row == point::relay.row) return switch_relay(outlet, std::move(order));
  if (order.row == point::led.row) return switch_led(outlet, std::move(order));
  if (order.row == point::alias) return rename(outlet, std::move(order));
  if (order.row == point::reboot) return reboot(outlet, order.deadline);
  return [](std::string slug) -> Awaitable<Result<>> {
    co_return Error(Errc::not_supported, fmt::format("{} cannot do that", slug));
  }(outlet.slug());
}

/// The state as it is now, from the right device, posted. Connects again where needed.
Awaitable<Result<>> Plug::look(SteadyTime deadline, bool to_arm) {
  if (!is_met_) co_return co_await meet(deadline);
  auto request = to_arm ? device_->read_state_to_arm(deadline) : device_->read_state(deadline);
  co_return co_await read_state(std::move(request));
}

Awaitable<Result<>> Plug::switch_relay(Outlet& outlet, Order order) {
  const bool is_renewal = order.keep && order.value != 0;
  if (outlet.plan().is_strip())
    co_return Error(Errc::not_supported,
                    fmt::format("{} is switched socket by socket", outlet.slug()));
  if (is_renewal && !outlet.is_on().value_or(false))
    co_return Error(Errc::refused,
                    fmt::format("{} is off already: its timer was not renewed", outlet.slug()));
  if (order.value != 0 && order.guard_s > 0)
    co_return co_await switch_on_guarded(outlet, std::move(order));
  if (is_renewal) co_return Result<>();  // without a guard there is nothing to renew
  const bool is_on = order.value != 0;
  const Result<> done = co_await set_and_confirm(outlet, is_on, order.deadline);
  if (done && !is_on) co_await disarm(outlet, order.deadline);
  co_return done;
}

/// The timer first: without it the relay stays as it is.
Awaitable<Result<>> Plug::switch_on_guarded(Outlet& outlet, Order order) {
  const bool was_on = outlet.is_on().value_or(false);
  const auto armed =
      co_await ask(device_->arm_guard(outlet.position(), order.guard_s, order.deadline));
  if (!armed) {
    outlet.forget_guard();
    co_return Error(armed.error().code,
                    was_on ? fmt::format("the guard timer of {} could not be renewed: {}",
                                         outlet.slug(), armed.error().text())
                           : fmt::format("{} was NOT switched on because its guard timer could "
                                         "not be armed: {}",
                                         outlet.slug(), armed.error().text()));
  }
  outlet.say_armed(*armed, clock_.now());
  if (!armed->worry.empty()) warn_once(outlet, armed->worry);
  if (was_on) co_return Result<>();
  co_return co_await set_and_confirm(outlet, true, order.deadline);
}

/// A lost reply is no failure yet, and "on" is not repeated for it: what counts is the read-back.
Awaitable<Result<>> Plug::set_and_confirm(Outlet& outlet, bool on, SteadyTime deadline) {
  outlet.expect_jump();
  const Result<> set = co_await ask(device_->set_relay(outlet.position(), on, deadline));
  if (!set && set.error().code == Errc::cancelled) co_return set;
  Result<> looked = co_await look(deadline);
  const auto follows = [&] { return looked && outlet.is_on() == on; };
  if (!follows() && clock_.now() + kSettling < deadline) {
    if (const Result<> slept = co_await clock_.sleep_for(kSettling); !slept) co_return slept;
    looked = co_await look(deadline);
  }
  if (follows()) {
    outlet.expect_jump();
    co_return Result<>();
  }
  const std::string order = on ? "on" : "off";
  if (!set)
    co_return Error(set.error().code, fmt::format("{} could not be switched {}: {}", outlet.slug(),
                                                  order, set.error().text()));
  if (!looked)
    co_return Error(looked.error().code,
                    fmt::format("{} was told to switch {}, but whether it did is not known: {}",
                                outlet.slug(), order, looked.error().text()));
  co_return Error(Errc::io_error, fmt::format("{} is still {} although it was told to switch {}",
                                              outlet.slug(), on ? "off" : "on", order));
}

/// Not worth an error: a timer that runs out on a plug that is off does nothing.
Awaitable<void> Plug::disarm(Outlet& outlet, SteadyTime deadline) {
  const auto& guard = outlet.guard();
  if (!can_guard_ || !is_met_ || (guard && (!guard->is_armed || !guard->is_ours))) co_return;
  const Result<> disarmed = co_await ask(device_->disarm_guard(outlet.position(), deadline));
  if (disarmed)
    (void)outlet.say_guard({}, clock_.now());
  else
    outlet.forget_guard();
}

Awaitable<Result<>> Plug::switch_led(Outlet& outlet, Order order) {
  if (outlet.plan().kind == DeviceKind::plug && is_strip_)
    co_return Error(Errc::refused,
                    fmt::format("{} is one socket of the strip {}; the LED is that of the strip",
                                outlet.slug(), model_));
  const bool on = order.value != 0;
  const Result<> set = co_await ask(device_->set_led(on, order.deadline));
  if (!set) co_return set;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Result<> looked = co_await look(order.deadline);
    if (!looked) co_return looked;
    if (!is_led_on_ || *is_led_on_ == on) co_return Result<>();
    if (attempt > 0) break;
    if (const Result<> slept = co_await clock_.sleep_for(kSettling); !slept) co_return slept;
  }
  co_return Error(Errc::io_error, fmt::format("the LED of {} has not changed", outlet.slug()));
}

Awaitable<Result<>> Plug::rename(Outlet& outlet, Order order) {
  if (outlet.position() < 0)
    co_return Error(Errc::not_supported, "a strip gets its name in the Kasa app");
  const Result<> set =
      co_await ask(device_->set_alias(outlet.position(), order.text, order.deadline));
  if (!set) co_return set;
  const Result<> looked = co_await look(order.deadline);
  if (!looked) co_return looked;
  const OutletPlan& plan = outlet.plan();
  const std::string matched = plan.child ? plan.child->alias : plan.alias;
  if (!matched.empty() && normal_alias(matched) != normal_alias(order.text))
    warn(outlet, fmt::format("the configuration finds {} by its name \"{}\"; write \"{}\" there "
                             "before the next start",
                             outlet.slug(), matched, order.text));
  co_return Result<>();
}

Awaitable<Result<>> Plug::reboot(Outlet& outlet, SteadyTime deadline) {
  if (outlet.plan().kind == DeviceKind::plug && is_strip_)
    co_return Error(Errc::refused,
                    fmt::format("{} is one socket of a strip; a reboot would concern all of them",
                                outlet.slug()));
  const Result<> told = co_await ask(device_->reboot(deadline));
  if (!told) co_return told;
  for (Outlet* o : outlets_) o->forget_guard();
  drop_connection();
  fast_until_ = {};  // it is away for ten seconds and more
  co_return Result<>();
}

}  // namespace b2m::kasa

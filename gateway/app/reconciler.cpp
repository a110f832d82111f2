// SPDX-License-Identifier: MIT
#include "gateway/app/reconciler.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace b2m::app {
namespace {

constexpr SteadyDuration kOrderDeadline = std::chrono::seconds(5);
constexpr SteadyDuration kRetry = std::chrono::milliseconds(500);
constexpr std::array<double, 5> kOnRetriesS{0.5, 1, 2, 5, 10};
constexpr SteadyDuration kOffHurry = std::chrono::seconds(10);
constexpr SteadyDuration kOffRepeat = std::chrono::seconds(1);
constexpr SteadyDuration kFollow = std::chrono::seconds(5);
constexpr SteadyDuration kTickSlack = std::chrono::milliseconds(125);
constexpr int kOffRepeats = 2;

}  // namespace

Reconciler::Reconciler(const Site& site, Execute execute, Tell tell, Failed failed)
    : site_(site),
      execute_(std::move(execute)),
      tell_(std::move(tell)),
      failed_(std::move(failed)) {}

void Reconciler::step(const Snapshot& now, const Decision& decision) {
  now_ = now.now();
  for (const Output& output : decision.outputs) {
    if (output.once) {
      states_[output.slot].single = output;
    } else {
      step(site_.entity(output.slot), output, now);
    }
  }
  for (auto& [slot, state] : states_)
    if (state.single && !state.in_flight) send_single(slot, state, now);
}

void Reconciler::send_single(Slot slot, State& state, const Snapshot& now) {
  const Entity& entity = site_.entity(slot);
  const Output output = *std::exchange(state.single, std::nullopt);
  state.complained = false;
  if (now.at(kBridge, point::adapter_connected, entity.adapter).is_on())
    return send(entity, state, output, now_);
  failed(entity, output.value,
         Error(Errc::disconnected,
               fmt::format("{} is not connected", site_.adapters()[entity.adapter])));
}

void Reconciler::step(const Entity& entity, const Output& output, const Snapshot& now) {
  State& state = states_[entity.slot];
  const double wanted = output.value;
  state.is_held = true;
  state.output = output;
  if (output.asked) state.complained = false;
  if (output.resend) {
    state.sent.reset();
    state.failures = 0;
    state.retry_at = now_;
  }
  if (wanted != state.wanted) {
    state.wanted = wanted;
    state.wanted_since = now_;
    state.complained = false;
    state.failures = 0;
    state.retry_at = now_;
  }
  if (!now.at(kBridge, point::adapter_connected, entity.adapter).is_on()) {
    state.sent.reset();
    return;
  }
  if (!state.in_flight && now_ >= state.retry_at && is_due(entity, state, now))
    send(entity, state, output, now_);
  complain(entity, state, now);
}

bool Reconciler::is_due(const Entity& entity, State& state, const Snapshot& now) const {
  if (!state.sent || *state.sent != state.wanted) {
    state.repeats = state.wanted == 0 && !entity.confirms ? kOffRepeats : 0;
    return true;
  }
  const SteadyDuration age = now_ - state.sent_at;
  const double refresh_s = state.output.refresh_s > 0 ? state.output.refresh_s : entity.refresh_s;
  if (state.wanted != 0) return refresh_s > 0 && age + kTickSlack >= from_seconds(refresh_s);
  if (age + kTickSlack < kOffRepeat) return false;
  if (state.repeats > 0) {
    --state.repeats;
    return true;
  }
  return !entity.optimistic && now[entity.slot].is_on();
}

void Reconciler::send(const Entity& entity, State& state, const Output& output, SteadyTime now) {
  Order order;
  order.part = entity.part;
  order.module = entity.module;
  order.row = entity.row_id;
  order.index = entity.number > 0 ? entity.number - 1 : 0;
  order.value = output.value;
  order.text = output.text;
  order.guard_s = output.guard_s;
  order.keep = output.keep && output.value != 0;
  order.deadline = now + kOrderDeadline;
  state.in_flight = true;
  if (output.value != 0) state.may_be_on = true;
  state.in_flight_value = output.value;
  state.sent_at = now;
  const Slot slot = entity.slot;
  execute_(entity.adapter, std::move(order),
           [this, slot](Result<> result) { finished(slot, result); });
}

void Reconciler::finished(Slot slot, const Result<>& result) {
  State& state = states_[slot];
  state.in_flight = false;
  if (result) {
    state.failures = 0;
    state.sent = state.in_flight_value;
    if (state.in_flight_value == 0) state.may_be_on = false;
    return;
  }
  state.sent.reset();
  state.retry_at = state.in_flight_value == state.wanted ? now_ + pause(state) : now_;
  failed(site_.entity(slot), state.in_flight_value, result.error());
}

/// What cannot be switched on is tried less and less; what must go off is not given up.
SteadyDuration Reconciler::pause(State& state) const {
  if (state.wanted == 0) return now_ - state.wanted_since < kOffHurry ? kRetry : kOffRepeat;
  const auto last = static_cast<int>(kOnRetriesS.size()) - 1;
  const int at = std::min(state.failures++, last);
  return from_seconds(kOnRetriesS[static_cast<std::size_t>(at)]);
}

void Reconciler::failed(const Entity& entity, double value, const Error& why) {
  const std::string reason = why.text();
  if (failed_) failed_({entity.slot, value, reason, why.code});
  if (std::exchange(states_[entity.slot].complained, true)) return;
  Note note{"command_failed", Severity::error, entity.key,
            fmt::format("{} could not be set: {}", entity.name, reason)};
  tell_(entity.device, note);
}

void Reconciler::complain(const Entity& entity, State& state, const Snapshot& now) {
  const bool disobeys = state.wanted == 0 && !entity.optimistic && now[entity.slot].is_on();
  if (!disobeys || state.complained || now_ - state.wanted_since < kFollow) return;
  state.complained = true;
  Note note{"command_failed", Severity::error, entity.key,
            fmt::format("{} is still on although it was switched off", entity.name)};
  tell_(entity.device, note);
}

bool Reconciler::all_off(const Snapshot& now) const {
  for (const auto& [slot, state] : states_) {
    if (!state.is_held || state.output.may_stay) continue;
    const bool reads_on = !site_.entity(slot).optimistic && now[slot].is_on();
    if (state.in_flight || state.may_be_on || reads_on) return false;
  }
  return true;
}

}  // namespace b2m::app

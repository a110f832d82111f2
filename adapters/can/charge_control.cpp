// SPDX-License-Identifier: MIT
// Charging on and off. Off is the first thing a battery hears after the bus has come up, and
// nothing is sent unless the configuration says charge_control = true.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "adapters/can/adapter.hpp"

namespace b2m::can {
namespace {

constexpr auto kOffRetry = std::chrono::seconds(1);
constexpr auto kOffPatience = std::chrono::milliseconds(50);  // the read loop waits meanwhile
constexpr auto kFullQueuePause = std::chrono::milliseconds(10);

CanFrame make_frame(const CanId& id, const Payload& payload) {
  CanFrame frame;
  frame.id = id.id;
  frame.extended = id.extended;
  frame.length = static_cast<std::uint8_t>(payload.size());
  std::ranges::copy(payload, frame.data.begin());
  return frame;
}

}  // namespace

/// Nothing is known about charging any more, and OFF has to be said again.
void CanAdapter::forget_charging() {
  ++outages_;
  for (Battery& b : batteries_) {
    b.needs_off = true;
    b.is_locked = true;
    post_charging(b, std::nullopt);
  }
}

void CanAdapter::post_charging(const Battery& b, std::optional<bool> is_on) {
  if (!b.target || !(commands(b) || b.part.ack)) return;
  Report report(*b.target);
  report.add(point::charging.row, is_on ? *is_on : std::numeric_limits<double>::quiet_NaN(), 0,
             is_on ? Quality::good : Quality::missing);
  inbox_->post(report);
}

bool CanAdapter::owes_off() const {
  return may_transmit() && !is_off_ && clock_.now() >= next_off_try_ &&
         std::ranges::any_of(batteries_, [&](const Battery& b) {
           return b.is_allowed && commands(b) && b.needs_off;
         });
}

Awaitable<void> CanAdapter::stop_charging() {
  if (!may_transmit() || is_off_) co_return;
  const SteadyTime deadline = clock_.now() + kOffPatience;
  next_off_try_ = clock_.now() + kOffRetry;
  for (Battery& b : batteries_) {
    if (!b.is_allowed || !commands(b) || !b.needs_off) continue;
    const auto sent = co_await send_charge(b, false, deadline);
    if (!sent)
      log::warn("can", "{}: the OFF frame for part {} could not be sent: {}", settings_.id,
                b.part.id, sent.error().text());
  }
}

Awaitable<Result<>> CanAdapter::send_charge(Battery& b, bool is_on, SteadyTime deadline) {
  const std::shared_ptr<CanBus> bus = bus_;
  if (!bus) co_return Error(Errc::disconnected, settings_.interface + " is not open");
  const CanFrame frame = make_frame(*b.part.command, is_on ? b.part.on : b.part.off);
  for (;;) {
    if (is_on && b.needs_off)
      co_return Error(Errc::refused, "the bus has just come up: OFF has to be sent before ON");
    if (is_on && b.is_locked)
      co_return Error(Errc::refused, "the bus has been down; switch off, then on again");
    if (bus != bus_) co_return Error(Errc::disconnected, settings_.interface + " was opened again");
    const auto sent = co_await bus->send(frame);
    if (bus != bus_) co_return Error(Errc::disconnected, settings_.interface + " was opened again");
    if (sent) break;
    const bool is_hopeless = sent.error().code != Errc::buffer_full;
    if (is_hopeless || clock_.now() + kFullQueuePause > deadline) {
      traffic_.send_failed();
      co_return sent.error();
    }
    const auto slept = co_await clock_.sleep_for(kFullQueuePause);
    if (!slept) co_return slept.error();
  }
  traffic_.sent(frame);
  if (!is_on) b.needs_off = false;
  if (!b.part.ack) post_charging(b, is_on);
  co_return Result<>();
}

Awaitable<Result<>> CanAdapter::execute(Order order) {
  const auto at =
      std::ranges::find(batteries_, order.part, [](const Battery& b) { return b.part.id; });
  if (order.row != point::charging.row || at == batteries_.end() || !at->part.command)
    co_return Error(Errc::not_supported, "the profile has no charge_command_id for this part");
  if (!settings_.charge_control)
    co_return Error(Errc::refused, fmt::format("[[can]] {} only listens; set charge_control = true "
                                               "to let it send",
                                               settings_.id));
  if (!may_transmit())
    co_return Error(Errc::refused, fmt::format("{} cannot send: {}", settings_.interface,
                                               settings_.listen_only ? "listen_only is set"
                                                                     : "it is a recording"));
  const bool is_on = order.value != 0;
  if (is_on && at->needs_off) {
    const auto off = co_await send_charge(*at, false, order.deadline);
    if (!off) co_return off.error();
    co_return Error(Errc::refused, "OFF had to go first after the bus came up");
  }
  const std::uint64_t outages = outages_;
  const auto done = co_await send_charge(*at, is_on, order.deadline);
  if (done && !is_on && outages == outages_) at->is_locked = false;
  co_return done;
}

}  // namespace b2m::can

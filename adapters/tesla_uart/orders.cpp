// SPDX-License-Identifier: MIT
// Orders between two requests: bleeding, limits, clearing flags. Each is read back before it counts
// as done.
#include <algorithm>

#include <fmt/format.h>

#include "adapters/tesla_uart/adapter.hpp"

namespace b2m::tesla_uart {
namespace {

constexpr int kTries = 3;

bool is_fatal(const Result<>& r) { return !r && r.error().code != Errc::timeout; }

std::uint8_t bit_of(int cell) { return static_cast<std::uint8_t>(1U << cell); }

/// What must not wait until all modules are read.
bool is_urgent(const std::optional<Order>& order) {
  return order && order->row == point::cell_bleed.row && order->value == 0;
}

}  // namespace

/// Fails only when the line does.
Awaitable<Result<>> TeslaAdapter::serve(bool only_off) {
  for (;;) {
    const auto at = std::ranges::find_if(jobs_, [&](const JobPtr& job) {
      return !only_off || job->is_given_up || is_urgent(job->order);
    });
    if (at == jobs_.end()) co_return Result<>();
    const JobPtr job = *at;
    jobs_.erase(at);
    if (job->is_given_up) continue;
    if (!job->order) {
      job->result = co_await enumerate_again();
    } else {
      const Result<> done = co_await carry_out(*job->order, job->arrived);
      job->result = done ? Result<std::string>(std::string()) : Result<std::string>(done.error());
    }
    job->done.ring();
  }
}

Awaitable<Result<>> TeslaAdapter::carry_out(const Order& order, SteadyTime arrived) {
  const int at = order.module - settings_.first_module;
  if (order.part != kPart || at < 0 || at >= roll_.size()) co_return Errc::unknown_device;
  Module& m = *modules_[static_cast<std::size_t>(at)];
  if (!is_present(m))
    co_return Error(Errc::timeout,
                    fmt::format("{} does not answer on {}", m.name(), settings_.port));
  Result<> done = Errc::not_supported;
  const auto& limits = module_rows().limits;
  const auto limit = std::ranges::find(limits, order.row);
  if (order.row == point::cell_bleed.row)
    done = co_await bleed(m, order, arrived);
  else if (order.row == module_rows().clear_faults)
    done = co_await clear_flags(m);
  else if (limit != limits.end())
    done = co_await set_limit(m, static_cast<std::size_t>(limit - limits.begin()), order.value);
  m.post(*inbox_);
  co_return done;
}

Awaitable<Result<>> TeslaAdapter::bleed(Module& m, const Order& order, SteadyTime arrived) {
  if (order.index < 0 || order.index >= kCells) co_return Errc::unknown_device;
  if (order.value == 0) co_return co_await bleed_off(m, order.index);
  co_return co_await bleed_on(m, order, arrived);
}

Awaitable<Result<>> TeslaAdapter::bleed_on(Module& m, const Order& order, SteadyTime arrived) {
  const std::uint8_t bit = bit_of(order.index);
  if (order.keep && (m.bleeding() & bit) == 0)
    co_return Error(Errc::refused, fmt::format("cell {} of {} does not bleed any more",
                                               order.index + 1, m.name()));
  m.bleeder.want(order.index, arrived + from_seconds(order.guard_s));
  if ((m.bleeder.mask(clock_.now()) & bit) == 0) {
    m.bleeder.drop(order.index);
    co_return Error(Errc::refused, "a bleed needs a time of at least a second");
  }
  const Result<> armed = co_await arm(m, false);
  if (armed && (m.bleeding() & bit) != 0) co_return Result<>();
  m.bleeder.drop(order.index);
  if (!armed) co_return armed;
  co_return Error(Errc::io_error, fmt::format("the chip of {} did not take the bleed of cell {}",
                                              m.name(), order.index + 1));
}

Awaitable<Result<>> TeslaAdapter::bleed_off(Module& m, int cell) {
  m.bleeder.drop(cell);
  Result<> done = Errc::timeout;
  for (int i = 0; i < kTries; ++i) {
    const auto left = static_cast<std::uint8_t>(m.bleeding() & ~bit_of(cell));
    done = co_await ring_.write(m.address(), reg::kBleedMask, left);
    if (is_fatal(done)) co_return done;
    done = co_await read_bleed(m);
    if (is_fatal(done)) co_return done;
    if (done && (m.bleeding() & bit_of(cell)) == 0) co_return Result<>();
  }
  if (!done) co_return Error(Errc::timeout, fmt::format("{} did not answer", m.name()));
  co_return Error(Errc::io_error, fmt::format("cell {} of {} still bleeds", cell + 1, m.name()));
}

/// The mask must have been 0 before the chip starts its timer anew. Also when nothing is wanted any
/// more: what the chip then says is reported.
Awaitable<Result<>> TeslaAdapter::arm(Module& m, bool is_cleared) {
  Result<> done;
  for (int i = 0; i < kTries; ++i) {
    if (!is_cleared || i > 0) done = co_await ring_.write(m.address(), reg::kBleedMask, 0);
    const SteadyTime now = clock_.now();
    const std::uint8_t mask = m.bleeder.mask(now);
    const std::uint8_t time = m.bleeder.time(now, settings_.bleed_timer_s);
    if (done && mask != 0) done = co_await ring_.write(m.address(), reg::kBleedTime, time);
    if (done && mask != 0) {
      m.may_bleed = true;
      done = co_await ring_.write(m.address(), reg::kBleedMask, mask);
    }
    if (is_fatal(done)) co_return done;
    done = co_await read_bleed(m);
    if (is_fatal(done) || (done && m.bleeding() == mask)) co_return done;
  }
  co_return done;
}

Awaitable<Result<>> TeslaAdapter::read_bleed(Module& m) {
  const auto read = co_await ring_.read(m.address(), reg::kBleedMask, 1);
  if (!read) co_return read.error();
  m.take_bleed((*read)[0]);
  co_return Result<>();
}

Awaitable<Result<>> TeslaAdapter::set_limit(Module& m, std::size_t limit, double value) {
  const auto byte = encode_limit(static_cast<LimitKind>(limit), value);
  if (!byte) co_return byte.error();
  m.want_limit(static_cast<LimitKind>(limit), *byte);
  const Result<> written = co_await write_limits(m);
  if (!written) co_return written;
  if (m.limit(limit) == *byte) co_return Result<>();
  co_return Error(Errc::io_error, fmt::format("the chip of {} did not take it", m.name()));
}

Awaitable<Result<>> TeslaAdapter::clear_register(Module& m, std::uint8_t reg, std::uint8_t bits) {
  for (const std::uint8_t value : {bits, std::uint8_t{0}}) {
    const Result<> done = co_await ring_.write(m.address(), reg, value);
    if (is_fatal(done)) co_return done;
  }
  co_return Result<>();
}

Awaitable<Result<>> TeslaAdapter::clear_flags(Module& m) {
  Result<> done = co_await keep_house(m);
  if (done && m.alerts().value_or(0) != 0)
    done = co_await clear_register(m, reg::kAlerts, *m.alerts());
  if (done && m.faults().value_or(0) != 0)
    done = co_await clear_register(m, reg::kFaults, *m.faults());
  if (done) done = co_await keep_house(m);
  if (!done) co_return done;
  if (*m.alerts() == 0 && *m.faults() == 0) co_return Result<>();
  co_return Error(Errc::refused,
                  fmt::format("the flags of {} are back at once: their cause lasts", m.name()));
}

}  // namespace b2m::tesla_uart

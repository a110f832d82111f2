// SPDX-License-Identifier: MIT
// Orders between two requests: bleeding, limits, clearing flags. Each is read back before it counts
// as done.
#include <algorithm>

#include <fmt/format.h>

#include "adapters/tesla_uart/adapter.hpp"

namespace b2m::tesla_uart {
namespace {

constexpr int kTries = 3;

std::uint8_t bit_of(int cell) { return static_cast<std::uint8_t>(1U << cell); }

/// What must not wait until all modules are read.
bool is_urgent(const Order& order) {
  return order.row == point::cell_bleed.row && order.value == 0;
}

}  // namespace

/// Fails only when the line does.
Awaitable<Result<>> TeslaAdapter::serve(bool only_off) {
  for (;;) {
    const auto at = std::ranges::find_if(jobs_, [&](const JobPtr& job) {
      return !only_off || job->is_given_up || (job->order && is_urgent(*job->order));
    });
    if (at == jobs_.end()) co_return Result<>();
    const JobPtr job = *at;
    jobs_.erase(at);
    if (job->is_given_up && !(job->order && is_urgent(*job->order))) continue;
    if (!job->order) {
      job->result = co_await enumerate_again();
    } else {
      const Result<> done = co_await carry_out(*job, only_off);
      job->result = done ? Result<std::string>(std::string()) : Result<std::string>(done.error());
    }
    job->done.ring();
  }
}

/// Null: none of this ring.
Module* TeslaAdapter::module_of(const Order& order) {
  const int at = order.module - settings_.first_module;
  if (order.part != kPart || at < 0 || at >= roll_.size()) return nullptr;
  return modules_[static_cast<std::size_t>(at)].get();
}

/// At once, whenever the ring comes to it: nothing may renew this bleed any more.
void TeslaAdapter::take_back(const Order& order) {
  Module* const m = module_of(order);
  if (m && is_urgent(order) && order.index >= 0 && order.index < kCells)
    m->bleeder.drop(order.index);
}

Awaitable<Result<>> TeslaAdapter::carry_out(const Job& job, bool is_reading) {
  const Order& order = *job.order;
  Module* const found = module_of(order);
  if (!found) co_return Errc::unknown_device;
  Module& m = *found;
  if (!is_present(m))
    co_return Error(Errc::timeout,
                    fmt::format("{} does not answer on {}", m.name(), settings_.port));
  Result<> done = Errc::not_supported;
  const auto& limits = module_rows().limits;
  const auto limit = std::ranges::find(limits, order.row);
  if (order.row == point::cell_bleed.row)
    done = co_await bleed(m, job, is_reading);
  else if (order.row == module_rows().clear_faults)
    done = co_await clear_flags(m);
  else if (limit != limits.end())
    done = co_await set_limit(m, static_cast<std::size_t>(limit - limits.begin()), order.value);
  m.post(*inbox_);
  co_return done;
}

Awaitable<Result<>> TeslaAdapter::bleed(Module& m, const Job& job, bool is_reading) {
  const Order& order = *job.order;
  if (order.index < 0 || order.index >= kCells) co_return Errc::unknown_device;
  if (order.value == 0) co_return co_await bleed_off(m, order.index, is_reading);
  co_return co_await bleed_on(m, order, job.arrived);
}

Awaitable<Result<>> TeslaAdapter::bleed_on(Module& m, const Order& order, SteadyTime arrived) {
  const std::uint8_t bit = bit_of(order.index);
  if (order.keep && (m.bleeder.mask(clock_.now()) & bit) == 0)
    co_return Error(Errc::refused, fmt::format("cell {} of {} does not bleed any more",
                                               order.index + 1, m.name()));
  m.bleeder.want(order.index, arrived + from_seconds(order.guard_s));
  if ((m.bleeder.mask(clock_.now()) & bit) == 0) {
    m.bleeder.drop(order.index);
    co_return Error(Errc::refused, "a bleed needs a time of at least a second");
  }
  const auto armed = co_await put_bleed(m, Bleeds::as_wanted);
  if (armed && *armed && (m.bleeding() & bit) != 0) co_return Result<>();
  m.bleeder.drop(order.index);
  if (!armed) co_return armed.error();
  co_return Error(Errc::io_error, fmt::format("the chip of {} did not take the bleed of cell {}",
                                              m.name(), order.index + 1));
}

/// While modules are read all cells of this one go off: no resistor may disturb a reading, and the
/// others come on again after it.
Awaitable<Result<>> TeslaAdapter::bleed_off(Module& m, int cell, bool is_reading) {
  m.bleeder.drop(cell);
  const auto put = co_await put_bleed(m, is_reading ? Bleeds::none : Bleeds::as_wanted);
  if (!put && put.error().code != Errc::timeout) co_return put.error();
  if (!put) co_return Error(Errc::timeout, fmt::format("{} did not answer", m.name()));
  if ((m.bleeding() & bit_of(cell)) == 0) co_return Result<>();
  co_return Error(Errc::io_error, fmt::format("cell {} of {} still bleeds", cell + 1, m.name()));
}

/// False: the chip does not say what it was told; it was told to bleed no cell then.
Awaitable<Result<bool>> TeslaAdapter::put_bleed(Module& m, Bleeds wanted) {
  Result<bool> is_so = false;
  for (int i = 0; i < kTries; ++i) {
    is_so = co_await try_bleed(m, wanted);
    if (is_so ? *is_so : is_so.error().code != Errc::timeout) co_return is_so;
  }
  const Result<> off = co_await ring_.write(m.address(), reg::kBleedMask, 0);
  if (is_fatal(off)) co_return off.error();
  const Result<> read = co_await read_bleed(m);
  if (is_fatal(read)) co_return read.error();
  co_return is_so;
}

/// The mask must have been 0 before the chip starts its timer anew. True: mask and timer are seen
/// to be as wanted.
Awaitable<Result<bool>> TeslaAdapter::try_bleed(Module& m, Bleeds wanted) {
  Result<> done = co_await ring_.write(m.address(), reg::kBleedMask, 0);
  const SteadyTime now = clock_.now();
  const std::uint8_t mask = wanted == Bleeds::none ? std::uint8_t{0} : m.bleeder.mask(now);
  const std::uint8_t time = m.bleeder.time(now, settings_.bleed_timer_s);
  if (done && mask != 0) done = co_await ring_.write(m.address(), reg::kBleedTime, time);
  if (done && mask != 0) {
    m.may_bleed = true;
    done = co_await ring_.write(m.address(), reg::kBleedMask, mask);
  }
  if (is_fatal(done)) co_return done.error();
  const auto read = co_await ring_.read(m.address(), reg::kBleedMask, 2);
  if (!read) co_return read.error();
  m.take_bleed((*read)[0]);
  co_return done&& m.bleeding() == mask && (mask == 0 || (*read)[1] == time);
}

Awaitable<Result<>> TeslaAdapter::read_bleed(Module& m) {
  const auto read = co_await ring_.read(m.address(), reg::kBleedMask, 1);
  if (!read) co_return read.error();
  m.take_bleed((*read)[0]);
  co_return Result<>();
}

/// After a reading; what the chip then says is reported.
Awaitable<Result<>> TeslaAdapter::renew_bleed(Module& m) {
  if (!m.may_bleed && m.bleeder.mask(clock_.now()) == 0) co_return Result<>();
  const auto put = co_await put_bleed(m, Bleeds::as_wanted);
  if (!put) co_return put.error();
  if (*put)
    m.calm("bleed");
  else
    m.warn("bleed",
           "its chip does not keep the bleed or its timer as they were written, so none of its "
           "cells is bled: if that lasts, the board is defective");
  co_return Result<>();
}

/// What the chip has not taken is not wished any more: nothing that was refused is written later.
Awaitable<Result<>> TeslaAdapter::set_limit(Module& m, std::size_t limit, double value) {
  const auto byte = m.limit_wishes.encode(limit, value);
  if (!byte) co_return byte.error();
  const auto before = m.limit_wishes.of(limit);
  m.limit_wishes.set(limit, *byte);
  const Result<> written = co_await write_limits(m);
  if (written && m.limit(limit) == *byte) {
    m.limit_wishes.keep(limit);
    co_return Result<>();
  }
  m.limit_wishes.set(limit, before);
  m.needs_set_up = true;  // it may have taken it and not been heard
  if (!written) co_return written;
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

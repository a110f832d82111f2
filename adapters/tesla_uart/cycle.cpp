// SPDX-License-Identifier: MIT
// One reading of all modules. They measure at the same instant, with their cells at rest; a module
// that does not answer costs its own deadline.
#include <algorithm>

#include "adapters/tesla_uart/adapter.hpp"
#include "gateway/log.hpp"

namespace b2m::tesla_uart {
namespace {

using namespace std::chrono_literals;

constexpr SteadyDuration kNotReady = 1ms;
constexpr SteadyDuration kHousekeeping = 3s;
constexpr SteadyDuration kStagger = 40ms;
constexpr SteadyDuration kGivenUp = 10s;  // with nobody answering
constexpr int kRestTries = 2;
constexpr int kSilences = 3;     // until a module is lost
constexpr int kUnready = 3;      // starts for everybody that a module may miss
constexpr int kBleedShare = 10;  // of the time at least 9 parts are for bleeding

}  // namespace

bool TeslaAdapter::is_bleeding() const {
  return std::ranges::any_of(modules_, [](const auto& m) { return m->may_bleed; });
}

bool TeslaAdapter::is_told_alone(const Module& m) const {
  return m.needs_own_start || settings_.broadcast_conversion == BroadcastConversion::never;
}

SteadyDuration TeslaAdapter::interval() const {
  const SteadyDuration poll = from_seconds(settings_.poll_interval_s);
  const SteadyDuration settle = std::chrono::milliseconds(settings_.bleed_settle_ms);
  return is_bleeding() ? std::max(poll, kBleedShare * settle) : poll;
}

Awaitable<Result<>> TeslaAdapter::cycle() {
  const SteadyTime began = clock_.now();
  Result<> done;
  if (is_asleep_) done = co_await wake();
  if (is_fatal(done)) co_return done;
  if (clock_.now() >= settings_due_) done = co_await send_settings();
  if (is_fatal(done)) co_return done;
  done = co_await start_conversion();
  if (is_fatal(done)) co_return done;
  for (const auto& m : modules_) {
    if (is_present(*m)) done = co_await read_module(*m);
    if (is_fatal(done)) co_return done;
    m->post(*inbox_);
    done = co_await serve(true);
    if (is_fatal(done)) co_return done;
  }
  ++cycles_;
  last_cycle_ = clock_.now() - began;
  const bool is_anybody = roll_.count(Seat::doubtful) > 0;
  if (!is_anybody && clock_.now() - last_read_ > kGivenUp) co_return nobody();
  co_return Result<>();
}

Awaitable<Result<>> TeslaAdapter::start_conversion() {
  for (const auto& m : modules_) m->is_at_rest = true;
  is_started_ = false;
  if (is_bleeding()) {
    const Result<> rested = co_await bring_to_rest();
    if (!rested) co_return rested;
  }
  const Result<> tested = co_await test_one();
  if (is_fatal(tested)) co_return tested;
  if (settings_.broadcast_conversion == BroadcastConversion::never) co_return Result<>();
  const Result<> told = co_await ring_.write_all(reg::kConvert, kStartConversion);
  is_started_ = told.has_value();
  co_return told;
}

/// Seen to have happened: a reading with a bleed on is too low by what its current loses in the
/// wires.
Awaitable<Result<>> TeslaAdapter::bring_to_rest() {
  Result<> done = co_await ring_.write_all(reg::kBleedMask, 0);
  if (is_fatal(done)) co_return done;
  for (const auto& m : modules_) {
    if (!m->may_bleed || !is_present(*m)) continue;
    done = co_await bring_to_rest(*m);
    if (is_fatal(done)) co_return done;
  }
  co_return co_await clock_.sleep_for(std::chrono::milliseconds(settings_.bleed_settle_ms));
}

Awaitable<Result<>> TeslaAdapter::bring_to_rest(Module& m) {
  m.is_at_rest = false;
  for (int i = 0; i < kRestTries; ++i) {
    const auto mask = co_await ring_.read(m.address(), reg::kBleedMask, 1);
    if (!mask) co_return mask.error();
    m.is_at_rest = (*mask)[0] == 0;
    if (m.is_at_rest) co_return Result<>();
    const Result<> off = co_await ring_.write(m.address(), reg::kBleedMask, 0);
    if (is_fatal(off)) co_return off;
  }
  co_return Result<>();
}

Awaitable<Result<>> TeslaAdapter::read_module(Module& m) {
  const auto measured = co_await measure(m);
  if (!measured && measured.error().code == Errc::timeout) silent(m);
  if (!measured) co_return measured.error();
  if (!*measured) {
    m.failed_read();
    co_return Result<>();
  }
  m.silences = 0;
  if (m.is_at_rest) m.take(**measured);
  has_read_ = true;
  last_failure_.clear();
  last_read_ = clock_.now();
  (void)ring_.take_sign_of_life();  // from here on
  const bool are_flags_known = m.knows_flags((*measured)->has_alert(), (*measured)->has_fault());
  if (m.needs_set_up) {
    const Result<> ready = co_await set_up(m);
    if (!ready) co_return ready;
  } else if (!are_flags_known || clock_.now() >= m.housekeeping_due) {
    const Result<> kept = co_await keep_house(m);
    if (!kept) co_return kept;
  }
  co_return co_await renew_bleed(m);
}

/// Nothing when it answers, but not with a conversion that has been started just now.
Awaitable<Result<std::optional<Measurement>>> TeslaAdapter::measure(Module& m) {
  for (int i = 0; i < 3; ++i) {
    if (i > 0) {
      const Result<> slept = co_await clock_.sleep_for(kNotReady);
      if (!slept) co_return slept.error();
    }
    if (i == 2 || (i == 0 && (!is_started_ || is_told_alone(m)))) {
      const Result<> told = co_await ring_.write(m.address(), reg::kConvert, kStartConversion);
      if (!told) co_return told.error();  // what it has may be of an older conversion
    }
    const auto look = co_await read_once(m);
    if (!look) co_return look.error();
    if (look->measurement && i < 2) m.not_ready = 0;
    if (look->measurement || look->is_garbled) co_return look->measurement;
    ++unready_;
    if (i == 1 && is_started_ && !is_told_alone(m) && ++m.not_ready == kUnready) {
      m.needs_own_start = true;
      log::warn("tesla_uart", "{} does not measure with the others: told by itself from now on",
                m.name());
    }
  }
  m.warn("ready", "its conversions do not end");
  co_return std::nullopt;
}

Awaitable<Result<TeslaAdapter::Look>> TeslaAdapter::read_once(Module& m) {
  const auto read = co_await ring_.read(m.address(), reg::kStatus, kMeasurementSize);
  if (!read) co_return read.error();
  Look look;
  const auto decoded = decode_measurement(read->view());
  look.is_garbled = !decoded;
  if (decoded && decoded->is_ready()) look.measurement = *decoded;
  if (look.is_garbled)
    m.warn("garbled", decoded.error().detail +
                          ", which its chip cannot measure, so they are "
                          "thrown away: if that lasts, replace the board");
  if (!look.measurement) co_return look;
  m.calm("ready");
  m.calm("garbled");
  co_return look;
}

void TeslaAdapter::silent(Module& m) {
  m.failed_read();
  if (++m.silences >= kSilences) lose(m);
}

Awaitable<Result<>> TeslaAdapter::keep_house(Module& m) {
  const auto read = co_await ring_.read(m.address(), Housekeeping::kStart, Housekeeping::kSize);
  if (!read) co_return read.error();
  const Housekeeping house(read->view());
  m.take(house);
  m.housekeeping_due = clock_.now() + kHousekeeping + m.address() % 8 * kStagger;
  const bool is_set =
      house.adc_control == kMeasureAll && (house.io_control & kSensorsOn) == kSensorsOn;
  if (!is_set) settings_due_ = clock_.now();
  co_return Result<>();
}

/// Orders are carried out at once; a sleep of the modules waits until no cell bleeds.
Awaitable<Result<>> TeslaAdapter::rest(SteadyTime began) {
  Result<> done = co_await serve(false);
  if (is_fatal(done)) co_return done;
  if (settings_.sleep_between_polls && !is_bleeding()) {
    done = co_await ring_.write_all(reg::kIoControl, kSleep);
    if (is_fatal(done)) co_return done;
    is_asleep_ = true;
  }
  for (;;) {
    const SteadyTime due = began + interval();
    if (clock_.now() >= due) co_return Result<>();
    if (jobs_.empty()) done = co_await wanted_.wait(clock_, due);
    if (is_fatal(done)) co_return done;
    if (!jobs_.empty() && is_asleep_) co_return Result<>();  // orders want modules that are awake
    done = co_await serve(false);
    if (is_fatal(done)) co_return done;
  }
}

}  // namespace b2m::tesla_uart

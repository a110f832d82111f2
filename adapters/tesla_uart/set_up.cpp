// SPDX-License-Identifier: MIT
// From an open line to modules that can be read, and back to that when one goes or returns.
#include <algorithm>

#include <fmt/format.h>

#include "adapters/tesla_uart/adapter.hpp"
#include "gateway/log.hpp"

namespace b2m::tesla_uart {
namespace {

using namespace std::chrono_literals;

constexpr SteadyDuration kFirstLook = 1s;
constexpr SteadyDuration kLongestPause = 30s;
constexpr SteadyDuration kSensorsSettle = 20ms;
constexpr int kTries = 3;

}  // namespace

bool TeslaAdapter::is_present(const Module& m) const {
  return roll_.seats[static_cast<std::size_t>(m.address() - 1)] == Seat::present;
}

/// Bleeding ends before anything else: it may go on from an earlier run, whose orders are over.
Awaitable<Result<>> TeslaAdapter::begin() {
  for (const auto& m : modules_) m->bleeder.drop_all();
  (void)ring_.take_sign_of_life();  // of the line before
  last_read_ = clock_.now();
  is_asleep_ = false;
  Result<> done = co_await ring_.write_all(reg::kBleedMask, 0);
  if (is_fatal(done)) co_return done;
  done = co_await wake();
  if (!done) co_return done;
  if (!ring_.has_heard())
    co_return nobody();  // a cut ring: those before the cut would hear a reset
  const Roll before(settings_.modules);
  std::ranges::fill(roll_.seats, Seat::missing);
  done = co_await roll_call_.take(roll_);
  if (!done) co_return done;
  if (roll_.count(Seat::missing) == roll_.size()) co_return nobody();
  follow_roll(before);
  for (const auto& m : modules_)
    if (!is_present(*m))
      m->note("device_lost", Severity::warning, fmt::format("{} does not answer", m->name()));
  lost_pause_ = kFirstLook;
  lost_due_ = clock_.now() + lost_pause_;
  co_return co_await send_settings();
}

/// What was heard is asked since the last good reading.
Error TeslaAdapter::nobody() {
  if (!ring_.take_sign_of_life())
    return {Errc::timeout,
            fmt::format("nothing comes back on {}: check that TX goes to the first board, the "
                        "last board's output to RX, and that the boards' bus side has its supply",
                        settings_.port)};
  return {Errc::timeout,
          fmt::format("the ring on {} is closed, but no module answers: check that the cells are "
                      "connected, and read_request_crc",
                      settings_.port)};
}

/// Sensor power stays on: switching it for each reading makes the temperatures jump.
Awaitable<Result<>> TeslaAdapter::send_settings() {
  settings_due_ = clock_.now() + 1s;
  Result<> done = co_await ring_.write_all(reg::kAdcControl, kMeasureAll);
  if (is_fatal(done)) co_return done;
  done = co_await ring_.write_all(reg::kIoControl, kSensorsOn);
  if (is_fatal(done)) co_return done;
  co_return Result<>();
}

Awaitable<Result<>> TeslaAdapter::wake() {
  Result<> done = co_await send_settings();
  if (!done) co_return done;
  for (const std::uint8_t bits : {kAlertSleep, std::uint8_t{0}}) {
    done = co_await ring_.write_all(reg::kAlerts, bits);
    if (is_fatal(done)) co_return done;
  }
  is_asleep_ = false;
  co_return co_await clock_.sleep_for(kSensorsSettle);
}

/// Tells what has changed, and what has to be set up again.
void TeslaAdapter::follow_roll(const Roll& before) {
  for (const auto& m : modules_) {
    const auto at = static_cast<std::size_t>(m->address() - 1);
    const bool is_new_here =
        std::ranges::find(roll_.newly_seated, m->address()) != roll_.newly_seated.end();
    m->is_new_here = m->is_new_here || is_new_here;
    m->needs_set_up = m->needs_set_up || is_new_here || before.seats[at] != roll_.seats[at];
    follow_seat(*m, before.seats[at]);
  }
  if (roll_.was_renumbered) ++renumberings_;
  if (!roll_.is_order_sure)
    modules_.front()->warn(
        "order", fmt::format("{} of {} modules answered when they were numbered, so it is not "
                             "clear which one is missing, and nothing of them is shown: find the "
                             "silent one, set modules to what is there, or give the command rescan "
                             "to take them as they are wired",
                             roll_.count(Seat::doubtful), roll_.size()));
  if (roll_.parked > 0)
    modules_.front()->warn("parked",
                           fmt::format("{} modules have lost their address and {} are "
                                       "missing, so it is not clear which they are: power "
                                       "the others, or give the command rescan",
                                       roll_.parked, roll_.absent().size()));
  if (roll_.is_order_sure) modules_.front()->calm("order");
  if (roll_.parked == 0) modules_.front()->calm("parked");
  if (roll_.has_extra && !std::exchange(is_extra_told_, true))
    modules_.front()->note("module_warning", Severity::warning,
                           fmt::format("the ring {} has more than the {} modules of the "
                                       "configuration: set modules to what is there",
                                       settings_.id, roll_.size()));
  is_extra_told_ = roll_.has_extra;
  if (memory_) memory_->keep(settings_.id + "/order", roll_.is_order_sure ? "sure" : "");
}

void TeslaAdapter::follow_seat(Module& m, Seat before) {
  const Seat now = roll_.seats[static_cast<std::size_t>(m.address() - 1)];
  if (now != Seat::present && before == Seat::present) lose(m, now);
  if (now != Seat::present) return;
  m.silences = 0;
  if (before != now) m.may_bleed = true;  // until it says that it does not
  if (m.is_new_here && m.reads() > 0 && !roll_.was_renumbered)
    m.note("module_restarted", Severity::warning,
           fmt::format("{} had lost its address, as after a loss of power, and is set up again",
                       m.name()));
  else if (before != now && m.reads() > 0)
    m.note("device_found", Severity::info, fmt::format("{} answers again", m.name()));
}

void TeslaAdapter::lose(Module& m, Seat now) {
  roll_.seats[static_cast<std::size_t>(m.address() - 1)] = now;
  m.bleeder.drop_all();
  m.may_bleed = false;  // nothing can be done about it but by its own timer
  m.note("device_lost", Severity::warning, fmt::format("{} no longer answers", m.name()));
  lost_pause_ = kFirstLook;
  lost_due_ = clock_.now();
}

Awaitable<Result<>> TeslaAdapter::look_for_lost() {
  if (clock_.now() < lost_due_) co_return Result<>();
  if (roll_.is_complete()) co_return co_await look_for_more();
  const Roll before = roll_;
  roll_.newly_seated.clear();
  roll_.was_renumbered = false;
  for (const int address : roll_.absent()) {
    Seat& seat = roll_.seats[static_cast<std::size_t>(address - 1)];
    if (seat == Seat::doubtful) continue;
    const auto is_back = co_await roll_call_.answers(static_cast<std::uint8_t>(address), 1);
    if (!is_back) co_return is_back.error();
    if (*is_back) seat = Seat::present;
  }
  const Result<> done = co_await roll_call_.recover(roll_);
  if (!done) co_return done;
  follow_roll(before);
  if (roll_.was_renumbered || !roll_.newly_seated.empty()) settings_due_ = clock_.now();
  if (roll_.count(Seat::present) > before.count(Seat::present)) lost_pause_ = kFirstLook;
  lost_due_ = clock_.now() + lost_pause_;
  lost_pause_ = std::min(lost_pause_ * 2, kLongestPause);
  for (const auto& m : modules_) m->post(*inbox_);
  co_return Result<>();
}

/// A module that was put in behind those of the configuration.
Awaitable<Result<>> TeslaAdapter::look_for_more() {
  const Roll before = roll_;
  roll_.newly_seated.clear();
  roll_.was_renumbered = false;
  lost_due_ = clock_.now() + kLongestPause;
  const Result<> done = co_await roll_call_.look_for_more(roll_);
  if (!done) co_return done;
  follow_roll(before);
  modules_.front()->post(*inbox_);
  co_return Result<>();
}

/// On the user's word all addresses are given anew.
Awaitable<Result<std::string>> TeslaAdapter::enumerate_again() {
  const Roll before = roll_;
  for (const auto& m : modules_) m->bleeder.drop_all();
  const Result<> done = co_await roll_call_.renumber(roll_, true);
  if (!done) co_return done.error();
  follow_roll(before);
  settings_due_ = clock_.now();
  if (roll_.is_complete() && !roll_.has_extra)
    co_return fmt::format("{} of {} modules answer, numbered in wiring order", roll_.size(),
                          roll_.size());
  if (roll_.is_complete())
    co_return fmt::format(
        "{} modules answer, numbered in wiring order, and there are more behind "
        "them: set modules to what is there",
        roll_.size());
  co_return fmt::format(
      "only {} of {} modules answer, numbered in wiring order: a silent one that "
      "is not the last shifts the numbers behind it",
      roll_.count(Seat::present), roll_.size());
}

Awaitable<Result<>> TeslaAdapter::set_up(Module& m) {
  if (m.is_new_here) {
    const Result<> cleared = co_await clear_own_flags(m);
    if (!cleared) co_return cleared;
  }
  Result<> done = co_await read_limits(m);
  if (done && !m.wrong_limits().empty()) done = co_await write_limits(m);
  if (done) done = co_await keep_house(m);
  if (!done) co_return done;
  m.is_new_here = m.needs_set_up = false;
  co_return Result<>();
}

/// What the reset itself has raised; the rest is for the user to see.
Awaitable<Result<>> TeslaAdapter::clear_own_flags(Module& m) {
  const Result<> done = co_await clear_register(m, reg::kAlerts, kAlertAddress);
  if (!done) co_return done;
  co_return co_await clear_register(m, reg::kFaults, kFaultRestart);
}

Awaitable<Result<>> TeslaAdapter::read_limits(Module& m) {
  const auto read = co_await ring_.read(m.address(), reg::kLimits, kLimits);
  if (!read) co_return read.error();
  m.take_limits(read->view());
  co_return Result<>();
}

/// Success when the chip has all limits as they are wanted, as read back.
Awaitable<Result<>> TeslaAdapter::write_limits(Module& m) {
  for (int i = 0; i < kTries && !m.wrong_limits().empty(); ++i) {
    for (const std::size_t limit : m.wrong_limits()) {
      Result<> done = co_await ring_.write(m.address(), reg::kUnlock, kUnlockWord);
      if (is_fatal(done)) co_return done;
      done = co_await ring_.write(m.address(), kLimitTable[limit].reg, m.wanted_limit(limit));
      if (is_fatal(done)) co_return done;
    }
    const Result<> read = co_await read_limits(m);
    if (is_fatal(read)) co_return read;
  }
  if (m.wrong_limits().empty())
    m.calm("limits");
  else
    m.warn("limits", "the chip does not take its limits");
  co_return Result<>();
}

}  // namespace b2m::tesla_uart

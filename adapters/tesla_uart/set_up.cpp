// SPDX-License-Identifier: MIT
// From an open line to modules that can be read, and back to that when one goes or returns.
#include <algorithm>
#include <charconv>

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
constexpr std::string_view kSure = "sure";

std::string modules_text(int n) { return n == 1 ? "1 module" : fmt::format("{} modules", n); }

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
  for (const auto& m : modules_) m->look_due = clock_.now() + (m->look_pause = kFirstLook);
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
        "order", fmt::format("only {} of {} answered when all were numbered, so it is not clear "
                             "which one is missing, and no value of this ring is shown until all "
                             "answer: power the silent one; or set modules to what is there and "
                             "restart; or give the command rescan to take them as they are wired",
                             modules_text(roll_.count(Seat::doubtful)), roll_.size()));
  if (roll_.parked > 0)
    modules_.front()->warn(
        "parked",
        fmt::format(
            "{} lost the address and {} missing, so it is not "
            "clear which they are: power the others, or give "
            "the command rescan",
            roll_.parked == 1 ? "1 module has" : fmt::format("{} modules have", roll_.parked),
            roll_.absent().size() == 1 ? "1 is" : fmt::format("{} are", roll_.absent().size())));
  if (roll_.is_order_sure) modules_.front()->calm("order");
  if (roll_.parked == 0) modules_.front()->calm("parked");
  if (roll_.has_extra && !std::exchange(is_extra_told_, true))
    modules_.front()->note("module_warning", Severity::warning,
                           fmt::format("the ring {} has more than the {} of the "
                                       "configuration: set modules to what is there",
                                       settings_.id, modules_text(roll_.size())));
  is_extra_told_ = roll_.has_extra;
  keep_roll();
}

void TeslaAdapter::keep_roll() {
  if (!memory_) return;
  const auto text_of = [](int n) { return n > 0 ? std::to_string(n) : std::string(); };
  memory_->keep(settings_.id + "/order",
                roll_.is_order_sure ? std::string(kSure) : text_of(roll_.numbered));
  memory_->keep(settings_.id + "/parked", text_of(roll_.parked));
}

void TeslaAdapter::recall_roll() {
  const auto number_of = [](const std::string& text) {
    int n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return std::clamp(n, 0, kMaxModules);
  };
  const std::string order = memory_->recall(settings_.id + "/order").value_or("");
  roll_.is_order_sure = order == kSure;
  roll_.numbered = number_of(order);
  roll_.parked = number_of(memory_->recall(settings_.id + "/parked").value_or(""));
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
  m.look_due = clock_.now();
  m.look_pause = kFirstLook;
  lost_pause_ = kFirstLook;
  lost_due_ = clock_.now();
}

/// A silent module costs a deadline: of many only as many are asked as the others' rhythm bears.
Awaitable<Result<>> TeslaAdapter::look_for_lost(SteadyTime began) {
  if (roll_.is_complete()) co_return co_await look_for_more();
  Module* lost = next_lost();
  while (lost) {
    Result<> done = co_await look_for(*lost);
    if (done) done = co_await serve(true);
    if (!done) co_return done;
    lost = clock_.now() - began < interval() / 4 ? next_lost() : nullptr;
  }
  if (clock_.now() < lost_due_) co_return Result<>();
  lost_due_ = clock_.now() + lost_pause_;
  lost_pause_ = std::min(lost_pause_ * 2, kLongestPause);
  const Roll before = forget_news();
  const Result<> done = co_await roll_call_.recover(roll_);
  if (!done) co_return done;
  follow_roll(before);
  if (roll_.was_renumbered || !roll_.newly_seated.empty()) settings_due_ = clock_.now();
  if (roll_.count(Seat::present) > before.count(Seat::present)) lost_pause_ = kFirstLook;
  for (const auto& m : modules_) m->post(*inbox_);
  co_return Result<>();
}

/// Who has waited longest for being looked for; null: nobody is due.
Module* TeslaAdapter::next_lost() {
  Module* next = nullptr;
  for (const auto& m : modules_) {
    const bool is_lost = roll_.seats[static_cast<std::size_t>(m->address() - 1)] == Seat::missing;
    if (is_lost && m->look_due <= clock_.now() && (!next || m->look_due < next->look_due))
      next = m.get();
  }
  return next;
}

Awaitable<Result<>> TeslaAdapter::look_for(Module& m) {
  m.look_due = clock_.now() + m.look_pause;
  m.look_pause = std::min(m.look_pause * 2, kLongestPause);
  const auto is_back = co_await roll_call_.answers(m.address(), 1);
  if (!is_back) co_return is_back.error();
  if (!*is_back) co_return Result<>();
  const Roll before = forget_news();
  // Where the order is not sure it may be any of them.
  const Seat found = roll_.is_order_sure ? Seat::present : Seat::doubtful;
  roll_.seats[static_cast<std::size_t>(m.address() - 1)] = found;
  if (!roll_.is_order_sure) lost_due_ = clock_.now();
  follow_roll(before);
  m.post(*inbox_);
  co_return Result<>();
}

/// As it was so far.
Roll TeslaAdapter::forget_news() {
  Roll before = roll_;
  roll_.newly_seated.clear();
  roll_.was_renumbered = false;
  return before;
}

/// A module that was put in behind those of the configuration.
Awaitable<Result<>> TeslaAdapter::look_for_more() {
  if (clock_.now() < lost_due_) co_return Result<>();
  const Roll before = forget_news();
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
      done = co_await ring_.write(m.address(), kLimitTable[limit].reg, *m.limit_wishes.of(limit));
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

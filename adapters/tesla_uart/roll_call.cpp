// SPDX-License-Identifier: MIT
#include "adapters/tesla_uart/roll_call.hpp"

namespace b2m::tesla_uart {
namespace {

using namespace std::chrono_literals;

constexpr int kTries = 3;
constexpr int kLookTries = 3;
constexpr SteadyDuration kAfterReset = 100ms;
constexpr SteadyDuration kAfterAddress = 3ms;
// A counterpart that wants the other form has to forget the torn request first.
constexpr SteadyDuration kForget = 120ms;
constexpr std::uint8_t kAddressMask = 0x3F;

bool is_silence(const Error& error) { return error.code == Errc::timeout; }

}  // namespace

std::vector<int> Roll::absent() const {
  std::vector<int> list;
  for (int i = 0; i < size(); ++i)
    if (seats[static_cast<std::size_t>(i)] != Seat::present) list.push_back(i + 1);
  return list;
}

Awaitable<Result<bool>> RollCall::answers(std::uint8_t address, int tries) {
  for (int i = 0; i < tries; ++i) {
    const auto heard = co_await ring_.read(address, reg::kStatus, 1);
    if (heard) co_return true;
    if (!is_silence(heard.error())) co_return heard.error();
  }
  co_return false;
}

Awaitable<Result<>> RollCall::take(Roll& roll) {
  roll.newly_seated.clear();
  roll.was_renumbered = false;
  Result<> done = co_await find(roll);
  if (done && roll.count(Seat::missing) == roll.size() && may_switch_form_) {
    const auto is_new = co_await answers(kUnaddressed, kLookTries);
    if (!is_new) co_return is_new.error();
    if (!*is_new) {
      done = co_await switch_form();
      if (done) done = co_await find(roll);
    }
  }
  if (!done) co_return done;
  if (roll.count(Seat::missing) == roll.size()) co_return co_await renumber(roll, false);
  if (roll.is_complete()) roll.is_order_sure = true;
  done = co_await check_parked(roll);
  if (done) done = co_await recover(roll);
  if (!done) co_return done;
  co_return co_await look_beyond(roll);
}

Awaitable<Result<>> RollCall::find(Roll& roll) {
  for (int a = 1; a <= roll.size(); ++a)
    if (const Result<> looked = co_await look_at(roll, a); !looked) co_return looked;
  co_return Result<>();
}

/// While modules are read: orders to them are carried out in between.
Awaitable<Result<>> RollCall::find_again(Roll& roll) {
  for (int a = 1; a <= roll.size(); ++a) {
    Result<> done = co_await look_at(roll, a);
    if (done && between_) done = co_await between_();
    if (!done) co_return done;
  }
  co_return Result<>();
}

Awaitable<Result<>> RollCall::look_at(Roll& roll, int address) {
  const auto is_there = co_await answers(static_cast<std::uint8_t>(address), kLookTries);
  if (!is_there) co_return is_there.error();
  Seat& seat = roll.seats[static_cast<std::size_t>(address - 1)];
  if (!*is_there)
    seat = Seat::missing;
  else if (seat == Seat::missing)
    seat = Seat::present;
  co_return Result<>();
}

/// Those that were parked before a restart and still are.
Awaitable<Result<>> RollCall::check_parked(Roll& roll) {
  int parked = 0;
  for (; parked < roll.parked; ++parked) {
    const int address = roll.size() + parked + 1;
    const auto is_there = co_await answers(static_cast<std::uint8_t>(address), kLookTries);
    if (!is_there) co_return is_there.error();
    if (!*is_there) break;
  }
  roll.parked = parked;
  co_return Result<>();
}

Awaitable<Result<>> RollCall::look_beyond(Roll& roll) {
  if (roll.parked > 0 || (!roll.is_complete() && roll.has_extra)) co_return Result<>();
  const auto next = static_cast<std::uint8_t>(roll.size() + 1);
  Result<bool> is_extra = false;
  if (next <= kMaxModules) is_extra = co_await answers(next, 1);
  if (!is_extra) co_return is_extra.error();
  if (!*is_extra && roll.is_complete()) is_extra = co_await answers(kUnaddressed, 1);
  if (!is_extra) co_return is_extra.error();
  roll.has_extra = *is_extra;
  co_return Result<>();
}

/// Who has no address may be one of ours whose reset nobody has noticed yet.
Awaitable<Result<>> RollCall::look_for_more(Roll& roll) {
  const bool was_known = roll.has_extra;
  const Result<> looked = co_await look_beyond(roll);
  if (!looked || was_known || !roll.has_extra) co_return looked;
  const Result<> found = co_await find_again(roll);
  if (!found) co_return found;
  roll.has_extra = roll.is_complete();
  co_return Result<>();
}

Awaitable<Result<>> RollCall::switch_form() {
  const Result<> slept = co_await clock_.sleep_for(kForget);
  if (!slept) co_return slept;
  ring_.use(ring_.form() == RequestForm::three_bytes ? RequestForm::with_crc
                                                     : RequestForm::three_bytes);
  co_return Result<>();
}

/// After a reset nobody has an address; who does not answer either form is not there.
Awaitable<Result<bool>> RollCall::is_anybody_new() {
  const auto first = co_await answers(kUnaddressed, kTries);
  if (!first || *first || !may_switch_form_) co_return first;
  const Result<> switched = co_await switch_form();
  if (!switched) co_return switched.error();
  co_return co_await answers(kUnaddressed, kTries);
}

Awaitable<Result<>> RollCall::renumber(Roll& roll, bool is_wish) {
  roll.newly_seated.clear();
  roll.was_renumbered = true;
  roll.is_order_sure = roll.has_extra = false;
  roll.parked = roll.numbered = 0;
  std::ranges::fill(roll.seats, Seat::missing);
  for (int i = 0; i < kTries; ++i) {
    const Result<> reset = co_await ring_.write_all(reg::kReset, kResetWord);
    if (!reset && !is_silence(reset.error())) co_return reset;
    if (reset) break;
  }
  const Result<> slept = co_await clock_.sleep_for(kAfterReset);
  if (!slept) co_return slept;
  const auto is_anybody = co_await is_anybody_new();
  if (!is_anybody) co_return is_anybody.error();
  if (!*is_anybody) co_return Result<>();
  Result<> done = co_await fill(roll);
  if (done) done = co_await verify(roll);
  if (done) done = co_await look_beyond(roll);
  if (!done) co_return done;
  roll.is_order_sure = is_wish || roll.is_complete();
  if (roll.is_order_sure) co_return Result<>();
  roll.numbered = roll.count(Seat::present);
  std::ranges::replace(roll.seats, Seat::present, Seat::doubtful);
  co_return Result<>();
}

/// One that was reset meanwhile has been given two addresses, and only answers to the second.
Awaitable<Result<>> RollCall::verify(Roll& roll) {
  for (const int address : roll.newly_seated) {
    const auto is_there = co_await answers(static_cast<std::uint8_t>(address), kTries);
    if (!is_there) co_return is_there.error();
    if (!*is_there) roll.seats[static_cast<std::size_t>(address - 1)] = Seat::missing;
  }
  co_return Result<>();
}

/// Seats whoever has no address, in wiring order, until all seats are taken or nobody is left.
Awaitable<Result<>> RollCall::fill(Roll& roll) {
  for (int a = 1; a <= roll.size(); ++a) {
    const auto is_new = co_await answers(kUnaddressed, kTries);
    if (!is_new) co_return is_new.error();
    if (!*is_new) break;
    const auto seated = co_await seat(a);
    if (!seated) co_return seated.error();
    if (!*seated) break;
    roll.seats[static_cast<std::size_t>(a - 1)] = Seat::present;
    roll.newly_seated.push_back(a);
  }
  co_return Result<>();
}

/// The first module in the wiring that has no address gets this one; false when that is not seen to
/// succeed. Never tried again at once: the next one in the wiring might take it as well.
Awaitable<Result<bool>> RollCall::seat(int address) {
  const auto a = static_cast<std::uint8_t>(address);
  const Result<> given = co_await ring_.write(kUnaddressed, reg::kAddress, a | kAddressValid);
  if (!given && !is_silence(given.error())) co_return given.error();
  const Result<> slept = co_await clock_.sleep_for(kAfterAddress);
  if (!slept) co_return slept.error();
  for (int look = 0; look < kTries; ++look) {
    const auto read = co_await ring_.read(a, reg::kAddress, 1);
    if (read) co_return ((*read)[0] & kAddressMask) == a;
    if (!is_silence(read.error())) co_return read.error();
  }
  co_return false;
}

Awaitable<Result<>> RollCall::recover(Roll& roll) {
  roll.newly_seated.clear();
  roll.was_renumbered = false;
  if (roll.absent().empty()) co_return Result<>();
  if (!roll.is_order_sure && !roll.has_extra) co_return co_await recover_doubtful(roll);
  if (roll.parked > 0 && roll.parked == static_cast<int>(roll.absent().size()))
    co_return co_await renumber(roll, false);
  const auto is_new = co_await answers(kUnaddressed, 1);
  if (!is_new) co_return is_new.error();
  if (!*is_new || roll.has_extra) co_return Result<>();
  // The newcomer may be one that still counts as present: nobody noticed its reset yet.
  const Result<> found = co_await find_again(roll);
  if (!found) co_return found;
  roll.has_extra = roll.is_complete();
  if (roll.has_extra) co_return Result<>();
  const std::vector<int> absent = roll.absent();
  if (absent.size() > 1 || roll.parked > 0)
    co_return co_await park(roll, static_cast<int>(absent.size()));
  const auto seated = co_await seat(absent.front());
  if (!seated) co_return seated.error();
  if (!*seated) co_return Result<>();
  roll.newly_seated = absent;
  roll.seats[static_cast<std::size_t>(absent.front() - 1)] = Seat::present;
  co_return Result<>();
}

/// Numbering resets every chip: only when it can change something.
Awaitable<Result<>> RollCall::recover_doubtful(Roll& roll) {
  const int answering = roll.size() - roll.count(Seat::missing);
  if (answering > 0 && answering <= roll.numbered) {
    std::ranges::replace(roll.seats, Seat::present, Seat::doubtful);
    const auto is_new = co_await answers(kUnaddressed, 1);
    if (!is_new) co_return is_new.error();
    if (!*is_new) co_return Result<>();
  }
  co_return co_await renumber(roll, false);
}

/// Several are missing: those without address are counted by giving them addresses behind the last
/// seat. As many as are missing: all are there, and numbering anew tells who is who.
Awaitable<Result<>> RollCall::park(Roll& roll, int wanted) {
  while (roll.parked < wanted && roll.size() + roll.parked < kMaxModules) {
    const auto is_left = co_await answers(kUnaddressed, kTries);
    if (!is_left) co_return is_left.error();
    if (!*is_left) break;
    const auto seated = co_await seat(roll.size() + roll.parked + 1);
    if (!seated) co_return seated.error();
    if (!*seated) co_return Result<>();
    ++roll.parked;
  }
  if (roll.parked == wanted) co_return co_await renumber(roll, false);
  co_return Result<>();
}

}  // namespace b2m::tesla_uart

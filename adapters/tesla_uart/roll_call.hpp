// SPDX-License-Identifier: MIT
// Who is on the ring: finds modules by the addresses that they have, and gives addresses in wiring
// order only where that cannot mistake one module for another. docs/protocols/tesla-uart.md 6.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "adapters/tesla_uart/ring.hpp"

namespace b2m::tesla_uart {

enum class Seat {
  missing,
  present,
  doubtful,  // answers, but not all did when the addresses were given: it may be another one
};

struct Roll {
  explicit Roll(int modules) : seats(static_cast<std::size_t>(modules), Seat::missing) {}

  std::vector<Seat> seats;     // [address - 1]
  bool is_order_sure = false;  // all had been there when addresses were given, or the user said so
  bool has_extra = false;      // more modules than configured
  int parked = 0;              // with an address behind the last seat: not clear who they are
  int numbered = 0;            // answered when all were numbered last and some were missing
  std::vector<int> newly_seated;  // addresses given just now
  bool was_renumbered = false;    // just now, all of them

  [[nodiscard]] int count(Seat seat) const {
    return static_cast<int>(std::ranges::count(seats, seat));
  }
  [[nodiscard]] bool is_complete() const { return count(Seat::present) == size(); }
  [[nodiscard]] int size() const { return static_cast<int>(seats.size()); }
  [[nodiscard]] std::vector<int> absent() const;  // addresses that are not present
};

class RollCall {
 public:
  RollCall(Ring& ring, Clock& clock, bool may_switch_form)
      : ring_(ring), clock_(clock), may_switch_form_(may_switch_form) {}

  /// Looks everywhere, and resets only when nobody has an address.
  Awaitable<Result<>> take(Roll& roll);
  /// Resets everybody and gives addresses in wiring order. With fewer than all it is not clear who
  /// is who: doubtful, unless it is the user's wish.
  Awaitable<Result<>> renumber(Roll& roll, bool is_wish);
  /// Called between two questions of a search that others would wait for.
  void set_between(std::function<Awaitable<Result<>>()> between) { between_ = std::move(between); }
  /// A module that has lost its address gets it back where it is clear which one it is.
  Awaitable<Result<>> recover(Roll& roll);
  /// Whether there are more than those of a complete roll.
  Awaitable<Result<>> look_for_more(Roll& roll);
  /// False when there is no answer.
  Awaitable<Result<bool>> answers(std::uint8_t address, int tries);

 private:
  Awaitable<Result<>> find(Roll& roll);
  Awaitable<Result<>> find_again(Roll& roll);
  Awaitable<Result<>> look_at(Roll& roll, int address);
  Awaitable<Result<>> check_parked(Roll& roll);
  Awaitable<Result<>> recover_doubtful(Roll& roll);
  Awaitable<Result<>> verify(Roll& roll);
  Awaitable<Result<>> look_beyond(Roll& roll);
  Awaitable<Result<bool>> is_anybody_new();
  Awaitable<Result<bool>> seat(int address);
  Awaitable<Result<>> fill(Roll& roll);
  Awaitable<Result<>> park(Roll& roll, int wanted);
  Awaitable<Result<>> switch_form();

  Ring& ring_;
  Clock& clock_;
  bool may_switch_form_;
  std::function<Awaitable<Result<>>()> between_;
};

}  // namespace b2m::tesla_uart

// SPDX-License-Identifier: MIT
// Who is on the ring: finds modules by the addresses that they have, and gives addresses in wiring
// order only where that cannot mistake one module for another. docs/protocols/tesla-uart.md 6.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "adapters/tesla_uart/ring.hpp"

namespace b2m::tesla_uart {

enum class Seat {
  missing,
  present,
  doubtful,  // answers, but may be another module than the one this address belongs to
};

struct Roll {
  explicit Roll(int modules) : seats(static_cast<std::size_t>(modules), Seat::missing) {}

  std::vector<Seat> seats;        // [address - 1]
  bool is_order_sure = false;     // all modules had been there when the addresses were given
  bool has_extra = false;         // more modules than configured
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
  /// Resets everybody and gives addresses in wiring order.
  Awaitable<Result<>> renumber(Roll& roll);
  /// A module that has lost its address gets it back where it is clear which one it is.
  Awaitable<Result<>> recover(Roll& roll);
  /// False when there is no answer.
  Awaitable<Result<bool>> answers(std::uint8_t address, int tries);

 private:
  Awaitable<Result<>> find(Roll& roll);
  Awaitable<Result<>> look_beyond(Roll& roll);
  Awaitable<Result<bool>> is_anybody_new();
  Awaitable<Result<bool>> seat(int address);
  Awaitable<Result<>> fill(Roll& roll);
  Awaitable<Result<>> switch_form();

  Ring& ring_;
  Clock& clock_;
  bool may_switch_form_;
};

}  // namespace b2m::tesla_uart

// SPDX-License-Identifier: MIT
// Whether the readings of a module are new ones. "Data ready" alone does not tell: a chip that no
// longer converts may keep it up. Pure: time comes in. docs/protocols/tesla-uart.md 7.
#pragma once

#include <optional>

#include "adapters/tesla_uart/measurement.hpp"
#include "gateway/units.hpp"

namespace b2m::tesla_uart {

/// What a test of the module has shown.
enum class Proof {
  lives,    // a conversion that was started just now has changed something
  stands,   // it must have, and has not
  unclear,  // the test itself failed, or the module has nothing to test it by
};

class Freshness {
 public:
  void take(const RawReading& raw);
  void take(Proof proof, SteadyTime now);
  /// Something is known to have begun anew.
  void forget() { *this = {}; }

  /// The same values for so long that the module should be tested.
  [[nodiscard]] bool is_test_due(SteadyTime now) const;
  [[nodiscard]] bool is_same(const RawReading& raw) const { return last_ == raw; }
  /// What it says is old.
  [[nodiscard]] bool is_frozen() const { return is_frozen_; }

 private:
  std::optional<RawReading> last_;
  int same_ = 0;    // readings in a row
  int stands_ = 0;  // proofs in a row
  bool is_frozen_ = false;
  SteadyTime due_{};
  std::optional<SteadyTime> unclear_since_;
};

}  // namespace b2m::tesla_uart

// SPDX-License-Identifier: MIT
// Recorded charges, interpolated and with noise as a plug's meter has it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/charge_rig.hpp"

namespace b2m::test {

struct ChargeCurve {
  std::string name;
  std::vector<double> seconds, watts;

  [[nodiscard]] double at(double s) const;
  [[nodiscard]] double peak_at_s() const;
  [[nodiscard]] double end_s() const { return seconds.back(); }
  /// The first time below so many watts, for good; behind the end if never.
  [[nodiscard]] double falls_below_s(double w) const;
};

/// Empty where the data are absent.
ChargeCurve recorded_curve(const std::string& name);
/// Sigma 0.3 W and one sample in a hundred with a spike of up to 5 W. The last value goes on for
/// ever.
Load noisy(const ChargeCurve& curve, std::uint64_t seed);

}  // namespace b2m::test

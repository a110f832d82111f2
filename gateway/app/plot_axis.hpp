// SPDX-License-Identifier: MIT
// Range and round ticks of an axis.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "gateway/app/plot.hpp"

namespace b2m::app {

struct Range {
  double low = 0, high = 1;
  [[nodiscard]] double part(double value) const { return (value - low) / (high - low); }
};

struct Axis {
  Range range;
  std::vector<double> ticks;
  int decimals = 0;
  [[nodiscard]] std::string text(double tick) const;
};

/// Of all finite values; never empty.
Range range_of(std::span<const Curve> curves, std::vector<double> Curve::*values);
/// About `wanted` ticks at 1, 2 or 5 times a power of ten; the range grows to whole ticks when
/// `is_rounded`.
Axis make_axis(Range range, int wanted, bool is_rounded);

/// At most four points for each of `columns` of the range: first, lowest, highest, last.
Curve thinned(const Curve& curve, Range x, int columns);

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
// From the units that people write into DBC files to the units of our points.
#pragma once

#include <string_view>

#include "gateway/result.hpp"

namespace b2m::can {

struct Conversion {
  double scale = 1, offset = 0;
};

/// How a number in DBC unit `from` becomes one in point unit `to`; the error says how to mend.
Result<Conversion> convert_unit(std::string_view from, std::string_view to);

/// Digits behind the point that steps of this size need; -1 when no few digits express it.
int decimals_of(double step);

}  // namespace b2m::can

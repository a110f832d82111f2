// SPDX-License-Identifier: MIT
#include "adapters/tesla_uart/bleeder.hpp"

#include <algorithm>

#include "adapters/tesla_uart/chip_limits.hpp"

namespace b2m::tesla_uart {
namespace {

constexpr SteadyDuration kShortest = std::chrono::seconds(1);

}  // namespace

std::uint8_t Bleeder::mask(SteadyTime now) const {
  unsigned bits = 0;
  for (std::size_t i = 0; i < until_.size(); ++i)
    if (until_[i] && *until_[i] - now >= kShortest) bits |= 1U << i;
  return static_cast<std::uint8_t>(bits);
}

std::uint8_t Bleeder::time(SteadyTime now, double longest_s) const {
  double left_s = longest_s;
  for (const auto& until : until_)
    if (until && *until - now >= kShortest) left_s = std::min(left_s, to_seconds(*until - now));
  return encode_bleed_time(left_s).value_or(0);
}

}  // namespace b2m::tesla_uart

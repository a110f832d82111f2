// SPDX-License-Identifier: MIT
// Drive cycles as text: never a crash, and what comes out can be run.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/sim/cell/experiment.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto cycle = b2m::sim::parse_cycle(text, size % 2 == 1);
  if (!cycle) {
    if (cycle.error().detail.empty()) std::abort();
    return 0;
  }
  const auto& times = cycle->time_s;
  if (times.size() < 2 || times.size() != cycle->current_a.size() || times.front() != 0)
    std::abort();
  for (std::size_t i = 0; i < times.size(); ++i)
    if (!std::isfinite(times[i]) || !std::isfinite(cycle->current_a[i]) ||
        (i > 0 && !(times[i] > times[i - 1])))
      std::abort();
  return 0;
}

// SPDX-License-Identifier: MIT
// Experiments as users write them: never a crash, and nothing but finite numbers comes out.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/sim/cell/experiment.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto experiment = b2m::sim::parse_experiment(text, 5);
  if (!experiment) {
    if (experiment.error().detail.empty()) std::abort();
    return 0;
  }
  if (experiment->steps.empty() || experiment->steps.size() > 10'000) std::abort();
  for (const auto& step : experiment->steps) {
    const bool has_end = step.duration_s || step.until_v || step.until_a;
    if (!has_end || !std::isfinite(step.value)) std::abort();
    if (!std::isfinite(step.duration_s.value_or(1) + step.until_v.value_or(1) +
                       step.until_a.value_or(1)))
      std::abort();
  }
  return 0;
}

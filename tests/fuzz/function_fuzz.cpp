// SPDX-License-Identifier: MIT
// Any bytes as a formula: refused with words, or a function that gives one point as it gives many.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/sim/cell/function.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using b2m::sim::Function;
  const auto function = Function::parse({reinterpret_cast<const char*>(data), size});
  if (!function) {
    if (function.error().detail.empty()) __builtin_trap();
    return 0;
  }
  std::array<double, 70> x{}, y{}, slope{};
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i) / 30 - 1;
  function->evaluate(x, y, slope);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double alone = (*function)(x[i]);
    if (alone != y[i] && !(std::isnan(alone) && std::isnan(y[i]))) __builtin_trap();
  }
  return 0;
}

// SPDX-License-Identifier: MIT
// Any bytes as a file of cell parameters, TOML, JSON or BPX: refused, or a set that holds charge.
#include <cstddef>
#include <cstdint>
#include <string>

#include "config/cell_sets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace b2m;
  constexpr std::size_t kLargest = 64 * 1024;  // larger ones only cost time
  if (size > kLargest) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto read = config::read_cell_set_text(text, "fuzz", "fuzz");
  if (read.set.has_value() == !read.mistakes.empty()) __builtin_trap();
  for (const config::Mistake& mistake : read.mistakes)
    if (mistake.what.empty()) __builtin_trap();
  if (!read.set) return 0;
  const auto limits = sim::find_limits(*read.set);
  if (!limits || !(limits->capacity_ah > 0)) __builtin_trap();
  return 0;
}

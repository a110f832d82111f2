// SPDX-License-Identifier: MIT
// Any bytes as a simulation request: refused with a reason, or one that another machine reads as
// well.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/support/simulation_requests.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace b2m;
  constexpr std::size_t kLargest = 64 * 1024;  // larger ones only cost time
  if (size > kLargest) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  app::RequestLimits limits;
  limits.max_nodes = 20;  // building a mesh is not what is looked at
  limits.max_shells = 20;
  const auto parsed = app::parse_request(text, testing::request_sources(), limits);
  if (parsed.request.has_value() == !parsed.error.text.empty()) __builtin_trap();
  if (!parsed.request) return 0;
  const auto again = app::parse_self_contained(parsed.request->self_contained, limits);
  if (!again.request || again.request->id_json != parsed.request->id_json) __builtin_trap();
  return 0;
}

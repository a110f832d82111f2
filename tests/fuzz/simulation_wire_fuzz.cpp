// SPDX-License-Identifier: MIT
// Messages between gateway and workers: any bytes at all are a message or an error, and what was
// understood can be said again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/app/simulation/wire_result.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace b2m::app;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto order = wire::parse_order(text); order && !wire::parse_order(wire::encode(*order)))
    std::abort();
  (void)wire::parse_cancel(text);
  (void)wire::parse_presence(text);
  auto answer = wire::parse_answer(text);
  if (!answer) return 0;
  if (!wire::parse_answer(wire::encode(*answer))) std::abort();
  if (auto* part = std::get_if<wire::ResultPart>(&answer->said)) {
    wire::ResultAssembly assembly;
    (void)assembly.add(*part);
    (void)assembly.add(*part);
  }
  return 0;
}

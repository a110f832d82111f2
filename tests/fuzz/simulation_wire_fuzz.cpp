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
  if (const auto order = simulation_wire::parse_order(text);
      order && !simulation_wire::parse_order(simulation_wire::encode(*order)))
    std::abort();
  (void)simulation_wire::parse_cancel(text);
  (void)simulation_wire::parse_presence(text);
  auto answer = simulation_wire::parse_answer(text);
  if (!answer) return 0;
  if (!simulation_wire::parse_answer(simulation_wire::encode(*answer))) std::abort();
  if (auto* part = std::get_if<simulation_wire::ResultPart>(&answer->said)) {
    simulation_wire::ResultAssembly assembly;
    (void)assembly.add(*part);
    (void)assembly.add(*part);
  }
  return 0;
}

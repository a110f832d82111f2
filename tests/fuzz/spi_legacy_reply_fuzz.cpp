// SPDX-License-Identifier: MIT
// Any bytes as readings of a legacy node, one after the other: a value is always one that the node
// has said in good order, and there is none before three of them.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "adapters/spi_nodes/legacy.hpp"

namespace {

using namespace b2m;
using namespace b2m::spi_nodes;

void demand(bool claim) {
  if (!claim) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  Bytes input(bytes, size);
  (void)parse_legacy(input);
  LegacyFilter filter;
  std::vector<double> said;
  for (; input.size() >= kLegacyBytes; input = input.subspan(kLegacyBytes)) {
    const LegacyReading reading = parse_legacy(input.first(kLegacyBytes));
    if (!reading.is_good()) continue;
    demand(reading.centivolts >= 1 && reading.centivolts <= kLegacyMost_cv);
    filter.take(reading.volts());
    said.push_back(reading.volts().value);
    const auto value = filter.value();
    if (!value) continue;
    demand(said.size() >= 3);
    demand(std::ranges::find(said, value->value) != said.end());
  }
  return 0;
}

// SPDX-License-Identifier: MIT
// A table of results in parts that fit into messages.
#pragma once

#include <string>

#include "gateway/app/simulation/request.hpp"

namespace b2m::app {

struct PartSize {
  std::size_t rows = 1000;
  std::size_t bytes = 200'000;
};

/// Every part but the last has so many rows.
std::size_t rows_in_part(const sim::SimulationTable& table, PartSize size = {});
/// One at least.
std::size_t count_parts(const sim::SimulationTable& table, PartSize size = {});
/// `"columns":[…],"rows":[[…],…]` or `"csv":"…"`, without braces; parts count from 1. The heading
/// of CSV stands in the first part. Unknown is null, in CSV nothing.
std::string part_fields(const sim::SimulationTable& table, std::size_t part, ResultFormat format,
                        PartSize size = {});

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
// What the original service's clients read: its rows, its answers and its call-backs as JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/app/simulation/service.hpp"

namespace b2m::app {

/// [{"time": s, "voltage": V, "current": A, "dcap": Ah}]; of `all`, others follow under
/// their own names.
enum class Columns { original, all };
/// Errc::out_of_range where they have more than `most_bytes`.
Result<std::string> original_rows(const sim::SimulationTable& table, Columns columns,
                                  std::size_t most_bytes);

/// Why a job that is over has no result in the original's sense; empty: it has. The original
/// failed, too, where a run ends by depletion.
std::string failure_of(const JobStatus& status);

/// {"jobStarted": true, "simulationType": "cell", "simulationResults": [...]}
std::string started_answer(std::string_view simulation_type, std::string rows);
/// {"jobStarted": false, ..., "simulationResults": null, "reason": "..."}; no type: null.
std::string failed_answer(std::string_view simulation_type, std::string_view reason);
/// Of a job by its number: the answer, and its state besides.
std::string number_answer(const JobStatus& status, std::string rows);
/// {"id": 7, "status": "done", ..., "result": [...]}
std::string callback_body(const JobStatus& status, std::string rows);

/// A request of the original's form, read no further than that. As there, what is not known is
/// left out, and so is `id`, which nobody looks at: a number that comes again is another job.
struct OriginalRequest {
  std::string json;     // of parse_request()
  std::string problem;  // instead
};
OriginalRequest original_request(std::string_view body, std::string_view simulation_type);
/// A request of either form with the caller's id replaced by this number; empty: not JSON.
std::string numbered_request(std::string_view body, std::int64_t number, std::string& callback_url);

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
// A simulation as somebody asks for it in JSON, checked before it is queued: the form of the
// original service (simulationType, time, upperVoltage ...) and the richer one.
// docs/simulation-jobs.md documents both.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/sim/cell/simulation.hpp"

namespace b2m::app {

enum class ResultFormat { json, csv };

/// Ready to run.
struct SimulationRequest {
  std::string id;               // the caller's, or empty
  std::string id_json;          // as the caller wrote it (a number stays a number); empty: none
  std::string simulation_type;  // "cell" or "driveCycle" of the original form
  sim::SimulationInput input;
  int priority = 0;          // higher goes first; -10 to 10
  double time_limit_s = 0;   // of calculation; 0: the service's own
  std::string callback_url;  // told when it ends; empty: nobody
  ResultFormat format = ResultFormat::json;
  /// The request again with everything named put in (a parameter set by name becomes the set
  /// itself), so that another machine can run it with nothing else.
  std::string self_contained;
};

struct RequestLimits {
  std::size_t max_bytes = 2'000'000;        // as it is sent
  std::size_t max_whole_bytes = 3'000'000;  // self-contained: with everything named put in
  std::int64_t max_rows = 200'000;
  double max_time_s = 366 * 86400.0;  // simulated
  double max_c_rate = 20;
  int max_steps = 1000;  // of the experiment, repeats counted
  int max_nodes = 200, max_shells = 400;
  double max_time_limit_s = 600;
};

/// Where parameter sets and cycles named in a request come from; the error says which names there
/// are. Names only: a request cannot read a file by its path.
struct RequestSources {
  std::function<Result<std::string>(std::string_view name)> set_text;   // TOML or BPX JSON
  std::function<Result<std::string>(std::string_view name)> cycle_csv;  // "us06"
  std::string drive_cycle = "us06";  // the name of the original form's cycle
};

/// What is wrong, with the field at fault: {"field": "lowerVoltage", "error": "..."}.
struct RequestError {
  std::string field;
  std::string text;
};

struct ParsedRequest {
  std::optional<SimulationRequest> request;
  RequestError error;              // where there is no request
  std::string id_json;             // as the caller wrote it, also where there is no request
  std::vector<std::string> notes;  // what a BPX set has and is not used
};
ParsedRequest parse_request(std::string_view json, const RequestSources& sources,
                            const RequestLimits& limits);
/// From another gateway or from the store: with the same checks, without sources; those of
/// sim::check() are left to sim::run(), which makes them anyhow, and the bound of the time limit to
/// whoever took the request.
ParsedRequest parse_self_contained(std::string_view json, const RequestLimits& limits);

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
// Results of `battery2mqtt simulate` as text and as a drawing.
#pragma once

#include <span>
#include <string>

#include "gateway/app/plot.hpp"
#include "gateway/app/simulate_options.hpp"

namespace b2m::app {

struct FinishedRun {
  const SimulateRun& run;
  sim::SimulationOutput output;
};

/// One table; of several runs with the run's name in front.
std::string simulate_csv(std::span<const FinishedRun> runs);
/// {"runs":[{"name","model","parameters","end":{...},"columns","rows"}]}
std::string simulate_json(std::span<const FinishedRun> runs);
/// Voltage, current and, where it changes, temperature over time.
Figure simulate_figure(std::span<const FinishedRun> runs);

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
// What is done with the cell: experiment strings, lists and objects of a request as steps.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "gateway/app/simulation/request_fields.hpp"

namespace b2m::app {

using NamedCycles = std::map<std::string, std::shared_ptr<const sim::DriveCycle>, std::less<>>;

struct StepRules {
  double nominal_ah = 0;
  double highest_a = 0;  // whatever its sign
  double highest_w = 0;
  int most_steps = 0;
  bool is_charge_positive = false;  // of cycles
  NamedCycles cycles{};             // that steps may name
};

/// Of `experiment`; false with the place in the list that is wrong.
bool read_experiment(const config::Node& node, const StepRules& rules, sim::Experiment& out,
                     Refusal& refusal);
/// Of a cycle's arrays, or of a name among the rules' cycles.
bool read_cycle_step(const config::Node& cycle, const std::string& field, const StepRules& rules,
                     sim::ExperimentStep& out, Refusal& refusal);
/// Within the currents and powers that are allowed.
bool check_step(const sim::ExperimentStep& step, const std::string& field, const StepRules& rules,
                Refusal& refusal);

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
// What is done with the cell: experiment strings, lists and objects of a request as steps.
#pragma once

#include "gateway/app/simulation/request_fields.hpp"

namespace b2m::app {

struct StepRules {
  double nominal_ah = 0;
  double highest_a = 0;  // whatever its sign
  double highest_w = 0;
  int most_steps = 0;
  bool is_charge_positive = false;  // of cycles
};

/// Of `experiment`; false with the place in the list that is wrong.
bool read_experiment(const config::Node& node, const StepRules& rules, sim::Experiment& out,
                     Refusal& refusal);
/// Of a cycle's arrays.
bool read_cycle_step(const config::Node& cycle, const std::string& field, const StepRules& rules,
                     sim::ExperimentStep& out, Refusal& refusal);
/// Within the currents and powers that are allowed.
bool check_step(const sim::ExperimentStep& step, const std::string& field, const StepRules& rules,
                Refusal& refusal);

}  // namespace b2m::app

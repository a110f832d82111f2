// SPDX-License-Identifier: MIT
// From the fields of a request to the input of a run.
#pragma once

#include "gateway/app/simulation/request_fields.hpp"

namespace b2m::app {

/// The wish names nothing any more; false with the field at fault. What sim::check() looks at is
/// left to check_physics().
bool build_request(const Wish& wish, const RequestLimits& limits, SimulationRequest& request,
                   Refusal& refusal);
/// Whether the cell can do it: sim::check() in the caller's words.
bool check_physics(const Wish& wish, const sim::SimulationInput& input, Refusal& refusal);

}  // namespace b2m::app

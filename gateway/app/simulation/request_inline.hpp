// SPDX-License-Identifier: MIT
// Puts what a request names into the request: parameter sets and drive cycles.
#pragma once

#include "config/node.hpp"
#include "gateway/app/simulation/request_fields.hpp"

namespace b2m::app {

/// False, with the field at fault, where a name is not known or its file is wrong. `notes`: what of
/// a set is not used. A cycle in the steps keeps its name and stands once in the table "cycles",
/// however often it is named.
bool inline_names(config::Node& tree, const RequestSources& sources, const RequestLimits& limits,
                  std::vector<std::string>& notes, Refusal& refusal);
/// "what; hint" of the first mistake, and how many there are.
std::string first_of(const config::Mistakes& mistakes);

}  // namespace b2m::app

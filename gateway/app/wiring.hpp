// SPDX-License-Identifier: MIT
// From a configuration to the things that run: adapters, site, limits. The only place that
// constructs concrete adapters.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "config/config.hpp"
#include "gateway/app/simulation/job.hpp"
#include "gateway/rules/balance_plan.hpp"
#include "gateway/rules/charge_types.hpp"
#include "gateway/rules/limits.hpp"

namespace b2m::app {

struct Wired {
  struct Named {
    std::string id;
    std::string kind;
    std::unique_ptr<Adapter> adapter;
  };
  std::vector<Named> adapters;
  std::unique_ptr<Site> site;
  rules::LimitsOf limits;
  rules::BalancePlans balancing;
  std::vector<rules::ChargerSettings> chargers;
  std::vector<rules::Circuit> circuits;
  std::vector<std::unique_ptr<JobPlace>> places;  // besides the threads of this machine
};

/// Errors hold one line per mistake, each as the configuration's own. `resources` and its point
/// table must outlive what is returned.
Result<Wired> wire(const config::Config& config, Resources& resources);

}  // namespace b2m::app

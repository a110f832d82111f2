// SPDX-License-Identifier: MIT
// The machines behind the broker as the configuration has them.
#pragma once

#include <memory>

#include "config/config.hpp"
#include "gateway/app/simulation/job.hpp"
#include "gateway/mqtt/link.hpp"

namespace b2m::app {

/// `link`: of the gateway's own connection. Null where no remote workers are wanted.
std::unique_ptr<JobPlace> make_remote_workers(const config::Config& config,
                                              const mqtt::LinkSettings& link, Executor executor,
                                              Clock& clock);

}  // namespace b2m::app

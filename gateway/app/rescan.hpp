// SPDX-License-Identifier: MIT
// bridge/request/rescan: adapters look for their hardware again, and the answer waits for the last
// of them.
#pragma once

#include <string>

#include "gateway/app/command_router.hpp"
#include "gateway/app/supervisor.hpp"

namespace b2m::app {

/// `payload`: {} for all adapters that have something to enumerate, or {"adapter":"ring1"}.
Answer rescan(Supervisor& supervisor, const std::string& payload);

}  // namespace b2m::app

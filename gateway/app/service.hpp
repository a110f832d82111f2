// SPDX-License-Identifier: MIT
// What systemd wants to know: ready, stopping, still alive.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/units.hpp"

namespace b2m::app {

void tell_service_manager(std::string_view state);  // "READY=1"
/// Half of WatchdogSec; empty when there is no watchdog.
std::optional<SteadyDuration> watchdog_interval();
/// Memory that a burst of work has left behind goes back to the system.
void give_back_memory();

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
#include "gateway/app/service.hpp"

#include <cstdint>
#include <string>

#include <systemd/sd-daemon.h>

namespace b2m::app {

void tell_service_manager(std::string_view state) {
  sd_notify(0, std::string(state).c_str());  // without systemd there is nobody to tell
}

std::optional<SteadyDuration> watchdog_interval() {
  std::uint64_t timeout_us = 0;
  if (sd_watchdog_enabled(0, &timeout_us) <= 0) return std::nullopt;
  return std::chrono::microseconds(timeout_us / 2);
}

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
// Everything that bridge/event and the event entities of Home Assistant can say. Home Assistant
// drops an event whose type was not announced, so a new type starts here.
#pragma once

#include <algorithm>
#include <string_view>

namespace b2m {

struct EventType {
  std::string_view name;
  std::string_view help;
};

// clang-format off
inline constexpr EventType kEventTypes[] = {
  {"alarm_raised",            "An alarm has become active."},
  {"alarm_cleared",           "An alarm is over."},
  {"command_failed",          "A command was refused or the device did not follow; the message says why."},
  {"bms_error",               "The BMS has reported an error."},
  {"charging_stopped",        "The gateway has switched charging off by itself."},
  {"balancing_started",       "A balancing run has begun."},
  {"balancing_ended",         "A balancing run or a bleed has ended; the message says why."},
  {"charge_session_finished", "A charge has ended."},
  {"charge_state",            "A charger has entered another state; the message says why."},
  {"charge_warning",          "Something about a charge is worth a look; it goes on."},
  {"charge_report",           "The charges of yesterday, or of the last seven days."},
  {"mail_failed",             "A report could not be sent by e-mail."},
  {"fault_raised",            "A protection has tripped or a device reports a fault."},
  {"fault_cleared",           "A fault is over."},
  {"device_found",            "A device has answered for the first time, or again."},
  {"device_lost",             "A device no longer answers."},
  {"plug_warning",            "Something about a plug needs the user: a name that fits two, a wrong password, a schedule of its own."},
  {"plug_restarted",          "A plug was off or without power for a moment; its timer may be gone."},
  {"module_warning",          "Something about a module or node needs the user: one too many, a wrong place, a sensor that is open."},
  {"module_restarted",        "A module or node was without power for a moment and has been set up again."},
  {"calibrated",              "The calibration of a node was changed; the message says from what to what."},
  {"adapter_failed",          "The line to a device or bus has failed; it is tried again."},
  {"adapter_recovered",       "The line works again."},
  {"bus_off",                 "A CAN controller has taken itself off its bus."},
  {"bus_recovered",           "The CAN bus works again."},
  {"discovery_deleted",       "Somebody deleted the discovery message of a device, as Home Assistant does when one entity is deleted."},
  {"discovery_foreign",       "Somebody else writes to the discovery topic of one of our devices."},
};
// clang-format on

constexpr bool is_event_type(std::string_view name) {
  return std::ranges::any_of(kEventTypes, [&](const EventType& t) { return t.name == name; });
}

}  // namespace b2m

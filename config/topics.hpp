// SPDX-License-Identifier: MIT
// What MQTT and Home Assistant allow as names, and the rules between the keys of [mqtt].
#pragma once

#include "config/config.hpp"
#include "config/schema.hpp"

namespace b2m::config {

Rule gateway_id();
Rule device_id();
Rule client_id();
/// A topic to publish on, without wildcards.
Rule topic();
void check_mqtt(const Mqtt& mqtt, Complaints& complaints);

}  // namespace b2m::config

// SPDX-License-Identifier: MIT
// bridge/devices: every device and its entities, for consumers that do not read Home Assistant's
// discovery.
#pragma once

#include <string>

#include "discovery/topics.hpp"
#include "gateway/model/site.hpp"

namespace b2m::discovery {

/// JSON array of devices; the words are those of Zigbee2MQTT's `exposes`.
std::string devices_json(const Site& site, const Topics& topics);

}  // namespace b2m::discovery

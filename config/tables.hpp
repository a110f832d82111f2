// SPDX-License-Identifier: MIT
// The tables that are no adapter's.
#pragma once

#include "config/config.hpp"
#include "config/schema.hpp"

namespace b2m::config {

const Schema<Gateway>& gateway_schema();
const Schema<Mqtt>& mqtt_schema();
const Schema<HomeAssistant>& homeassistant_schema();
const Schema<ControlRules>& control_schema();
const Schema<Pack>& pack_schema();
const Schema<Mail>& mail_schema();
const Schema<Simulation>& simulation_schema();
const Schema<ChargingProfile>& charging_profile_schema();
const Schema<Circuit>& circuit_schema();
const Schema<Charger>& charger_schema();
const Schema<Chemistry>& chemistry_schema();               // a file of its own
const Schema<ChargingProfile>& shipped_charging_schema();  // likewise

}  // namespace b2m::config

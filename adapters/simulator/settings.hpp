// SPDX-License-Identifier: MIT
// What [[simulator]] of the configuration says. The defaults stand here and in VirtualBattery.
#pragma once

#include <string>

#include "config/schema.hpp"
#include "config/virtual_battery.hpp"

namespace b2m::simulator {

/// `cells` is that of a module here.
struct SimulatorSettings : config::VirtualBattery {
  std::string id;
  int modules = 1;
  double interval_s = 1;
  double speed = 1;
  double bleed_ohm = 33;
  int seed = 1;
  bool contactor_open = false;  // at the start
  config::Place place;

  [[nodiscard]] int all_cells() const { return modules * cells; }
};

const config::TableSchema& simulator_schema();

}  // namespace b2m::simulator

// SPDX-License-Identifier: MIT
// What users may set on a device besides charging and bleeding: relay of a plug without a charger,
// LED, alias, reboot; limits, flags and calibration of modules and nodes; a simulated contactor.
// Each command is carried out once; nobody holds such an output afterwards, so that the button on a
// plug stays the user's.
#pragma once

#include <vector>

#include "gateway/rules/rule.hpp"

namespace b2m::rules {

class DeviceCommands final : public Rule {
 public:
  explicit DeviceCommands(const Site& site);
  void step(const Input& in, Decision& out) override;

 private:
  const Site& site_;
  std::vector<bool> is_ours_;  // [slot]
};

}  // namespace b2m::rules

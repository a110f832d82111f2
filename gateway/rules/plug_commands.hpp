// SPDX-License-Identifier: MIT
// What users may do to plugs besides charging: relay of a plug without a charger, LED, alias,
// reboot. Each command is carried out once; nobody holds such a relay afterwards, so that the
// button on the plug stays the user's.
#pragma once

#include <vector>

#include "gateway/rules/rule.hpp"

namespace b2m::rules {

class PlugCommands final : public Rule {
 public:
  explicit PlugCommands(const Site& site);
  void step(const Input& in, Decision& out) override;

 private:
  const Site& site_;
  std::vector<bool> is_ours_;  // [slot]
};

}  // namespace b2m::rules

// SPDX-License-Identifier: MIT
// Is anything of a device still fresh? Gives `connected` and says so when a device is lost or
// found.
#pragma once

#include <vector>

#include "gateway/rules/rule.hpp"

namespace b2m::rules {

class Presence final : public Rule {
 public:
  explicit Presence(const Site& site);
  void step(const Input& in, Decision& out) override;

 private:
  struct Watched {
    DeviceId id;
    Slot connected = kNoSlot;
    std::vector<Slot> measured;  // values that age, of the device and (for a pack) its modules
    bool is_present = false;
    bool was_present = false;  // at any time
  };
  std::vector<Watched> devices_;
};

}  // namespace b2m::rules

// SPDX-License-Identifier: MIT
// What protects a charge inside a device of the newer command set: the countdown, which is renewed,
// and auto-off, which starts anew at every switch-on (docs/protocols/kasa.md, 4).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "adapters/kasa/guard.hpp"
#include "adapters/kasa/smart_session.hpp"

namespace b2m::kasa {

class SmartGuard {
 public:
  SmartGuard(SmartSession& session, int last_resort_min)
      : session_(session), last_resort_min_(last_resort_min) {}

  /// The countdown; auto-off where the device has no countdown.
  Awaitable<Result<GuardState>> arm(std::string child_id, smart::Components components,
                                    double seconds, SteadyTime deadline);
  Awaitable<Result<GuardState>> read(std::string child_id, smart::Components components,
                                     SteadyTime deadline);
  /// Auto-off stays.
  Awaitable<Result<>> disarm(std::string child_id, smart::Components components,
                             SteadyTime deadline);
  Awaitable<Result<std::vector<std::string>>> worries(std::string child_id,
                                                      smart::Components components,
                                                      SteadyTime deadline);
  /// Another device answers from now on.
  void forget();

 private:
  Awaitable<Result<GuardState>> arm_auto_off(std::string child_id, double seconds,
                                             SteadyTime deadline);
  Awaitable<Result<GuardState>> read_auto_off(std::string child_id, SteadyTime deadline);
  Awaitable<std::string> set_last_resort(std::string child_id, SteadyTime deadline);

  SmartSession& session_;
  int last_resort_min_;
  std::set<std::string> has_last_resort_;                  // child ids that were seen to have it
  std::map<std::string, std::optional<OwnTimer>> timers_;  // by child id
};

}  // namespace b2m::kasa

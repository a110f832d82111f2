// SPDX-License-Identifier: MIT
// What the tests of the charge session begin with: a plug, a charger, and a charge under way.
#pragma once

#include <gtest/gtest.h>

#include "tests/support/charge_rig.hpp"

namespace b2m::test {

inline constexpr double kHour = 3600;

class ChargeSessionTest : public testing::Test {
 protected:
  void TearDown() override {
    for (const auto& what : rig.broken) ADD_FAILURE() << what;
  }
  /// Into constant current, as most tests need it.
  void start(const rules::ChargeGoal& goal = full_goal()) {
    rig.load = rad_like(2 * kHour);
    rig.wish(goal);
    ASSERT_TRUE(rig.run_to(ChargeState::charge_cc, 180)) << rig.reason();
  }
  ChargeRig rig;
};

}  // namespace b2m::test

// SPDX-License-Identifier: MIT
// What the tests of the charge manager begin with: one charger and its plan.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/charger_fixture.hpp"

namespace b2m::test {

struct ChargeManager : testing::Test {
  ChargerFixture f;

  /// Charges full whenever one of the windows is open.
  void schedule(const std::string& windows, const std::string& ready_by = "") {
    f.settings().mode = ChargeMode::nominal;
    f.settings().profile.target = ChargeTarget::full;
    f.settings().schedule = true;
    f.settings().windows = windows;
    f.settings().ready_by = ready_by;
  }
  static int count(const std::vector<Note>& notes, const std::string& type) {
    return static_cast<int>(
        std::ranges::count_if(notes, [&](const Note& n) { return n.type == type; }));
  }
};

}  // namespace b2m::test

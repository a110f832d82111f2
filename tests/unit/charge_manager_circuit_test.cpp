// SPDX-License-Identifier: MIT
// Chargers that share a circuit take turns.
#include <gtest/gtest.h>

#include "tests/support/charger_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using test::ChargerFixture;

struct SharedCircuit : testing::Test {
  ChargerFixture f{{.plugs = 2}};
  void share(rules::Circuit circuit) {
    circuit.id = "strip";
    f.circuits().push_back(circuit);
    for (int n : {1, 2}) {
      f.settings(n).circuit = "strip";
      f.settings(n).mode = ChargeMode::full;
      f.settings(n).schedule = true;
      f.use_load({.level = 0.8}, n);
    }
  }
};

TEST_F(SharedCircuit, OneAfterTheOther) {
  share({.id = {}, .max_chargers = 1, .max_power_w = 0});
  f.begin();
  f.run(20min);
  EXPECT_TRUE(f.is_on(1));
  EXPECT_FALSE(f.is_on(2));
  EXPECT_NE(f.text("charge_reason", 2).find("Plug 1"), std::string::npos)
      << f.text("charge_reason", 2);
  for (int i = 0; i < 7 * 60 * 6; ++i) {
    f.run(10s);
    ASSERT_FALSE(f.is_on(1) && f.is_on(2));
  }
  EXPECT_EQ(f.starts(1), 1);
  EXPECT_EQ(f.starts(2), 1);
}

TEST_F(SharedCircuit, WhoMustBeReadyFirstGoesFirst) {
  share({.id = {}, .max_chargers = 1, .max_power_w = 0});
  f.settings(2).ready_by = "sat 01:00";
  f.settings(2).windows = "20:00-23:00";
  f.begin();
  f.run(20min);
  EXPECT_TRUE(f.is_on(2)) << f.text("charge_reason", 2);
  EXPECT_FALSE(f.is_on(1));
}

TEST_F(SharedCircuit, PowerCountsAsThePeakBeforeItIsMeasured) {
  share({.id = {}, .max_chargers = 0, .max_power_w = 200});
  f.begin();
  f.run(20min);
  EXPECT_NE(f.is_on(1), f.is_on(2));
  f.run(4h);  // the first one's tail leaves room
  EXPECT_EQ(f.starts(1) + f.starts(2), 2);
}

}  // namespace
}  // namespace b2m

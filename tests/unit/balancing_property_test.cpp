// SPDX-License-Identifier: MIT
// Random voltages, faults and commands: the rig complains of every bleed that must not be.
#include <functional>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/balance_rig.hpp"

namespace b2m {
namespace {

using test::BalanceRig;

/// Something happens, or nothing.
void disturb(BalanceRig& rig, const std::function<int(int below)>& pick) {
  auto& cell = rig.cells[static_cast<std::size_t>(pick(6))];
  switch (pick(24)) {
    case 0:
      cell.is_silent = !cell.is_silent;
      break;
    case 1:
      rig.celsius[static_cast<std::size_t>(pick(2))] = pick(3) == 0 ? 49 : 25;
      break;
    case 2:
      rig.is_connected = pick(3) != 0;
      break;
    case 3:
      rig.sensors_are_silent = pick(4) == 0;
      break;
    case 4:
      cell.volts = 2.8 + 0.01 * pick(150);
      break;
    case 5:
      cell.is_stuck = !cell.is_stuck;
      break;
    case 6:
      rig.failures = {{rig.bleed_slot(1 + pick(6)), 1, "no", Errc::io_error}};
      break;
    case 7:
    case 8:
    case 9:
      rig.bleed(1 + pick(6), pick(5) != 0);
      break;
    case 10:
    case 11:
      rig.balance(pick(4) != 0);
      break;
    case 12:
      for (auto& c : rig.cells)
        c = {3.92 + 0.001 * pick(80), false, false, true, c.is_on, c.ordered_s};
      break;
    case 13:
      if (pick(4) == 0) rig.restart();
      break;
    default:
      break;
  }
}

TEST(BalancingProperty, NothingIsBledThatMustNotBe) {
  int bled = 0;
  for (unsigned seed = 1; seed <= 5; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&](int below) {
      return static_cast<int>(random() % static_cast<unsigned>(below));
    };
    BalanceRig rig;
    for (auto& cell : rig.cells) cell.volts = 3.88 + 0.002 * pick(120);
    for (int i = 0; i < 400; ++i) {
      disturb(rig, pick);
      if (i == 380) rig.is_stopping = true;
      rig.run(0.25 * (1 + pick(40)));
      bled += rig.bleeding();
    }
    ASSERT_THAT(rig.broken, testing::IsEmpty()) << "seed " << seed;
    EXPECT_EQ(rig.bleeding(), 0) << "it is stopping";
  }
  EXPECT_GT(bled, 200) << "else nothing was tried";
}

}  // namespace
}  // namespace b2m

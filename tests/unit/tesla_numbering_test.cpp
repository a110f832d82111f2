// SPDX-License-Identifier: MIT
// Who is who, when not all answer: nobody is shown as another one, and nobody is reset for nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/tesla_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using tesla_uart::RingFaultKind;
using testing::Contains;
using testing::HasSubstr;

class TeslaNumbering : public testing::Test, public test::TeslaFixture {
 protected:
  void start_again(SteadyDuration warm_up = 2s) {
    stop();
    start(warm_up);
  }
};

TEST_F(TeslaNumbering, WithOneDeadModuleTheOthersAreResetOnce) {
  make_ring(4);
  fault(RingFaultKind::dead, 2);
  start(10min);

  EXPECT_EQ(counter("renumberings"), 1U);
  EXPECT_THAT(
      inbox.notes("module_warning"),
      Contains(testing::AllOf(HasSubstr("only 3 modules of 4 answered"),
                              HasSubstr("no value of this ring is shown"), HasSubstr("rescan"))));
  start_again(5min);
  EXPECT_EQ(counter("renumberings"), 0U) << "of the restarted program";
  EXPECT_EQ(last(1, "cell_01_voltage"), "nothing");
}

TEST_F(TeslaNumbering, WhenTheDeadOneIsBackAllAreNumberedAnewAndShown) {
  make_ring(4);
  fault(RingFaultKind::dead, 2, {}, 0, 100s);
  cells[1]->voltages.fill(3.9_V);
  start(90s);
  ASSERT_EQ(last(1, "cell_01_voltage"), "nothing");
  clock.advance(60s);

  EXPECT_EQ(last(2, "cell_01_voltage"), "3.900");
  EXPECT_EQ(last(4, "cell_01_voltage"), "3.700");
}

TEST_F(TeslaNumbering, ModulesThatWaitBehindTheLastAreKnownAfterARestart) {
  make_ring(4);
  cells[2]->voltages.fill(4.0_V);
  start();
  fault(RingFaultKind::deaf, 2, {}, 0, 100s);
  clock.advance(10s);
  fault(RingFaultKind::board_reset, 3, {}, 0, 10ms);
  clock.advance(30s);
  ASSERT_EQ(peer->address(2), 5) << "parked";
  EXPECT_THAT(inbox.notes("module_warning"), Contains(HasSubstr("1 module has lost the address and "
                                                                "2 are missing")));
  start_again(30s);
  EXPECT_EQ(last(2, "cell_01_voltage"), "3.700") << "from before";
  fault(RingFaultKind::board_reset, 2, {}, 0, 10ms);
  clock.advance(2min);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(peer->address(i), i + 1);
  EXPECT_EQ(last(3, "cell_01_voltage"), "4.000");
}

TEST_F(TeslaNumbering, ManyDeadModulesCostTheLivingOneLittle) {
  make_ring(20);
  start();
  for (int m = 2; m <= 20; ++m) fault(RingFaultKind::deaf, m);
  clock.advance(4s);
  SteadyDuration oldest{};
  for (int i = 0; i < 1200; ++i) {
    clock.advance(50ms);
    oldest = std::max(oldest, age(1, "cell_01_voltage"));
  }
  EXPECT_LE(oldest, 700ms);
  peer->clear_faults();
  clock.advance(60s);
  for (int m = 1; m <= 20; ++m) EXPECT_LT(age(m, "cell_01_voltage"), 1s);
}

}  // namespace
}  // namespace b2m

// SPDX-License-Identifier: MIT
// The chips' own thresholds: written only where they may be, never after they were refused, and
// never so that they could not act.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/tesla_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using tesla_uart::RingFaultKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint8_t kFactoryHigh = 0x31;  // 4.45 V
constexpr std::uint8_t k4V15 = 0x2B, k4V20 = 0x2C;

class TeslaLimitOrders : public testing::Test, public test::TeslaFixture {
 protected:
  void begin(std::optional<double> high_v = {}) {
    make_ring(1);
    configure(high_v);
    start();
  }
  void configure(std::optional<double> high_v) {
    settings.limits = tesla_uart::LimitSettings{};
    settings.limits->cell_voltage_high_v = high_v;
  }
  std::string set_high(double volts) {
    return ended(order(1, core_row("chip_cell_voltage_high"), volts));
  }
  void start_again() {
    stop();
    start();
  }
  void reset_chip() {
    fault(RingFaultKind::board_reset, 1, {}, 0, 10ms);
    clock.advance(5s);
  }
  [[nodiscard]] int high() const { return peer->register_of(0, 0x42); }
};

TEST_F(TeslaLimitOrders, WhatTheChipRefusedIsNotWrittenLater) {
  begin();
  peer->force(0, 0x42, kFactoryHigh);
  EXPECT_THAT(set_high(4.15), HasSubstr("did not take"));
  peer->force(0, 0x42, {});
  reset_chip();
  EXPECT_EQ(high(), kFactoryHigh);
}

TEST_F(TeslaLimitOrders, AfterARefusalTheEarlierOneStands) {
  begin(4.2);
  peer->force(0, 0x42, kFactoryHigh);
  EXPECT_THAT(set_high(4.15), HasSubstr("did not take"));
  peer->force(0, 0x42, {});
  clock.advance(2s);
  EXPECT_EQ(high(), k4V20);
}

TEST_F(TeslaLimitOrders, WhatTheUserHasSetIsSetAgainAfterRestartAndReset) {
  begin(4.2);
  ASSERT_EQ(set_high(4.15), "ok");
  start_again();
  EXPECT_EQ(high(), k4V15);
  reset_chip();
  EXPECT_EQ(high(), k4V15);
}

TEST_F(TeslaLimitOrders, ANewConfigurationOutweighsWhatTheUserHadSet) {
  begin(4.2);
  ASSERT_EQ(set_high(4.15), "ok");
  configure(4.3);
  start_again();
  EXPECT_EQ(last(1, "chip_cell_voltage_high", 2), "4.30");
  configure(4.2);
  start_again();
  EXPECT_EQ(high(), k4V20) << "forgotten for good";
}

TEST_F(TeslaLimitOrders, WithoutPermissionTheConfigurationIsNotWritten) {
  allowed = {Control::balancing};
  begin(4.15);
  EXPECT_EQ(high(), kFactoryHigh);
  EXPECT_THAT(inbox.notes("module_warning"),
              ElementsAre(HasSubstr("add \"limits\" to the list allow of [control]")));
}

TEST_F(TeslaLimitOrders, ALimitThatCouldNeverActIsRefused) {
  begin(5.1);
  EXPECT_EQ(high(), kFactoryHigh);
  EXPECT_THAT(inbox.notes("module_warning"), ElementsAre(HasSubstr("would never act")));
  EXPECT_THAT(set_high(4.6), HasSubstr("4.5 V at the most"));
  EXPECT_EQ(set_high(4.2), "ok");
}

TEST_F(TeslaLimitOrders, TheChemistryOfThePackIsTheBound) {
  cell_range = {1.0, 3.5};
  begin();
  EXPECT_THAT(set_high(3.7), HasSubstr("3.5 V at the most"));
}

}  // namespace
}  // namespace b2m

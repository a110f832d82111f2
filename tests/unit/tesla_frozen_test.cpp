// SPDX-License-Identifier: MIT
// A chip that goes on saying what it has measured long ago is not believed; cells at rest are.
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

class TeslaFrozen : public testing::Test, public test::TeslaFixture {
 protected:
  void begin(int modules) {
    make_ring(modules);
    start();
  }
};

TEST_F(TeslaFrozen, AStuckChipIsNotBelieved) {
  begin(3);
  fault(RingFaultKind::stuck, 2);
  cells[1]->voltages.fill(4.3_V);
  clock.advance(15s);

  EXPECT_EQ(last(2, "cell_01_voltage"), "suspect");
  EXPECT_EQ(last(2, "temperature_01"), "suspect");
  EXPECT_EQ(last(1, "cell_01_voltage"), "3.700");
  EXPECT_THAT(inbox.notes("module_warning"), ElementsAre(HasSubstr("module 2: it says the same")));
}

TEST_F(TeslaFrozen, AChipThatMeasuresAgainIsBelieved) {
  begin(1);
  fault(RingFaultKind::stuck, 1, {}, 0, 30s);
  clock.advance(20s);
  ASSERT_EQ(last(1, "cell_01_voltage"), "suspect");
  cells[0]->voltages.fill(3.9_V);
  clock.advance(20s);
  EXPECT_EQ(last(1, "cell_01_voltage"), "3.900");
}

TEST_F(TeslaFrozen, OneThatGetsStuckWhileItsCellsRestIsFoundWithinAMinute) {
  begin(1);
  clock.advance(3min);
  ASSERT_EQ(last(1, "cell_01_voltage"), "3.700");
  fault(RingFaultKind::stuck, 1);
  clock.advance(65s);
  EXPECT_EQ(last(1, "cell_01_voltage"), "suspect");
}

TEST_F(TeslaFrozen, CellsAtRestAreBelievedForHours) {
  begin(3);
  fault(RingFaultKind::open_sensor, 2, {}, 1);
  inbox.forget();
  for (int minute = 0; minute < 120; ++minute) {
    clock.advance(1min);
    for (const int m : {1, 2, 3}) {
      ASSERT_EQ(last(m, "cell_01_voltage"), "3.700");
      ASSERT_LT(age(m, "cell_01_voltage"), 1s);
    }
    ASSERT_EQ(last(1, "temperature_01", 1), "25.0");
    ASSERT_EQ(peer->register_of(0, 0x31), 0x03);
  }
  EXPECT_EQ(peer->spoiled(), 0);
}

TEST_F(TeslaFrozen, WithoutSensorsAStartThatIsSeenToRunIsProof) {
  peer_settings.conversion = 800us;
  make_ring(1);
  settings.ignore_sensors = {"1/1", "1/2"};
  fault(RingFaultKind::open_sensor, 1);
  start();
  clock.advance(30min);
  EXPECT_EQ(last(1, "cell_01_voltage"), "3.700");
}

TEST_F(TeslaFrozen, AStartThatDoesNotComeRoundGivesNoReading) {
  begin(1);
  inbox.forget();
  fault(RingFaultKind::byte_loss, 0, 0.15, 0, 60s);
  cells[0]->voltages.fill(4.0_V);
  supervise(100ms);
  inbox.forget();
  supervise(50s);
  for (const double volts : inbox.all("cell_{}_voltage")) EXPECT_NEAR(volts, 4.0, 0.001);
}

TEST_F(TeslaFrozen, AReadingOfMoreThan14BitsIsNamedAsSuch) {
  begin(1);
  peer->force(0, 0x03, 0x7F);
  clock.advance(5s);
  EXPECT_THAT(inbox.notes("module_warning"), ElementsAre(HasSubstr("more than 14 bits")));
  EXPECT_GT(age(1, "cell_01_voltage"), 4s);
}

}  // namespace
}  // namespace b2m

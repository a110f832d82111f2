// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/spi_nodes_fixture.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using spi_nodes::Calibration;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kCalibrate = "cell_{}_calibrate";

TEST(SpiCalibration, OnePointIsAFactorTwoAreALine) {
  const auto one = Calibration().with({3.6, 3.672});
  ASSERT_TRUE(one);
  EXPECT_DOUBLE_EQ(one->apply(1.8), 1.836);

  const auto two = one->with({4.1, 4.2});
  ASSERT_TRUE(two);
  EXPECT_NEAR(two->apply(3.6), 3.672, 1e-9);
  EXPECT_NEAR(two->apply(4.1), 4.2, 1e-9);
}

TEST(SpiCalibration, APointNearAnOldOneTakesItsPlace) {
  const auto line = Calibration().with({3.6, 3.7})->with({3.62, 3.65});
  ASSERT_TRUE(line);

  EXPECT_NEAR(line->apply(3.62), 3.65, 1e-9);
  EXPECT_THAT(line->text(), HasSubstr("from 3.620 -> 3.650 V"));
}

TEST(SpiCalibration, WhatNoReferenceCanBeOffByIsRefused) {
  EXPECT_FALSE(Calibration().with({3.6, 4.6}));
  EXPECT_FALSE(Calibration().with({3.6, 2.8}));
  EXPECT_FALSE(Calibration().with({0.0, 3.0}));
  EXPECT_FALSE(Calibration().with({4.2, 3.4}));                    // would hide an overcharged cell
  EXPECT_FALSE(Calibration().with({3.6, 3.6})->with({4.1, 3.7}));  // a gain of 0.2
  EXPECT_FALSE(Calibration().with({3.0, 3.27})->with({4.0, 4.0}));  // 1.1 V of offset
  EXPECT_TRUE(Calibration().with({3.6, 4.0}, 0.2));                 // as configured
}

TEST(SpiCalibration, SurvivesBeingKept) {
  const Calibration line = *Calibration().with({3.605, 3.612})->with({4.102, 4.117});
  const auto back = Calibration::read(line.kept());

  ASSERT_TRUE(back);
  EXPECT_EQ(back->text(), line.text());
  EXPECT_EQ(Calibration().kept(), "");
  EXPECT_FALSE(Calibration::read("nonsense"));
  EXPECT_FALSE(Calibration::read("3.6 3.6;3.61 3.6"));
  EXPECT_FALSE(Calibration::read("3.6 9.9"));
}

TEST(SpiCalibration, IsTheSameAfterARestartWhateverTheOrderOfItsPoints) {
  // 4.5 % and 5.5 % apart, seen from the lower and from the upper point.
  for (const double upper : {3.77, 3.79, 3.8, 4.1}) {
    const auto low_first = Calibration().with({3.6, 3.65})->with({upper, upper + 0.055});
    const auto high_first = Calibration().with({upper, upper + 0.055})->with({3.6, 3.65});
    for (const auto& line : {low_first, high_first}) {
      ASSERT_TRUE(line) << upper;
      const auto back = Calibration::read(line->kept());
      ASSERT_TRUE(back) << upper;
      EXPECT_EQ(back->text(), line->text());
    }
  }
}

TEST(SpiCalibration, ItsErrorIsNeverBelowAPartOfTheCorrection) {
  const auto far = Calibration().with({4.2, 3.8});
  ASSERT_TRUE(far);
  EXPECT_NEAR(far->error(4.2, 0.1), 0.04, 1e-9);
  EXPECT_LT(Calibration().with({4.2, 4.201})->error(4.2, 0.1), 0.003);
}

TEST(SpiNodesCalibration, ABigStepMustBeAskedForTwice) {
  SpiNodesFixture nodes;
  nodes.add_legacy().centivolts = 420;
  nodes.start();

  EXPECT_THAT(nodes.order(kCalibrate, 1, 3.4), HasSubstr("off by -19.0 %"));
  EXPECT_THAT(nodes.order(kCalibrate, 1, 3.9), HasSubstr("once more within a minute"));
  EXPECT_THAT(nodes.order(kCalibrate, 1, 3.9), HasSubstr("once more"));  // delivered twice
  nodes.clock.advance(70s);
  EXPECT_THAT(nodes.order(kCalibrate, 1, 3.9), HasSubstr("once more"));
  EXPECT_TRUE(nodes.memory.empty());
  nodes.clock.advance(20s);
  EXPECT_EQ(nodes.order(kCalibrate, 1, 3.9), "ok");
}

TEST(SpiNodesCalibration, BelongsToTheNodeAndNotToTheCell) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  node.millivolts = 3600;
  nodes.start();
  ASSERT_EQ(nodes.order(kCalibrate, 1, 3.690), "ok");
  nodes.clock.advance(1s);
  ASSERT_EQ(nodes.last("cell_01_voltage"), "3.690");

  node.serial[0] = 0x11;  // another node is put in its place
  node.restart();
  nodes.clock.advance(3s);
  EXPECT_EQ(nodes.last("cell_01_voltage"), "3.600");
  EXPECT_THAT(nodes.last("cell_01_calibration"), HasSubstr("made for node DEADBEEF0001"));
  EXPECT_THAT(nodes.notes("module_warning"), ElementsAre(HasSubstr("here is node 11ADBEEF0001")));
}

TEST(SpiNodesCalibration, OfAnotherDividerIsNotUsed) {
  SpiNodesFixture nodes;
  nodes.add_legacy().centivolts = 360;
  nodes.settings.nodes[0].divider = 11.4;
  nodes.memory["nodes/cell_01_calibration"] = "3.6 3.672;scale 1";
  nodes.start();

  EXPECT_EQ(nodes.last("cell_01_voltage"), "7.200");
  EXPECT_THAT(nodes.last("cell_01_calibration"), HasSubstr("another divider"));
}

TEST(SpiNodesCalibration, WhatIsKeptAndCannotBeIsRefusedAloud) {
  SpiNodesFixture nodes;
  nodes.add_legacy().centivolts = 420;
  nodes.memory["nodes/cell_01_calibration"] = "4.2 3.4";
  nodes.start();

  EXPECT_EQ(nodes.last("cell_01_voltage"), "4.200");
  EXPECT_THAT(nodes.last("cell_01_calibration"), HasSubstr("none; what is kept is refused"));
  EXPECT_THAT(nodes.notes("module_warning"), ElementsAre(HasSubstr("has no calibration")));
}

TEST(SpiNodesCalibration, IsAppliedKeptAndToldBeforeAndAfter) {
  SpiNodesFixture nodes;
  nodes.add_legacy().centivolts = 360;
  nodes.start();
  EXPECT_EQ(nodes.last("cell_01_calibration"), "none");

  EXPECT_EQ(nodes.order(kCalibrate, 1, 3.672), "ok");
  nodes.clock.advance(1s);
  EXPECT_EQ(nodes.last("cell_01_voltage"), "3.672");
  EXPECT_EQ(nodes.memory["nodes/cell_01_calibration"], "3.6 3.672;scale 1");
  EXPECT_THAT(nodes.notes("calibrated"),
              ElementsAre(HasSubstr("reads 3.600 V: shown as 3.600 V before (none), 3.672 V now")));
}

TEST(SpiNodesCalibration, TwoPointsOfAV2NodeSurviveARestart) {
  SpiNodesFixture nodes;
  V2Device& node = nodes.add_v2();
  node.millivolts = 3600;
  nodes.start();
  nodes.order(kCalibrate, 1, 3.630);
  node.millivolts = 4100;
  nodes.clock.advance(2s);
  EXPECT_EQ(nodes.order(kCalibrate, 1, 4.140), "ok");
  nodes.stop();
  nodes.start();

  EXPECT_EQ(nodes.last("cell_01_voltage"), "4.140");
  EXPECT_THAT(nodes.last("cell_01_calibration"), HasSubstr("gain 1.0200"));
}

TEST(SpiNodesCalibration, NonsenseIsRefusedAndChangesNothing) {
  SpiNodesFixture nodes;
  nodes.add_legacy();
  nodes.start();

  EXPECT_THAT(nodes.order(kCalibrate, 1, 36.1), HasSubstr("check the meter"));
  EXPECT_TRUE(nodes.memory.empty());
  nodes.bus.attach(SpiNodesFixture::device(1), {});
  nodes.clock.advance(2s);
  EXPECT_THAT(nodes.order(kCalibrate, 1, 3.6), HasSubstr("no reading to compare with"));
}

TEST(SpiNodesCalibration, ResetForgetsIt) {
  SpiNodesFixture nodes;
  nodes.add_legacy();
  nodes.memory["nodes/cell_01_calibration"] = "3.6 3.672";
  nodes.start();
  EXPECT_NE(nodes.last("cell_01_voltage"), "3.610");

  EXPECT_EQ(nodes.order("cell_{}_calibration_reset", 1, 1), "ok");
  nodes.clock.advance(1s);
  EXPECT_EQ(nodes.last("cell_01_voltage"), "3.610");
  EXPECT_TRUE(nodes.memory.empty());
}

TEST(SpiNodesCalibration, OfATapIsMeasuredFromPackMinus) {
  SpiNodesFixture nodes;
  nodes.settings.arrangement = spi_nodes::Arrangement::taps;
  nodes.add_legacy().centivolts = 400;
  nodes.add_legacy().centivolts = 400;
  nodes.settings.nodes[1].divider = 11.4;
  nodes.start();

  EXPECT_THAT(nodes.order(kCalibrate, 2, 4.1), HasSubstr("measured from pack minus"));
  EXPECT_EQ(nodes.order(kCalibrate, 2, 8.1), "ok");
  nodes.clock.advance(1s);
  EXPECT_EQ(nodes.last("cell_02_voltage"), "4.100");
}

}  // namespace
}  // namespace b2m::test

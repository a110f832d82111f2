// SPDX-License-Identifier: MIT
// Replay of candump logs under the virtual clock.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "gateway/io/can_bus.hpp"
#include "tests/support/running.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

constexpr char kLog[] =
    "(1000.000000) can0 600#010203\n"
    "rubbish\n"
    "(1000.000000) can0 123##1AABB\n"
    "(1002.000000) can0 601#040506\n"
    "(1001.500000) can0 602#00";  // goes back in time, and has no end of line

class CandumpCan : public testing::Test {
 protected:
  CandumpCan() { write(kLog); }
  ~CandumpCan() override { std::filesystem::remove(path_); }

  void write(const std::string& text) const { std::ofstream(path_) << text; }

  std::unique_ptr<CanBus> open(CanOpening opening = {}) {
    opening.interface = "candump:" + path_;
    auto bus = finish(clock_, make_can_opener(clock_.executor(), clock_)(opening));
    return bus ? std::move(*bus) : nullptr;
  }

  static CanOpening at_speed(double speed) {
    CanOpening opening;
    opening.replay_speed = speed;
    return opening;
  }

  std::string path_ = testing::TempDir() + "b2m_replay_" +
                      testing::UnitTest::GetInstance()->current_test_info()->name() + ".log";
  VirtualClock clock_;
  std::array<CanFrame, 64> frames_;
};

TEST_F(CandumpCan, DeliversFramesAtTheirTimes) {
  const auto bus = open();
  ASSERT_EQ(*finish(clock_, bus->receive(frames_)), 1U);
  EXPECT_EQ(frames_[0].id, 0x600U);

  Running<std::size_t> second(clock_, bus->receive(frames_));
  clock_.advance(1999ms);
  EXPECT_FALSE(second.is_done());
  clock_.advance(1ms);

  ASSERT_TRUE(second.is_done());
  EXPECT_EQ(*second.result(), 2U);
  EXPECT_EQ(frames_[1].id, 0x602U);
}

TEST_F(CandumpCan, ReplaysFaster) {
  const auto bus = open(at_speed(10));
  ASSERT_TRUE(finish(clock_, bus->receive(frames_)));
  Running<std::size_t> second(clock_, bus->receive(frames_));
  clock_.advance(200ms);
  EXPECT_TRUE(second.is_done());
}

TEST_F(CandumpCan, SaysHowItEndedAndCountsRubbish) {
  const auto bus = open(at_speed(0));
  EXPECT_EQ(*finish(clock_, bus->receive(frames_)), 3U);
  const auto end = finish(clock_, bus->receive(frames_));
  EXPECT_EQ(end.error().code, Errc::disconnected);
  EXPECT_EQ(end.error().detail, "end of " + path_);
  EXPECT_EQ(bus->status().malformed, 2U);
}

TEST_F(CandumpCan, DeliversFramesWhileRealTimePasses) {
  const auto clock = make_clock(clock_.executor());
  CanOpening opening = at_speed(0);
  opening.interface = "candump:" + path_;
  const auto bus = finish(clock_, make_can_opener(clock_.executor(), *clock)(opening));
  ASSERT_TRUE(bus);
  EXPECT_EQ(*finish(clock_, (*bus)->receive(frames_)), 3U);
}

TEST_F(CandumpCan, LoopsWithoutBlockingOthersAndCanBeCancelled) {
  CanOpening opening = at_speed(0);
  opening.replay_loop = true;
  const auto bus = open(opening);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(*finish(clock_, bus->receive(frames_)), 64U);

  Running<std::size_t> endless(clock_, bus->receive(frames_));
  endless.cancel();
  EXPECT_TRUE(endless.is_done());
}

TEST_F(CandumpCan, CancellationEndsTheWaitForAFrame) {
  const auto bus = open();
  ASSERT_TRUE(finish(clock_, bus->receive(frames_)));
  Running<std::size_t> waiting(clock_, bus->receive(frames_));
  waiting.cancel();
  ASSERT_TRUE(waiting.is_done());
  EXPECT_EQ(waiting.result().error().code, Errc::cancelled);
}

TEST_F(CandumpCan, FiltersAndDoesNotSpinOnALogWithoutFrames) {
  CanOpening opening = at_speed(0);
  opening.replay_loop = true;
  opening.filters = {{0x7FF, false}};
  const auto bus = open(opening);
  EXPECT_EQ(finish(clock_, bus->receive(frames_)).error().code, Errc::disconnected);
}

TEST_F(CandumpCan, SurvivesAFileThatIsOneEndlessLine) {
  write(std::string(1 << 20, 'x'));
  const auto bus = open(at_speed(0));
  EXPECT_EQ(finish(clock_, bus->receive(frames_)).error().code, Errc::disconnected);
  EXPECT_EQ(bus->status().malformed, 1U);
}

TEST_F(CandumpCan, RefusesToSendAndToOpenWhatIsNotThere) {
  const auto bus = open();
  EXPECT_EQ(finish(clock_, bus->send(CanFrame{})).error().code, Errc::not_supported);
  CanOpening opening;
  opening.interface = "candump:/nowhere/log";
  const auto missing = finish(clock_, make_can_opener(clock_.executor(), clock_)(opening));
  EXPECT_EQ(missing.error().code, Errc::not_found);
  opening.interface = "candump:" + testing::TempDir();
  const auto folder = finish(clock_, make_can_opener(clock_.executor(), clock_)(opening));
  EXPECT_EQ(folder.error().code, Errc::not_supported);
}

}  // namespace
}  // namespace b2m::test

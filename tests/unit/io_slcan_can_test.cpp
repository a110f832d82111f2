// SPDX-License-Identifier: MIT
// slcan over a real pseudo terminal, against adapters of different manners.
#include <gtest/gtest.h>

#include "gateway/io/can_bus.hpp"
#include "gateway/io/can_error.hpp"
#include "gateway/io/slcan_line.hpp"
#include "tests/support/running.hpp"
#include "tests/support/scripted_pty.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

/// An adapter that acknowledges everything and reports no problem.
std::string polite(const std::string& line) {
  if (line.empty()) return "";
  if (line[0] == 'F') return "F00\r";
  if (line[0] == 't') return "z\r";
  return "\r";
}

class SlcanCan : public testing::Test {
 protected:
  /// Time passes while the adapter is set up, since some answers never come.
  Result<std::unique_ptr<CanBus>> open(CanOpening opening = {}) {
    opening.interface = "slcan:" + pty_.path();
    Running<std::unique_ptr<CanBus>> opened(clock_, open_(opening));
    clock_.run_until([&] {
      if (patience_++ % 10 == 9) clock_.advance(10ms);
      return opened.is_done();
    });
    return opened.join();
  }

  VirtualClock clock_;
  ScriptedPty pty_{clock_};
  OpenCan open_ = make_can_opener(clock_.executor(), clock_);
  std::array<CanFrame, 16> frames_;
  int patience_ = 0;
};

TEST_F(SlcanCan, SetsTheAdapterUp) {
  pty_.answer(polite);
  const auto bus = open();
  ASSERT_TRUE(bus) << bus.error().text();
  EXPECT_EQ(pty_.heard(), (std::vector<std::string>{"", "", "", "C", "S6", "O"}));
}

TEST_F(SlcanCan, ListensOnlyWhenAsked) {
  pty_.answer(polite);
  CanOpening opening;
  opening.listen_only = true;
  opening.bitrate_bps = 125'000;
  const auto bus = open(opening);
  ASSERT_TRUE(bus);
  EXPECT_EQ(pty_.heard(), (std::vector<std::string>{"", "", "", "C", "S4", "L"}));
  EXPECT_EQ(finish(clock_, (*bus)->send(CanFrame{})).error().code, Errc::not_supported);
}

TEST_F(SlcanCan, ReceivesFramesAndCountsGarbage) {
  pty_.answer(polite);
  const auto bus = open();
  ASSERT_TRUE(bus);
  pty_.say("t6003FB0423\rgarbage\rT1ABCDEF00\rt60");
  const auto n = finish(clock_, (*bus)->receive(frames_));
  ASSERT_EQ(*n, 2U);
  EXPECT_EQ(frames_[0].id, 0x600U);
  EXPECT_TRUE(frames_[1].extended);
  EXPECT_EQ((*bus)->status().malformed, 1U);

  pty_.say("10\r");
  ASSERT_EQ(*finish(clock_, (*bus)->receive(frames_)), 1U);
  EXPECT_EQ(frames_[0].id, 0x601U);
}

TEST_F(SlcanCan, AppliesTheFilters) {
  pty_.answer(polite);
  CanOpening opening;
  opening.filters = {{0x601, false}};
  const auto bus = open(opening);
  ASSERT_TRUE(bus);
  pty_.say("t6000\rT000006010\rr6010\rt6010\r");
  ASSERT_EQ(*finish(clock_, (*bus)->receive(frames_)), 1U);
  EXPECT_EQ(frames_[0], (CanFrame{.id = 0x601}));
}

TEST_F(SlcanCan, SendsAndSeesARefusal) {
  bool is_full = false;
  pty_.answer([&](const std::string& line) {
    return line.starts_with("t") && is_full ? "\a" : polite(line);
  });
  const auto bus = open();
  ASSERT_TRUE(bus);
  Running<std::size_t> reader(clock_, (*bus)->receive(frames_));
  const CanFrame frame{.id = 0x604, .length = 3, .data = {1, 2, 3}};
  EXPECT_TRUE(finish(clock_, (*bus)->send(frame)));
  EXPECT_EQ(pty_.heard().back(), "t6043010203");

  is_full = true;
  EXPECT_EQ(finish(clock_, (*bus)->send(frame)).error().code, Errc::buffer_full);
}

TEST_F(SlcanCan, GoesOnWithAnAdapterThatNeverAnswers) {
  const auto bus = open();
  ASSERT_TRUE(bus);
  EXPECT_TRUE(finish(clock_, (*bus)->send(CanFrame{.id = 0x604})));
  EXPECT_TRUE(clock_.run_until([&] { return pty_.heard().back() == "t6040"; }));
}

TEST_F(SlcanCan, ExplainsARateThatTheCommandSetLacks) {
  CanOpening opening;
  opening.bitrate_bps = 83'333;
  const auto bus = open(opening);
  EXPECT_EQ(bus.error().code, Errc::out_of_range);
  EXPECT_NE(bus.error().text().find("250000, 500000"), std::string::npos);
}

TEST_F(SlcanCan, SaysWhenTheAdapterRefusesTheRate) {
  pty_.answer([](const std::string& line) { return line == "S6" ? "\a" : polite(line); });
  const auto bus = open();
  EXPECT_EQ(bus.error().code, Errc::not_supported);
  EXPECT_NE(bus.error().text().find("refuses 500000 bit/s"), std::string::npos);
}

TEST_F(SlcanCan, StatusFlagsBecomeErrorFrames) {
  std::string flags = "F00\r";
  pty_.answer([&](const std::string& line) { return line == "F" ? flags : polite(line); });
  const auto bus = open();
  ASSERT_TRUE(bus);
  const auto next_error = [&] {
    Running<std::size_t> reader(clock_, (*bus)->receive(frames_));
    clock_.run_until([&] {
      clock_.advance(50ms);
      return reader.is_done();
    });
    return *reader.join() == 1 && frames_[0].error ? frames_[0].id : 0;
  };
  flags = "FA4\r";
  EXPECT_EQ(next_error(), can_error::kBusOff);
  EXPECT_EQ((*bus)->status().state, CanState::bus_off);
  EXPECT_EQ(finish(clock_, (*bus)->send(CanFrame{})).error().code, Errc::bus_off);
  flags = "F00\r";
  EXPECT_EQ(next_error(), can_error::kRestarted);
  flags = "F24\r";
  EXPECT_EQ(next_error(), can_error::kController);
  EXPECT_EQ((*bus)->status().state, CanState::error_passive);
}

TEST_F(SlcanCan, EndsWithTheLineAndWithCancellation) {
  pty_.answer(polite);
  const auto bus = open();
  ASSERT_TRUE(bus);
  Running<std::size_t> cancelled(clock_, (*bus)->receive(frames_));
  cancelled.cancel();
  EXPECT_EQ(cancelled.join().error().code, Errc::cancelled);

  Running<std::size_t> reader(clock_, (*bus)->receive(frames_));
  pty_.unplug();
  EXPECT_EQ(reader.join().error().code, Errc::disconnected);
}

TEST_F(SlcanCan, CancellationEndsTheSetUp) {
  CanOpening opening;
  opening.interface = "slcan:" + pty_.path();
  Running<std::unique_ptr<CanBus>> opening_now(clock_, open_(opening));
  opening_now.cancel();
  EXPECT_EQ(opening_now.join().error().code, Errc::cancelled);
}

TEST_F(SlcanCan, UnderstandsTheSimulatedAdapter) {
  const std::string path = testing::TempDir() + "b2m_slcan_line";
  auto adapter = make_slcan_line(clock_.executor(), path, [](bool) {});
  ASSERT_TRUE(adapter);
  Running<std::size_t> heard(clock_, (*adapter)->receive(frames_));
  CanOpening opening;
  opening.interface = "slcan:" + path;
  Running<std::unique_ptr<CanBus>> opened(clock_, open_(opening));
  clock_.run_until([&] {
    if (patience_++ % 10 == 9) clock_.advance(10ms);
    return opened.is_done();
  });
  const auto bus = opened.join();
  ASSERT_TRUE(bus);
  std::array<CanFrame, 4> got;
  Running<std::size_t> reader(clock_, (*bus)->receive(got));
  const CanFrame frame{.id = 0x123, .length = 2, .data = {0xAB, 0xCD}};
  ASSERT_TRUE(finish(clock_, (*adapter)->send(frame)));
  ASSERT_EQ(*reader.join(), 1U);
  EXPECT_EQ(got[0], frame);

  Running<std::size_t> second(clock_, (*bus)->receive(got));
  EXPECT_TRUE(finish(clock_, (*bus)->send(frame)));
  ASSERT_EQ(*heard.join(), 1U);
  EXPECT_EQ(frames_[0], frame);
  second.cancel();
}

}  // namespace
}  // namespace b2m::test

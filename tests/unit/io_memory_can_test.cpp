// SPDX-License-Identifier: MIT
// The bus in memory: what its ends hear, and its faults.
#include <gtest/gtest.h>

#include "gateway/io/can_error.hpp"
#include "gateway/io/memory_can.hpp"
#include "tests/support/running.hpp"

namespace b2m::test {
namespace {

class MemoryCan : public testing::Test {
 protected:
  std::vector<CanFrame> receive(CanBus& bus) {
    std::array<CanFrame, 16> frames;
    const auto n = finish(clock_, bus.receive(frames));
    if (!n) return {};
    return {frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(*n)};
  }

  static CanFrame frame(std::uint32_t id) { return {.id = id, .length = 1, .data = {7}}; }

  VirtualClock clock_;
  MemoryCanBus bus_{clock_.executor()};
};

TEST_F(MemoryCan, CarriesFramesToAllOtherEnds) {
  const auto a = bus_.join(), b = bus_.join(), c = bus_.join();
  ASSERT_TRUE(finish(clock_, a->send(frame(0x600))));
  ASSERT_TRUE(finish(clock_, b->send(frame(0x601))));
  EXPECT_EQ(receive(*c), (std::vector{frame(0x600), frame(0x601)}));
  EXPECT_EQ(receive(*a), std::vector{frame(0x601)});
}

TEST_F(MemoryCan, FiltersByExactIdAndKind) {
  const std::vector<CanFilter> filters = {{0x600, false}};
  const auto end = bus_.join(filters);
  CanFrame extended = frame(0x600), remote = frame(0x600);
  extended.extended = true;
  remote.remote = true;
  for (const CanFrame& f : {frame(0x601), extended, remote, frame(0x600)}) bus_.inject(f);
  EXPECT_EQ(receive(*end), std::vector{frame(0x600)});
}

TEST_F(MemoryCan, BusOffIsSeenAndStopsSending) {
  const auto end = bus_.join();
  bus_.bus_off();
  bus_.inject(frame(1));
  EXPECT_EQ(end->status().state, CanState::bus_off);
  EXPECT_EQ(finish(clock_, end->send(frame(1))).error().code, Errc::bus_off);
  bus_.recover();
  const auto heard = receive(*end);
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(heard[0].id, can_error::kBusOff);
  EXPECT_EQ(heard[1].id, can_error::kRestarted);
  EXPECT_EQ(end->status().bus_offs, 1U);
  EXPECT_EQ(end->status().restarts, 1U);
  EXPECT_TRUE(finish(clock_, end->send(frame(1))));
}

TEST_F(MemoryCan, VanishingEndsAWaitingReceive) {
  const auto end = bus_.join();
  std::array<CanFrame, 4> frames;
  Running<std::size_t> waiting(clock_, end->receive(frames));
  bus_.vanish();
  EXPECT_EQ(waiting.join().error().code, Errc::disconnected);
  EXPECT_EQ(finish(clock_, bus_.opener()(CanOpening{})).error().code, Errc::not_found);
  bus_.reappear();
  EXPECT_TRUE(finish(clock_, bus_.opener()(CanOpening{})));
}

TEST_F(MemoryCan, CancellationEndsAWaitingReceive) {
  const auto end = bus_.join();
  std::array<CanFrame, 4> frames;
  Running<std::size_t> waiting(clock_, end->receive(frames));
  waiting.cancel();
  ASSERT_TRUE(waiting.is_done());
  EXPECT_EQ(waiting.result().error().code, Errc::cancelled);
}

TEST_F(MemoryCan, LosesFramesWhenToldOrWhenNobodyReads) {
  const auto end = bus_.join();
  bus_.drop(1);
  bus_.set_receive_limit(2);
  for (std::uint32_t id = 1; id <= 5; ++id) bus_.inject(frame(id));
  EXPECT_EQ(receive(*end), (std::vector{frame(2), frame(3)}));
  EXPECT_EQ(end->status().overruns, 2U);
}

TEST_F(MemoryCan, ACloggedQueueIsNotADisconnection) {
  const auto end = bus_.join();
  bus_.set_clogged(true);
  EXPECT_EQ(finish(clock_, end->send(frame(1))).error().code, Errc::buffer_full);
  bus_.set_clogged(false);
  EXPECT_TRUE(finish(clock_, end->send(frame(1))));
}

TEST_F(MemoryCan, ErrorFramesBringTheCounters) {
  const auto end = bus_.join();
  CanFrame error = can_error::make(can_error::kController | can_error::kCounters, 0x20);
  error.data[6] = 130;
  error.data[7] = 5;
  bus_.error_frame(error);
  EXPECT_EQ(end->status().state, CanState::error_passive);
  EXPECT_EQ(end->status().tx_errors, 130);
  EXPECT_EQ(end->status().rx_errors, 5);
}

}  // namespace
}  // namespace b2m::test

// SPDX-License-Identifier: MIT
// The simulated BMS boards on a bus in memory, in virtual time, judged by raw bytes.
#include <algorithm>
#include <map>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "adapters/can/peer.hpp"
#include "gateway/io/memory_can.hpp"
#include "gateway/sim/virtual_pack.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::can {
namespace {

using namespace std::chrono_literals;

sim::Bench make_bench() {
  sim::PackParameters p;
  p.cell.ocv_soc = {0, 1};
  p.cell.ocv_v = {11.6, 12.8};
  p.cell.series = Ohms(0.02);
  return {std::make_unique<sim::VirtualPack>(p), sim::Charger(10_A, 90_V), sim::Load(1_A, 10_V)};
}

class CanPeer : public testing::Test {
 protected:
  CanPeer() {
    peer_.add({1, 0x600, 0x602, 0x604, 0x606}, bench_);
    peer_.add({2, 0x601, 0x603, 0x605, 0x607}, other_bench_);
    bus_.observe([this](const CanFrame& f) {
      if (f.id != 0x604 && f.id != 0x605) frames_.push_back(f);
    });
    boost::asio::co_spawn(clock_.executor(), peer_.run(*end_), boost::asio::detached);
    clock_.settle();
  }

  std::vector<CanFrame> during(SteadyDuration time) {
    frames_.clear();
    clock_.advance(time);
    return frames_;
  }
  void command(std::uint32_t id, std::uint8_t value, std::uint8_t length = 3) {
    CanFrame frame;
    frame.id = id;
    frame.length = length;
    frame.data = {value, 0, 0x31};
    bus_.inject(frame);
    clock_.settle();
  }
  void inject(FaultKind kind, int pack, int cell = 0, std::optional<double> value = {},
              SteadyDuration lasts = 10s) {
    peer_.inject({kind, pack, cell, value, lasts});
  }
  static long count(const std::vector<CanFrame>& frames, std::uint32_t id) {
    return std::ranges::count(frames, id, &CanFrame::id);
  }
  static std::optional<CanFrame> last(const std::vector<CanFrame>& frames, std::uint32_t id,
                                      std::uint8_t selector) {
    std::optional<CanFrame> found;
    for (const CanFrame& f : frames)
      if (f.id == id && f.data[2] == selector) found = f;
    return found;
  }

  test::VirtualClock clock_;
  MemoryCanBus bus_{clock_.executor()};
  sim::Bench bench_ = make_bench(), other_bench_ = make_bench();
  std::vector<CanFrame> frames_;
  std::vector<std::string> said_;
  std::unique_ptr<CanBus> end_ = bus_.join();
  BusPeer peer_{clock_, [this](const std::string& line) { said_.push_back(line); }};
};

TEST_F(CanPeer, SendsEachVoltageAndTemperatureOnceASecond) {
  const auto frames = during(10s);

  std::map<std::uint8_t, int> seen;
  for (const CanFrame& f : frames)
    if (f.id == 0x600) {
      EXPECT_EQ(f.length, 3);
      EXPECT_FALSE(f.remote || f.extended || f.error);
      ++seen[f.data[2]];
    }
  ASSERT_EQ(seen.size(), 12U);
  for (int cell = 1; cell <= 6; ++cell) {
    EXPECT_EQ(seen[static_cast<std::uint8_t>(0x20 + cell)], 10) << cell;
    EXPECT_EQ(seen[static_cast<std::uint8_t>(0x10 + cell)], 10) << cell;
  }
  EXPECT_EQ(count(frames, 0x601), 120);
}

TEST_F(CanPeer, WritesTheBytesOfTheProtocolPage) {
  inject(FaultKind::cell_voltage, 1, 1, 12.80);
  inject(FaultKind::cell_temperature, 1, 1, 27.60);
  inject(FaultKind::cell_temperature, 2, 6, -5.0);

  const auto frames = during(2s);

  EXPECT_EQ(to_hex(last(frames, 0x600, 0x21)->payload()), "000521");
  EXPECT_EQ(to_hex(last(frames, 0x600, 0x11)->payload()), "C80A11");
  EXPECT_EQ(to_hex(last(frames, 0x601, 0x16)->payload()), "0CFE16");
}

TEST_F(CanPeer, ObeysTheChargeCommandAndAcknowledgesAtOnce) {
  frames_.clear();

  command(0x604, 1);

  EXPECT_TRUE(bench_.is_charging());
  EXPECT_FALSE(other_bench_.is_charging());
  ASSERT_EQ(count(frames_, 0x606), 1);
  EXPECT_EQ(to_hex(frames_.back().payload()), "010031");
  EXPECT_EQ(said_, std::vector<std::string>{"bms part=1 charging=on cause=command"});

  command(0x604, 0);

  EXPECT_FALSE(bench_.is_charging());
  EXPECT_EQ(to_hex(frames_.back().payload()), "000031");
}

TEST_F(CanPeer, ChargingRaisesEveryVoltageOnTheWire) {
  const auto before = during(1s);
  for (int i = 0; i < 4; ++i) {
    command(0x604, 1);
    clock_.advance(1s);
  }
  const auto after = during(1s);

  for (int cell = 1; cell <= 6; ++cell) {
    const auto selector = static_cast<std::uint8_t>(0x20 + cell);
    EXPECT_GT(u16le(last(after, 0x600, selector)->payload()),
              u16le(last(before, 0x600, selector)->payload()) + 10)
        << cell;
  }
}

TEST_F(CanPeer, StopsByItselfFiveSecondsAfterTheLastOnFrame) {
  command(0x604, 1);
  clock_.advance(4s);
  command(0x604, 1);

  clock_.advance(4900ms);
  EXPECT_TRUE(bench_.is_charging());
  const auto frames = during(1200ms);

  EXPECT_FALSE(bench_.is_charging());
  EXPECT_EQ(said_.back(), "bms part=1 charging=off cause=timeout");
  EXPECT_EQ(to_hex(last(frames, 0x606, 0x31)->payload()), "000031");
}

TEST_F(CanPeer, RepeatsItsAcknowledgementEverySecond) { EXPECT_EQ(count(during(10s), 0x607), 10); }

TEST_F(CanPeer, IgnoresCommandsThatAreNotItsOwn) {
  command(0x604, 1, 2);
  command(0x604, 7);
  command(0x602, 1);
  CanFrame remote;
  remote.id = 0x604;
  remote.remote = true;
  remote.length = 3;
  bus_.inject(remote);
  clock_.settle();

  EXPECT_FALSE(bench_.is_charging());
}

TEST_F(CanPeer, ASilentPackSaysNothingAndComesBack) {
  inject(FaultKind::silent, 1, 0, {}, 3s);

  const auto silent = during(2s);
  EXPECT_EQ(count(silent, 0x600), 0);
  EXPECT_EQ(count(silent, 0x606), 0);
  EXPECT_GT(count(silent, 0x601), 20);

  clock_.advance(2s);
  EXPECT_GT(count(during(1s), 0x600), 10);
}

TEST_F(CanPeer, ASilentCellLeavesTheOthersAlone) {
  inject(FaultKind::silent, 1, 3);

  const auto frames = during(2s);

  EXPECT_FALSE(last(frames, 0x600, 0x23));
  EXPECT_FALSE(last(frames, 0x600, 0x13));
  EXPECT_EQ(count(frames, 0x600), 20);
}

TEST_F(CanPeer, ASpikeIsOneSample) {
  inject(FaultKind::spike, 1, 2);

  const auto frames = during(5s);

  EXPECT_EQ(std::ranges::count_if(frames,
                                  [](const CanFrame& f) {
                                    return f.id == 0x600 && f.data[0] == 0xFF && f.data[1] == 0xFF;
                                  }),
            1);
}

TEST_F(CanPeer, FrozenValuesStayWhileChargingGoesOn) {
  const auto before = during(1s);
  inject(FaultKind::frozen, 1);
  command(0x604, 1);

  const auto after = during(4s);

  EXPECT_EQ(last(after, 0x600, 0x21)->data, last(before, 0x600, 0x21)->data);
}

TEST_F(CanPeer, SpoilsFramesAsTold) {
  inject(FaultKind::wrong_length, 1, 1, 1);
  inject(FaultKind::remote, 1, 2);
  inject(FaultKind::extended, 1, 3);
  inject(FaultKind::unknown_id, 1, 4);
  inject(FaultKind::error_id, 2, 0, 0x0500);

  const auto frames = during(2s);

  EXPECT_TRUE(std::ranges::any_of(frames, [](auto& f) { return f.id == 0x600 && f.length == 1; }));
  EXPECT_TRUE(last(frames, 0x600, 0x22)->remote);
  EXPECT_TRUE(last(frames, 0x600, 0x23)->extended);
  EXPECT_EQ(count(frames, 0x7A0), 4);
  EXPECT_EQ(to_hex(last(frames, 0x603, 0x41)->payload()), "000541");
}

TEST_F(CanPeer, BusOffIsAnErrorFrameThenSilenceThenARestart) {
  auto gateway = bus_.join();
  inject(FaultKind::bus_off, 0, 0, {}, 3s);

  const auto frames = during(2s);
  EXPECT_TRUE(frames.front().error || frames.back().error);
  EXPECT_EQ(gateway->status().bus_offs, 1U);
  frames_.clear();
  command(0x604, 1);
  EXPECT_FALSE(bench_.is_charging());
  EXPECT_TRUE(during(500ms).empty());

  clock_.advance(1s);
  EXPECT_EQ(gateway->status().restarts, 1U);
  EXPECT_GT(count(during(1s), 0x600), 10);
}

TEST_F(CanPeer, MisbehavesWithCommandsAsTold) {
  inject(FaultKind::ignores_on, 1, 0, {}, 1s);
  command(0x604, 1);
  EXPECT_FALSE(bench_.is_charging());
  clock_.advance(2s);

  command(0x604, 1);
  inject(FaultKind::ignores_off, 1, 0, {}, 10s);
  command(0x604, 0);
  clock_.advance(8s);
  EXPECT_TRUE(bench_.is_charging());
  clock_.advance(3s);
  EXPECT_FALSE(bench_.is_charging());

  inject(FaultKind::no_ack, 1);
  frames_.clear();
  command(0x604, 1);
  EXPECT_EQ(count(during(2s), 0x606), 0);
  EXPECT_TRUE(bench_.is_charging());
}

TEST_F(CanPeer, ClearEndsEveryFault) {
  inject(FaultKind::silent, 0, 0, {}, SteadyDuration::max());
  clock_.advance(2s);

  peer_.clear_faults();

  EXPECT_GT(count(during(1s), 0x600), 10);
}

}  // namespace
}  // namespace b2m::can

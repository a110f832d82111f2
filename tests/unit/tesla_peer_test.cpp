// SPDX-License-Identifier: MIT
// The simulated ring on a serial line in memory, in virtual time: its pace, and what goes wrong on
// request.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "gateway/io/memory_serial.hpp"
#include "tests/support/running.hpp"
#include "tests/support/tesla_ring.hpp"

namespace b2m::tesla_uart {
namespace {

using namespace std::chrono_literals;

const peer::Frame kAddressOf1 = {0x02, 0x3B, 0x01}, kAddressOf2 = {0x04, 0x3B, 0x01};
const peer::Frame kOf1 = {0x02, 0x3B, 0x01, 0x81, 0xBA}, kOf2 = {0x04, 0x3B, 0x01, 0x82, 0xC7};

peer::Frame checked(peer::Frame frame) {
  frame.push_back(peer::checksum(frame));
  return frame;
}

/// Everything that arrives until the deadline.
Awaitable<Result<peer::Frame>> ask(ByteStream& port, peer::Frame request, SteadyTime deadline) {
  if (const Result<> sent = co_await port.write(request, deadline); !sent) co_return sent.error();
  peer::Frame all, buffer(256);
  for (;;) {
    const Result<std::size_t> n = co_await port.read_some(buffer, deadline);
    if (!n) co_return n.error().code == Errc::timeout ? Result<peer::Frame>(all) : n.error();
    all.insert(all.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*n));
  }
}

class TeslaPeer : public testing::Test {
 protected:
  TeslaPeer() { start({}, 2); }

  void start(const RingPeerSettings& settings, int modules) {
    runs_.reset();
    peer_ = std::make_unique<RingPeer>(clock_, settings,
                                       [this](const std::string& line) { said_.push_back(line); });
    for (int i = 0; i < modules; ++i) cells_.push_back(&peer_->add_fixed());
    runs_ = std::make_unique<test::Running<>>(clock_, peer_->run(line_.device()));
    if (!port_) port_ = *line_.open();
    for (int i = 1; i <= modules; ++i)
      during(checked({0x01, 0x3B, static_cast<std::uint8_t>(0x80 | i)}));
  }
  /// What comes back within that time.
  peer::Frame during(peer::Frame request, SteadyDuration time = 20ms) {
    test::Running<peer::Frame> asked(clock_, ask(*port_, std::move(request), clock_.now() + time));
    clock_.advance(time);
    return asked.is_done() && asked.result() ? *asked.result() : peer::Frame{};
  }
  bool inject(RingFaultKind kind, int module = 0, std::optional<double> value = {},
              SteadyDuration lasts = 10s) {
    return peer_->inject({kind, module, 0, value, lasts});
  }

  test::VirtualClock clock_;
  MemorySerial line_{clock_.executor(), clock_};
  std::unique_ptr<ByteStream> port_;
  std::vector<std::string> said_;
  std::vector<peer::FixedCells*> cells_;
  std::unique_ptr<RingPeer> peer_;
  std::unique_ptr<test::Running<>> runs_;
};

TEST_F(TeslaPeer, AnswersOnALineAndGoesOnAfterItWasUnplugged) {
  EXPECT_EQ(during(kAddressOf2), kOf2);
  line_.unplug();
  EXPECT_EQ(during(kAddressOf2), peer::Frame{});
  port_.reset();
  line_.plug_in();
  port_ = *line_.open();

  EXPECT_EQ(during(kAddressOf2), kOf2);
}

TEST_F(TeslaPeer, KeepsTheTimeOfTheLine) {
  RingPeerSettings settings;
  settings.is_paced = true;
  start(settings, 16);

  // 19 registers: 23 bytes and 16 hops of 16.33 us; writes 4 bytes and 16 hops.
  const peer::Frame read = {0x02, 0x00, 0x13}, write = checked({0x03, 0x30, 0x3D});
  EXPECT_TRUE(during(read, 636us).empty());
  clock_.advance(1s);
  during({}, 1ms);
  EXPECT_EQ(during(read, 637us).size(), 23U);
  EXPECT_TRUE(during(write, 326us).empty());
  during({}, 1ms);
  EXPECT_EQ(during(write, 327us).size(), 4U);
}

TEST_F(TeslaPeer, ADeadModuleCostsItsOwnAnswerAndComesBackAsNew) {
  ASSERT_TRUE(inject(RingFaultKind::dead, 1));
  EXPECT_EQ(during(kAddressOf1), kAddressOf1);
  EXPECT_EQ(during(kAddressOf2), kOf2);

  clock_.advance(10s);
  EXPECT_EQ(during(kAddressOf1), kAddressOf1);
  EXPECT_EQ(peer_->address(0), 0);
}

TEST_F(TeslaPeer, ADeafModuleForwardsAndKeepsItsAddress) {
  ASSERT_TRUE(inject(RingFaultKind::deaf, 2));
  EXPECT_EQ(during(kAddressOf2), kAddressOf2);
  EXPECT_EQ(during(kAddressOf1), kOf1);

  clock_.advance(10s);
  EXPECT_EQ(during(kAddressOf2), kOf2);
}

TEST_F(TeslaPeer, InABrokenRingBoardsBeforeTheCutStillObey) {
  ASSERT_TRUE(inject(RingFaultKind::broken, 1));

  EXPECT_TRUE(during(checked({0x7F, 0x30, 0x3D})).empty());

  EXPECT_EQ(peer_->register_of(0, 0x30), 0x3D);
  EXPECT_EQ(peer_->register_of(1, 0x30), 0x00);
}

TEST_F(TeslaPeer, SpoilsChecksumsLosesBytesAndAddsSome) {
  ASSERT_TRUE(inject(RingFaultKind::corrupt, 1));
  peer::Frame corrupt = kOf1;
  corrupt.back() ^= 0x55;
  EXPECT_EQ(during(kAddressOf1), corrupt);
  EXPECT_EQ(during(kAddressOf2), kOf2);

  peer_->clear_faults();
  ASSERT_TRUE(inject(RingFaultKind::byte_loss, 1, 1));
  EXPECT_TRUE(during(kAddressOf1).empty());
  peer_->clear_faults();
  ASSERT_TRUE(inject(RingFaultKind::noise, 1, 1));
  EXPECT_EQ(during(kAddressOf1).size(), 2 * kOf1.size());
  EXPECT_EQ(during(kAddressOf2), kOf2);
}

TEST_F(TeslaPeer, ANoisyLineTalksInSilence) {
  ASSERT_TRUE(inject(RingFaultKind::noise, 0, 0.5));

  const std::size_t heard = during({}, 5s).size();
  EXPECT_GT(heard, 10U);
  EXPECT_LT(heard, 40U);
}

TEST_F(TeslaPeer, DripsOneByteASecondAndAnswersLate) {
  ASSERT_TRUE(inject(RingFaultKind::drip));
  EXPECT_EQ(during(kAddressOf1, 3s), peer::Frame(kOf1.begin(), kOf1.begin() + 3));
  clock_.advance(10s);
  during({}, 1ms);

  ASSERT_TRUE(inject(RingFaultKind::late, 2, 0.05));
  EXPECT_TRUE(during(kAddressOf2, 49ms).empty());
  during({}, 2ms);
  EXPECT_EQ(during(kAddressOf2, 51ms), kOf2);
}

TEST_F(TeslaPeer, EchoesTheRequestTwice) {
  ASSERT_TRUE(inject(RingFaultKind::echo));
  peer::Frame both = kAddressOf1;
  both.insert(both.end(), kOf1.begin(), kOf1.end());

  EXPECT_EQ(during(kAddressOf1), both);
}

TEST_F(TeslaPeer, SwappedBoardsKeepTheirAddressesUntilAReset) {
  ASSERT_TRUE(inject(RingFaultKind::swapped, 1, 2));
  EXPECT_EQ(peer_->address(0), 2);
  EXPECT_EQ(during(kAddressOf1), kOf1);

  clock_.advance(11s);
  EXPECT_EQ(peer_->address(0), 1);
}

TEST_F(TeslaPeer, AResetBoardHasNoAddressAndSaysSo) {
  ASSERT_TRUE(inject(RingFaultKind::board_reset, 2));

  EXPECT_EQ(during(kAddressOf2), kAddressOf2);
  EXPECT_EQ(during({0x00, 0x00, 0x01}), checked({0x80, 0x00, 0x01, 0x60}));
}

TEST_F(TeslaPeer, AnExtraBoardAppearsAtTheEndAndGoes) {
  ASSERT_TRUE(inject(RingFaultKind::extra_module));
  EXPECT_EQ(peer_->modules(), 3U);
  EXPECT_EQ(during({0x00, 0x00, 0x01})[0], 0x80);

  clock_.advance(11s);
  EXPECT_EQ(peer_->modules(), 2U);
}

TEST_F(TeslaPeer, MeasuresFaultyCellsAndSensors) {
  const auto cell_of_1 = [&] {
    during(checked({0x7F, 0x30, 0x3D}));
    during(checked({0x7F, 0x31, 0x03}));
    during(checked({0x7F, 0x34, 0x01}));
    return during({0x02, 0x03, 0x10});
  };
  const peer::Frame good = cell_of_1();
  ASSERT_TRUE(peer_->inject({RingFaultKind::cell_voltage, 1, 2, 4.1, 10s}));
  ASSERT_TRUE(peer_->inject({RingFaultKind::open_sensor, 1, 1, {}, 10s}));
  ASSERT_TRUE(peer_->inject({RingFaultKind::shorted_sensor, 1, 2, {}, 10s}));
  const peer::Frame bad = cell_of_1();

  EXPECT_EQ(u16be(Bytes(bad).subspan(3)), u16be(Bytes(good).subspan(3)));
  EXPECT_EQ(u16be(Bytes(bad).subspan(5)), peer::raw_cell(4.1_V));
  EXPECT_EQ(u16be(Bytes(bad).subspan(15)), 0);
  EXPECT_EQ(u16be(Bytes(bad).subspan(17)), 16383);

  ASSERT_TRUE(inject(RingFaultKind::stuck, 1));
  peer_->clear_faults();
  EXPECT_EQ(cell_of_1(), good);
  ASSERT_TRUE(inject(RingFaultKind::no_data_ready, 1));
  cells_[0]->voltages.fill(4_V);
  EXPECT_EQ(cell_of_1(), good);
  EXPECT_EQ(peer_->register_of(0, 0x00) & 1, 0);
}

TEST_F(TeslaPeer, ABleedEndsByItselfWhenNobodyTalksAnyMore) {
  during(checked({0x03, 0x33, 0x05}));
  during(checked({0x03, 0x32, 0x05}));
  EXPECT_TRUE(peer_->is_bleeding(0, 2));
  port_.reset();
  clock_.advance(5s);

  EXPECT_FALSE(peer_->is_bleeding(0, 2));
  EXPECT_EQ(said_, (std::vector<std::string>{"ring id=ring module=1 bleed=1,3",
                                             "ring id=ring module=1 bleed=none"}));
}

TEST_F(TeslaPeer, RefusesFaultsOfBoardsThatAreNotThere) {
  EXPECT_FALSE(inject(RingFaultKind::dead, 3));
  EXPECT_FALSE(inject(RingFaultKind::swapped, 1, 3));
  EXPECT_FALSE(inject(RingFaultKind::unplug));
}

}  // namespace
}  // namespace b2m::tesla_uart

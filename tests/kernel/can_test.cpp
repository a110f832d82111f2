// SPDX-License-Identifier: MIT
// SocketCAN on a real kernel: vcan for frames, simcan (tests/kernel/vm) for bit rates and faults.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "gateway/io/can_bus.hpp"
#include "gateway/io/can_error.hpp"
#include "tests/support/running.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

bool shell(const std::string& command) { return std::system(command.c_str()) == 0; }

bool exists(const std::string& interface) {
  return std::filesystem::exists("/sys/class/net/" + interface);
}

CanOpening on(const std::string& interface) {
  CanOpening opening;
  opening.interface = interface;
  return opening;
}

class KernelCan : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* interface : {"vcan0", "vcan1", "simcan0", "simcan1"}) {
      if (exists(interface)) continue;
      if (std::getenv("VMRUN")) FAIL() << "no interface " << interface;
      GTEST_SKIP() << "no interface " << interface << "; run inside tests/kernel/vm/vmrun";
    }
    shell("ip link set simcan0 down; ip link set simcan1 down; ip link set vcan0 up");
  }

  Result<std::unique_ptr<CanBus>> try_open(CanOpening opening) {
    return finish(clock_, open_(std::move(opening)));
  }
  std::unique_ptr<CanBus> open(CanOpening opening) {
    auto bus = try_open(std::move(opening));
    if (!bus) ADD_FAILURE() << bus.error().text();
    return bus ? std::move(*bus) : nullptr;
  }
  std::unique_ptr<CanBus> open(const std::string& interface) { return open(on(interface)); }

  Result<> send(CanBus& bus, std::uint32_t id) {
    return finish(clock_, bus.send(CanFrame{.id = id, .length = 1, .data = {7}}));
  }

  /// Every frame until `count` have come, or the error that ended it.
  std::vector<CanFrame> receive(CanBus& bus, std::size_t count) {
    std::vector<CanFrame> all;
    std::array<CanFrame, 64> frames;
    while (all.size() < count) {
      const auto n = finish(clock_, bus.receive(frames));
      if (!n) break;
      all.insert(all.end(), frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(*n));
    }
    return all;
  }

  VirtualClock clock_;
  OpenCan open_ = make_can_opener(clock_.executor(), clock_);
};

TEST_F(KernelCan, FiltersByExactIdAndKind) {
  CanOpening opening = on("vcan0");
  opening.filters = {{0x600, false}, {0x1ABCDEF0, true}};
  const auto bus = open(opening);
  ASSERT_TRUE(bus);
  ASSERT_TRUE(
      shell("for f in 601#01 00000600#02 600#R 1ABCDEF0#03 20000004#0001000000000000 "
            "600#FB0423; do cansend vcan0 $f; done"));
  const auto frames = receive(*bus, 3);
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_TRUE(frames[0].extended);
  EXPECT_EQ(frames[0].id, 0x1ABCDEF0U);
  EXPECT_TRUE(frames[1].error);
  EXPECT_EQ(frames[1].id, can_error::kController);
  EXPECT_EQ(to_hex(frames[2].payload()), "FB0423");
  EXPECT_EQ(bus->status().overruns, 1U);
}

TEST_F(KernelCan, FiltersByItselfWhenTheKernelTakesNoMoreFilters) {
  CanOpening opening = on("vcan0");
  for (std::uint32_t id = 0; id < 600; ++id) opening.filters.push_back({id, false});
  const auto bus = open(opening);
  ASSERT_TRUE(bus);
  ASSERT_TRUE(shell("cansend vcan0 700#; cansend vcan0 001#R; cansend vcan0 001#11"));
  EXPECT_EQ(receive(*bus, 1), std::vector{(CanFrame{.id = 1, .length = 1, .data = {0x11}})});
}

TEST_F(KernelCan, HearsEveryFrameOfARecording) {
  constexpr std::size_t kFrames = 2000;
  const std::string path = testing::TempDir() + "b2m_play.log";
  std::ofstream log(path);
  for (std::size_t i = 0; i < kFrames; ++i)
    log << "(1000." << 100'000 + i << ") can0 6" << i % 10 << i / 10 % 10 << "#0102\n";
  log.close();
  const auto bus = open("vcan0");
  ASSERT_TRUE(bus);
  ASSERT_TRUE(shell("canplayer -t -g 0 -I " + path + " vcan0=can0 &"));
  EXPECT_EQ(receive(*bus, kFrames).size(), kFrames);
  EXPECT_EQ(bus->status().overruns, 0U);
  std::filesystem::remove(path);
}

TEST_F(KernelCan, SetsTheBitRateAndTalks) {
  const auto a = open("simcan0"), b = open("simcan1");
  ASSERT_TRUE(a && b);
  EXPECT_TRUE(
      shell("ip -d link show simcan0 | tr '\\n' ' ' | grep -q 'restart-ms 100.*bitrate 500000'"));
  ASSERT_TRUE(send(*a, 0x604));
  ASSERT_EQ(receive(*b, 1).size(), 1U);
  EXPECT_EQ(b->status().state, CanState::error_active);
  EXPECT_EQ(b->status().rx_errors, 0);
}

TEST_F(KernelCan, LeavesAnInterfaceThatRunsRightAlone) {
  ASSERT_TRUE(shell("ip link set simcan0 up type can bitrate 500000 restart-ms 7"));
  const auto bus = open("simcan0");
  ASSERT_TRUE(bus);
  EXPECT_TRUE(shell("ip -d link show simcan0 | grep -q 'restart-ms 7 '"));
}

TEST_F(KernelCan, ChangesAWrongBitRateWhenItMay) {
  ASSERT_TRUE(shell("ip link set simcan0 up type can bitrate 250000"));
  const auto bus = open("simcan0");
  ASSERT_TRUE(bus);
  EXPECT_TRUE(shell("ip -d link show simcan0 | grep -q 'bitrate 500000'"));
}

TEST_F(KernelCan, SaysThatTheBitRateIsAnotherWhenItMayNotChangeIt) {
  ASSERT_TRUE(shell("ip link set simcan0 up type can bitrate 250000"));
  CanOpening opening = on("simcan0");
  opening.configure = false;
  const auto bus = try_open(opening);
  ASSERT_FALSE(bus);
  EXPECT_EQ(bus.error().text(),
            "simcan0 runs at 250000 bit/s, not 500000 as configured; set it up with: sudo ip link "
            "set simcan0 down; sudo ip link set simcan0 up type can bitrate 500000 restart-ms 100");
}

TEST_F(KernelCan, WritesTheLineToTypeWhenItHasNoRights) {
  constexpr uid_t kNobody = 65'534;
  ASSERT_EQ(::seteuid(kNobody), 0);
  const auto bus = try_open(on("simcan0"));
  ASSERT_EQ(::seteuid(0), 0);
  ASSERT_FALSE(bus);
  EXPECT_EQ(bus.error().code, Errc::permission);
  EXPECT_NE(
      bus.error().text().find("ip link set simcan0 up type can bitrate 500000 restart-ms 100"),
      std::string::npos)
      << bus.error().text();
}

TEST_F(KernelCan, RefusesABitRateThatTheControllerCannotMake) {
  CanOpening opening = on("simcan0");
  opening.bitrate_bps = 3'000'000;
  const auto bus = try_open(opening);
  ASSERT_FALSE(bus);
  EXPECT_NE(bus.error().text().find("does not take 3000000 bit/s"), std::string::npos);
}

TEST_F(KernelCan, ListensOnly) {
  CanOpening opening = on("simcan0");
  opening.listen_only = true;
  const auto bus = open(opening);
  ASSERT_TRUE(bus);
  EXPECT_TRUE(shell("ip -d link show simcan0 | grep -q LISTEN-ONLY"));
  EXPECT_EQ(send(*bus, 1).error().code, Errc::not_supported);
}

TEST_F(KernelCan, RecoversFromBusOffByRestartMs) {
  const auto bus = open("simcan0"), other = open("simcan1");
  ASSERT_TRUE(bus && other);
  ASSERT_TRUE(shell("echo bus-off >/sys/class/net/simcan0/fault"));
  const auto frames = receive(*bus, 2);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].id, can_error::kBusOff);
  EXPECT_TRUE(frames[1].id & can_error::kRestarted);
  EXPECT_TRUE(send(*bus, 0x604));
  EXPECT_EQ(bus->status().bus_offs, 1U);
  EXPECT_EQ(bus->status().restarts, 1U);
}

TEST_F(KernelCan, RestartsByItselfWhenTheKernelDoesNot) {
  CanOpening opening = on("simcan0");
  opening.restart_ms = 0;
  const auto bus = open(opening), other = open("simcan1");
  ASSERT_TRUE(bus && other);
  ASSERT_TRUE(shell("echo bus-off >/sys/class/net/simcan0/fault"));
  ASSERT_EQ(receive(*bus, 1).size(), 1U);
  EXPECT_EQ(send(*bus, 0x604).error().code, Errc::bus_off);

  std::array<CanFrame, 4> frames;
  Running<std::size_t> reader(clock_, bus->receive(frames));
  EXPECT_FALSE(clock_.run_until([&] { return reader.is_done(); }, 300ms));
  clock_.advance(100ms);

  ASSERT_EQ(*reader.join(), 1U);
  EXPECT_TRUE(frames[0].id & can_error::kRestarted);
  EXPECT_TRUE(send(*bus, 0x604));
}

TEST_F(KernelCan, ReportsErrorPassiveAndAFullQueueWhenNobodyAcknowledges) {
  const auto bus = open("simcan0");
  ASSERT_TRUE(bus);
  Result<> sent;
  for (int i = 0; i < 1000 && sent; ++i) sent = send(*bus, 0x604);
  EXPECT_EQ(sent.error().code, Errc::buffer_full);
  EXPECT_EQ(bus->status().state, CanState::error_passive);
  EXPECT_EQ(bus->status().tx_errors, 128);
  const auto other = open("simcan1");
  ASSERT_TRUE(other);
  EXPECT_GE(receive(*other, 1).size(), 1U);
}

TEST_F(KernelCan, AnInterfaceGoingDownIsADisconnection) {
  auto bus = open("simcan0");
  ASSERT_TRUE(bus);
  std::array<CanFrame, 4> frames;
  Running<std::size_t> reader(clock_, bus->receive(frames));
  ASSERT_TRUE(shell("ip link set simcan0 down"));
  EXPECT_EQ(reader.join().error().code, Errc::disconnected);
  EXPECT_EQ(send(*bus, 1).error().code, Errc::disconnected);

  bus = open("simcan0");
  const auto other = open("simcan1");
  ASSERT_TRUE(bus && other);
  ASSERT_TRUE(send(*other, 0x600));
  EXPECT_EQ(receive(*bus, 1).size(), 1U);
}

TEST_F(KernelCan, AnInterfaceGoingAwayIsADisconnection) {
  const auto bus = open("vcan1");
  ASSERT_TRUE(bus);
  std::array<CanFrame, 4> frames;
  Running<std::size_t> reader(clock_, bus->receive(frames));
  ASSERT_TRUE(shell("ip link del vcan1"));
  EXPECT_EQ(reader.join().error().code, Errc::disconnected);
  EXPECT_EQ(send(*bus, 1).error().code, Errc::disconnected);
  EXPECT_EQ(bus->status().state, CanState::stopped);

  const auto again = try_open(on("vcan1"));
  EXPECT_EQ(again.error().code, Errc::not_found);
  EXPECT_NE(again.error().text().find("there are: can0, can1, simcan0, simcan1, vcan0"),
            std::string::npos)
      << again.error().text();
  ASSERT_TRUE(shell("ip link add vcan1 type vcan && ip link set vcan1 up"));
  EXPECT_TRUE(open("vcan1"));
}

TEST_F(KernelCan, BringsVcanUpWithoutABitRate) {
  ASSERT_TRUE(shell("ip link set vcan0 down"));
  const auto bus = open("vcan0");
  ASSERT_TRUE(bus);
  EXPECT_TRUE(send(*bus, 1));
}

TEST_F(KernelCan, CancellationEndsReceive) {
  const auto bus = open("vcan0");
  ASSERT_TRUE(bus);
  std::array<CanFrame, 4> frames;
  Running<std::size_t> reader(clock_, bus->receive(frames));
  reader.cancel();
  EXPECT_EQ(reader.join().error().code, Errc::cancelled);
}

TEST_F(KernelCan, OtherInterfacesAreNotCan) {
  EXPECT_EQ(try_open(on("lo")).error().code, Errc::not_supported);
  EXPECT_EQ(try_open(on("../../etc")).error().code, Errc::not_found);
}

TEST_F(KernelCan, WorksOnARealControllersDriver) {
  ASSERT_TRUE(exists("can0") && exists("can1")) << "Kvaser cards";
  const auto a = open("can0"), b = open("can1");
  ASSERT_TRUE(a && b);
  ASSERT_TRUE(send(*a, 0x604));
  EXPECT_EQ(receive(*b, 1).size(), 1U);
}

}  // namespace
}  // namespace b2m::test

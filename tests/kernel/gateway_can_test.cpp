// SPDX-License-Identifier: MIT
// The main job on a real kernel: frames that can-utils send reach MQTT, commands reach the bus, and
// a controller with a bit rate goes bus-off, comes back, is taken down and up.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/support/gateway_rig.hpp"

namespace b2m::test {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

/// An emulated machine is twenty times slower.
constexpr auto kSlow = 60s;

class KernelGateway : public GatewayRig {
 protected:
  void SetUp() override {
    for (const char* interface : {"vcan0", "simcan0", "simcan1"}) {
      if (std::filesystem::exists(std::string("/sys/class/net/") + interface)) continue;
      if (std::getenv("VMRUN")) FAIL() << "no interface " << interface;
      GTEST_SKIP() << "no interface " << interface << "; run inside tests/kernel/vm/vmrun";
    }
    file.mqtt_lines = "min_interval_s = 0\n";
  }

  void start_on(const std::string& interface) {
    file.interface = interface;
    start_tap();
    start_gateway();
    ASSERT_TRUE(tap->wait_state(topic("bridge/state"), "online", kSlow)) << gateway->log();
    ASSERT_TRUE(tap->wait_state(topic("bridge/bench_connected"), "ON", kSlow)) << gateway->log();
  }
  void send(const std::string& interface, const std::string& frame) {
    const Ran ran = run_other({"cansend", interface, frame});
    ASSERT_EQ(ran.status, 0) << frame << ": " << ran.log;
  }
  /// Whether the topic has held this since `from`; the value itself may have aged meanwhile.
  bool says(std::string_view below, std::string_view payload, std::size_t from = 0) {
    return tap
        ->wait([&](const TapMessage& m) { return m.topic == topic(below) && m.payload == payload; },
               from, kSlow)
        .has_value();
  }
  bool tells(std::vector<std::string> words, std::size_t from = 0) {
    return tap->wait_event(file.id, std::move(words), from, kSlow).has_value();
  }
  /// Both packs with 12.80 V and 27.60 °C a block, and charge outputs that are off.
  std::string write_log() {
    std::ofstream out(folder / "bus.log");
    int ms = 0;
    const auto line = [&](const std::string& frame) {
      out << fmt::format("({}.{:06}) can0 {}\n", 1'700'000'000 + ms / 1000, ms % 1000 * 1000,
                         frame);
      ms += 20;
    };
    for (const int pack : {0, 1}) {
      for (int cell = 1; cell <= 6; ++cell) {
        line(fmt::format("{:X}#0005{:X}", 0x600 + pack, 0x20 + cell));
        line(fmt::format("{:X}#C80A{:X}", 0x600 + pack, 0x10 + cell));
      }
      line(fmt::format("{:X}#000031", 0x606 + pack));
    }
    return folder / "bus.log";
  }
};

TEST_F(KernelGateway, FramesOfCansendBecomeValuesOnTheirTopics) {
  start_on("vcan0");

  for (const char* frame : {"600#FB0423", "600#0CFE11", "601#F80424", "601#9E0A16"})
    send("vcan0", frame);

  EXPECT_TRUE(says("pack1/cell_03_voltage", "12.75")) << gateway->log();
  EXPECT_TRUE(says("pack1/cell_01_temperature", "-5.00"));
  EXPECT_TRUE(says("pack2/cell_04_voltage", "12.72"));
  EXPECT_TRUE(says("pack2/cell_06_temperature", "27.18"));
  EXPECT_TRUE(says("pack1/availability", "online"));
}

TEST_F(KernelGateway, OddFramesOfCansendAreCountedAndOnesOfTheBmsTold) {
  start_on("vcan0");

  for (const char* frame : {"600#00", "600#R", "00000600#000521", "7AA#01", "602#000521"})
    send("vcan0", frame);

  EXPECT_TRUE(tells({"bms_error", "pack1", "000521"})) << gateway->log();
  const auto health = tap->wait(
      [&](const TapMessage& m) {
        if (m.topic != topic("bridge/health")) return false;
        const Json counters = Json::parse(m.payload)["adapters"][0]["counters"];
        return counters["wrong_length"] == 1 && counters["remote"] == 1 && counters["unknown"] == 2;
      },
      0, kSlow);
  EXPECT_TRUE(health) << tap->last(topic("bridge/health")).value_or("");
  for (const std::string& value : tap->payloads(topic("pack1/cell_01_voltage")))
    EXPECT_EQ(value, "None");
}

TEST_F(KernelGateway, ALogThatCanplayerPlaysFillsBothPacks) {
  start_on("vcan0");

  const Ran played = run_other({"canplayer", "-I", write_log(), "vcan0=can0"});

  ASSERT_EQ(played.status, 0) << played.log;
  EXPECT_TRUE(says("pack1/voltage", "76.80")) << gateway->log();
  EXPECT_TRUE(says("pack2/voltage", "76.80"));
  EXPECT_TRUE(says("pack2/temperature_max", "27.6"));
  EXPECT_TRUE(says("pack1/charging", "OFF"));
}

TEST_F(KernelGateway, TheSwitchPutsItsFrameOnTheBusAndSigtermTheOffFrame) {
  file.packs = {1};
  auto candump = GatewayProcess::other({"candump", "-L", "vcan0,604:7FF"});
  const auto dumped = [&](std::string_view frame) {
    return candump.output().find(frame) != std::string::npos;
  };
  auto player = GatewayProcess::other({"canplayer", "-l", "i", "-I", write_log(), "vcan0=can0"});
  start_on("vcan0");
  ASSERT_TRUE(eventually([&] { return dumped("604#000031"); }, kSlow)) << gateway->log();
  ASSERT_TRUE(says("pack1/voltage", "76.80"));
  ASSERT_TRUE(says("pack1/charging", "OFF"));

  tap->publish(topic("pack1/charging/set"), "ON");
  ASSERT_TRUE(eventually([&] { return dumped("604#010031"); }, kSlow)) << gateway->log();
  gateway->signal(SIGTERM);

  EXPECT_EQ(gateway->wait(kSlow), 0);
  EXPECT_TRUE(eventually(
      [&] {
        const std::string all = candump.output();
        const auto on = all.rfind("604#010031");
        return all.find("604#000031", on) != std::string::npos;
      },
      kSlow));
  EXPECT_TRUE(tap->wait_state(topic("bridge/state"), "offline", kSlow));
}

TEST_F(KernelGateway, AControllerIsBroughtUpGoesBusOffAndComesBack) {
  ASSERT_EQ(run_other({"ip", "link", "set", "simcan0", "down"}).status, 0);
  ASSERT_EQ(run_other({"sh", "-c",
                       "ip link set simcan1 down; ip link set simcan1 up type can bitrate 500000"})
                .status,
            0);
  start_on("simcan0");
  send("simcan1", "600#000521");
  ASSERT_TRUE(says("pack1/cell_01_voltage", "12.80")) << gateway->log();

  std::ofstream("/sys/class/net/simcan0/fault") << "bus-off\n";

  EXPECT_TRUE(tells({"\"bus_off\"", "bench"})) << gateway->log();
  EXPECT_TRUE(tells({"bus_recovered", "bench"})) << gateway->log();
  EXPECT_TRUE(says("bridge/bench_bus_off_count", "1"));
  const std::size_t from = tap->mark();
  send("simcan1", "600#FB0421");
  EXPECT_TRUE(says("pack1/cell_01_voltage", "12.75", from)) << gateway->log();
}

TEST_F(KernelGateway, AnInterfaceThatGoesDownIsToldAndUsedAgain) {
  start_on("vcan0");

  ASSERT_EQ(run_other({"ip", "link", "set", "vcan0", "down"}).status, 0);
  ASSERT_TRUE(tells({"adapter_failed", "bench"})) << gateway->log();
  const std::size_t from = tap->mark();
  ASSERT_EQ(run_other({"ip", "link", "set", "vcan0", "up"}).status, 0);
  EXPECT_TRUE(tells({"adapter_recovered", "bench"}, from)) << gateway->log();

  send("vcan0", "600#FB0423");
  EXPECT_TRUE(says("pack1/cell_03_voltage", "12.75", from)) << gateway->log();
}

TEST_F(KernelGateway, AnInterfaceThatDoesNotExistIsExplained) {
  file.interface = "can77";
  start_tap();

  start_gateway();

  EXPECT_TRUE(tap->wait(
      [&](const TapMessage& m) {
        return m.topic == topic("bridge/bench_last_error") &&
               m.payload.find("can77") != std::string::npos;
      },
      0, kSlow))
      << gateway->log();
  EXPECT_TRUE(tap->wait_state(topic("bridge/state"), "online", kSlow));
}

}  // namespace
}  // namespace b2m::test

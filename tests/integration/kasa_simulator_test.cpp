// SPDX-License-Identifier: MIT
// The gateway on plugs simulated by somebody else, the npm package tplink-smarthome-simulator, and
// switched by somebody else's client, mosquitto_pub.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/broker.hpp"
#include "tests/support/gateway_process.hpp"
#include "tests/support/mqtt_tap.hpp"
#include "tests/support/other_peers.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

/// Where npm has put the package; `run.sh test` sees to that.
std::string modules() {
  if (const char* own = std::getenv("KASA_SIM_MODULES")) return own;
  return B2M_SOURCE_DIR "/build/npm/package.json";
}

bool has_simulator() {
  const auto folder = std::filesystem::path(modules()).parent_path();
  return std::filesystem::exists(folder / "node_modules/tplink-smarthome-simulator") &&
         run_other({"node", "--version"}).status == 0;
}

class KasaSimulator : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_simulator())
      return peer_is_missing(
          "tplink-smarthome-simulator is not installed (./run.sh test does it, with npm ci in "
          "build/npm)");
    start_simulator();
    tap = std::make_unique<MqttTap>(
        MqttTap::Login{fmt::format("tcp://127.0.0.1:{}", broker.port()), "", "", "#"});
    const std::string config = folder / "battery2mqtt.toml";
    std::ofstream(config) << text();
    gateway = std::make_unique<GatewayProcess>(
        std::vector<std::string>{"run", "-c", std::string(config)});
  }

  void start_simulator() {
    setenv("KASA_SIM_MODULES", modules().c_str(), 0);
    simulator.reset(new GatewayProcess(GatewayProcess::other(  // it cannot be moved
        {"node", B2M_SOURCE_DIR "/tests/support/kasa_sim/start.mjs"})));
    ASSERT_TRUE(eventually([&] { return simulator->output().find("READY") != std::string::npos; }))
        << simulator->log();
    std::istringstream lines(simulator->output());
    for (std::string line; std::getline(lines, line);) {
      const auto said = nlohmann::json::parse(line, nullptr, false);
      if (said.is_object() && said.contains("port")) ports[said["dev"]] = said["port"];
    }
  }

  [[nodiscard]] std::string text() const {
    std::string all = fmt::format(
        "[gateway]\nstate_dir = \"{}\"\n[mqtt]\nurl = \"{}\"\n[control]\nallow = [\"plugs\"]\n"
        "[[kasa]]\nid = \"plugs\"\ndiscovery = false\npoll_s = 1\nfast_poll_s = 1\n",
        folder / "state", broker.url());
    for (const char* id : {"hs110", "hs110v2", "kp115", "hs100"})
      all +=
          fmt::format("[[kasa.plug]]\nid = \"{}\"\nmatch = {{ host = \"127.0.0.1\", port = {} }}\n",
                      id, ports.at(id));
    return all + fmt::format(
                     "[[kasa.strip]]\nid = \"strip\"\nsockets = 6\nmatch = {{ host = "
                     "\"127.0.0.1\", port = {} }}\n",
                     ports.at("hs300"));
  }

  void publish(const std::string& topic, const std::string& payload) const {
    const Ran ran = run_other({"mosquitto_pub", "-p", std::to_string(broker.port()), "-t",
                               "battery2mqtt/" + topic, "-m", payload});
    EXPECT_EQ(ran.status, 0) << ran.log;
  }
  [[nodiscard]] bool is(const std::string& topic, const std::string& payload) const {
    return tap->wait_state("battery2mqtt/" + topic, payload, 20s);
  }
  [[nodiscard]] double number(const std::string& topic) const {
    double value = -1;
    eventually([&] {
      const auto last = tap->last("battery2mqtt/" + topic);
      if (!last || *last == "None") return false;
      value = std::strtod(last->c_str(), nullptr);
      return true;
    });
    return value;
  }

  ScratchFolder folder;
  Broker broker;
  std::unique_ptr<GatewayProcess> simulator, gateway;
  std::map<std::string, int> ports;
  std::unique_ptr<MqttTap> tap;
};

TEST_F(KasaSimulator, SinglePlugsAreSwitchedAndMetered) {
  for (const std::string id : {"hs110", "hs110v2", "kp115", "hs100"}) {
    SCOPED_TRACE(id);
    ASSERT_TRUE(is(id + "/availability", "online")) << gateway->log();
    publish(id + "/relay/set", "ON");
    EXPECT_TRUE(is(id + "/relay", "ON")) << gateway->log();
    if (id != "hs100") {
      EXPECT_NEAR(number(id + "/power"), 3.14, 0.1);
      EXPECT_NEAR(number(id + "/voltage"), 122, 1);
    }
    publish(id + "/relay/set", "OFF");
    EXPECT_TRUE(is(id + "/relay", "OFF")) << gateway->log();
  }
}

TEST_F(KasaSimulator, SocketsOfAStripAreSwitchedOneByOne) {
  ASSERT_TRUE(is("strip_socket2/availability", "online")) << gateway->log();
  for (const char* socket : {"strip_socket1", "strip_socket2", "strip_socket3"}) {
    publish(std::string(socket) + "/relay/set", "OFF");
    EXPECT_TRUE(is(std::string(socket) + "/relay", "OFF")) << gateway->log();
  }

  publish("strip_socket2/relay/set", "ON");

  EXPECT_TRUE(is("strip_socket2/relay", "ON")) << gateway->log();
  EXPECT_TRUE(is("strip_socket1/relay", "OFF"));
  EXPECT_TRUE(is("strip_socket3/relay", "OFF"));
}

}  // namespace
}  // namespace b2m::test

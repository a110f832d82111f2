// SPDX-License-Identifier: MIT
// Broker, simulated batteries, listener and the program itself, wired together
// for one test.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json_fwd.hpp>

#include "tests/support/broker.hpp"
#include "tests/support/gateway_process.hpp"
#include "tests/support/mqtt_tap.hpp"
#include "tests/support/peers.hpp"

namespace b2m::test {

/// What stands in the configuration of a test.
struct GatewayFile {
  std::string id = "battery2mqtt";
  std::string url;
  std::string state_dir;
  std::string interface;
  std::string allow = "\"charging\"";
  std::vector<int> packs{1, 2};  // pack1 is part 1 of the bus, and so on; none: no bus either
  std::string gateway_lines, mqtt_lines, can_lines, more;
  bool charge_control = true;

  [[nodiscard]] std::string text() const;
};

/// Two packs on one serial CAN adapter; each value is sent four times a second.
struct WorldText {
  bool has_acknowledgement = true;
  [[nodiscard]] std::string text() const;
};

/// A test names what it needs: start_broker(), start_world(), start_tap(),
/// start_gateway(); or start_all().
class GatewayRig : public testing::Test {
 protected:
  void start_broker(const BrokerSettings& settings = BrokerSettings());
  void start_world(const WorldText& world = {});
  void start_tap();
  /// Writes the configuration and starts the program on it.
  void start_gateway();
  /// Everything, up to both packs online with all cell voltages.
  void start_all(const WorldText& world = {});
  /// SIGTERM, and its exit status.
  int stop_gateway();
  [[nodiscard]] std::string write_config() const;

  [[nodiscard]] std::string topic(std::string_view below) const;
  [[nodiscard]] bool wait_for_packs(std::chrono::milliseconds limit = kPatience);
  /// The newest payload of a topic as JSON; fails the test when there is none
  /// in time.
  [[nodiscard]] nlohmann::json json_at(const std::string& topic);
  /// A health message newer than now that passes; null at the limit.
  [[nodiscard]] nlohmann::json wait_health(const std::function<bool(const nlohmann::json&)>& test);
  /// Publishes with a response topic of its own and returns the answer; null at
  /// the limit.
  nlohmann::json command(const std::string& topic, const std::string& payload);
  [[nodiscard]] bool charging_is(int pack, std::string_view state);
  [[nodiscard]] bool was_charged();

  ScratchFolder folder;
  std::unique_ptr<Broker> broker;
  std::unique_ptr<Peers> peers;
  std::unique_ptr<MqttTap> tap;
  MqttTap::Login login;
  GatewayFile file;
  std::unique_ptr<GatewayProcess> gateway;

 private:
  int answers_ = 0;
};

}  // namespace b2m::test

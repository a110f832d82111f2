// SPDX-License-Identifier: MIT
#include "tests/support/gateway_rig.hpp"

#include <csignal>
#include <fstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace b2m::test {

using Json = nlohmann::json;

std::string GatewayFile::text() const {
  std::string all = fmt::format(
      R"([gateway]
id = "{}"
state_dir = "{}"
{}
[mqtt]
url = "{}"
summary_interval_s = 1
health_interval_s = 1
{}
[control]
allow = [{}]

)",
      id, state_dir, gateway_lines, url, mqtt_lines, allow);
  if (!packs.empty())
    all += fmt::format(
        R"([[can]]
id = "bench"
interface = "{}"
profile = "two_packs"
charge_control = {}
{}
)",
        interface, charge_control, can_lines);
  for (const int pack : packs)
    all += fmt::format(
        R"([[pack]]
id = "pack{0}"
name = "Pack {0}"
chemistry = "lead_12v"
cells_in_series = 6
source = "bench/{0}"

)",
        pack);
  return all + more;
}

std::string WorldText::text() const {
  std::string all = "[[can]]\nid = \"bench\"\ntransport = \"slcan-pty:@DIR@/can\"\n";
  for (const int part : {1, 2}) {
    all += fmt::format(
        R"([[can.pack]]
part = {}
chemistry = "lead_12v"
cells = 6
soc = 0.6
data_id = {:#x}
error_id = {:#x}
charge_id = {:#x}
interval_ms = 250
)",
        part, 0x5FF + part, 0x601 + part, 0x603 + part);
    if (has_acknowledgement) all += fmt::format("ack_id = {:#x}\n", 0x605 + part);
  }
  return all;
}

namespace {

std::string write_file(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

}  // namespace

void GatewayRig::start_broker(const BrokerSettings& settings) {
  broker = std::make_unique<Broker>(settings);
  login.username = settings.username;
  login.password = settings.password;
}

void GatewayRig::start_world(const WorldText& world) {
  peers = std::make_unique<Peers>(world.text());
  file.interface = "slcan:" + peers->folder() + "/can";
}

void GatewayRig::start_tap() {
  if (!broker) start_broker();
  login.url = fmt::format("tcp://127.0.0.1:{}", broker->port());
  tap = std::make_unique<MqttTap>(login);
}

std::string GatewayRig::write_config() const {
  GatewayFile filled = file;
  if (filled.url.empty() && broker) filled.url = broker->url();
  if (filled.state_dir.empty()) filled.state_dir = folder / "state";
  if (filled.interface.empty()) filled.interface = "slcan:" + (folder / "nothing");
  return write_file(folder / "battery2mqtt.toml", filled.text());
}

void GatewayRig::start_gateway() {
  gateway.reset();
  gateway = std::make_unique<GatewayProcess>(std::vector<std::string>{"run", "-c", write_config()});
}

void GatewayRig::start_all(const WorldText& world) {
  start_world(world);
  if (!tap) start_tap();
  start_gateway();
  ASSERT_TRUE(wait_for_packs()) << gateway->log();
}

int GatewayRig::stop_gateway() {
  gateway->signal(SIGTERM);
  return gateway->wait().value_or(-1);
}

std::string GatewayRig::topic(std::string_view below) const {
  return fmt::format("{}/{}", file.id, below);
}

bool GatewayRig::wait_for_packs(std::chrono::milliseconds limit) {
  const auto is_known = [&](const std::string& at) {
    const auto value = tap->last(at);
    return value && *value != "None" && !value->empty();
  };
  return eventually(
      [&] {
        for (const int pack : file.packs) {
          if (tap->last(topic(fmt::format("pack{}/availability", pack))) != "online") return false;
          if (!is_known(topic(fmt::format("pack{}/voltage", pack)))) return false;
          if (!is_known(topic(fmt::format("pack{}/temperature_min", pack)))) return false;
          if (tap->last(fmt::format("homeassistant/device/{}_pack{}/config", file.id, pack))
                  .value_or("")
                  .empty())
            return false;
        }
        return true;
      },
      limit);
}

Json GatewayRig::json_at(const std::string& at) {
  const auto heard = tap->wait([&](const TapMessage& m) { return m.topic == at; });
  EXPECT_TRUE(heard) << "nothing on " << at;
  Json json = Json::parse(tap->last(at).value_or(""), nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << at << ": " << tap->last(at).value_or("");
  return json;
}

Json GatewayRig::wait_health(const std::function<bool(const Json&)>& test) {
  const auto heard = tap->wait(
      [&](const TapMessage& m) {
        if (m.topic != topic("bridge/health")) return false;
        const Json json = Json::parse(m.payload, nullptr, false);
        return json.is_object() && test(json);
      },
      tap->mark());
  return heard ? Json::parse(heard->payload) : Json();
}

Json GatewayRig::command(const std::string& to, const std::string& payload) {
  const std::string answer_topic = fmt::format("answers/{}", ++answers_);
  const std::size_t from = tap->mark();
  TapPublish how;
  how.response_topic = answer_topic;
  tap->publish(to, payload, how);
  const auto heard = tap->wait([&](const TapMessage& m) { return m.topic == answer_topic; }, from);
  return heard ? Json::parse(heard->payload, nullptr, false) : Json();
}

bool GatewayRig::charging_is(int pack, std::string_view state) {
  return tap->wait_state(topic(fmt::format("pack{}/charging", pack)), state);
}

bool GatewayRig::was_charged() {
  return peers->wait_for("charging=on", std::chrono::milliseconds(1));
}

}  // namespace b2m::test

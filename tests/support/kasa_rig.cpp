// SPDX-License-Identifier: MIT
#include "tests/support/kasa_rig.hpp"

#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace b2m::test {

using namespace std::chrono_literals;
using Json = nlohmann::json;

KasaRig::KasaRig() {
  file.packs.clear();
  file.allow = "\"plugs\", \"charging\", \"limits\"";
}

std::string KasaRig::world() const {
  return fmt::format(R"([[kasa]]
id = "garage"
model = "KP115"
alias = "Garage"
  [[kasa.load]]
  kind = "charger"
  {}
[[kasa]]
id = "lamp"
model = "HS110"
address = "127.0.1.2"
  [[kasa.load]]
  kind = "lamp"
  watts = 40

[[kasa]]
id = "strip"
model = "HS300"
address = "127.0.1.3"
sockets = 3
  [[kasa.load]]
  socket = 2
  kind = "lamp"
  watts = 25
)",
                     garage_load);
}

int KasaRig::port_of(const std::string& plug) const {
  const std::string mark = "kasa id=" + plug + " port=";
  return std::stoi(peers->said().substr(peers->said().find(mark) + mark.size()));
}

/// Poll times are in seconds of the gateway's clock. The MACs are those that `peers` gives.
std::string KasaRig::plug_tables() const {
  const std::string mac = lamp_mac.empty() ? "" : fmt::format("mac = \"{}\", ", lamp_mac);
  return fmt::format(R"([[kasa]]
id = "plugs"
discovery = false
poll_s = 1
fast_poll_s = 1
  [[kasa.plug]]
  id = "garage"
  match = {{ mac = "C0:06:C3:00:00:01", host = "127.0.1.1", port = {} }}
  [[kasa.plug]]
  id = "lamp"
  match = {{ {}host = "127.0.1.2", port = {} }}
  [[kasa.strip]]
  id = "strip"
  sockets = 3
  match = {{ mac = "C0:06:C3:00:00:03", host = "127.0.1.3", port = {} }}
)",
                     port_of("garage"), mac, port_of("lamp"), port_of("strip"));
}

std::string KasaRig::charger_table() const {
  return fmt::format(
      "\n[[charger]]\nid = \"garage_charger\"\nplug = \"garage\"\nprofile = \"{}\"\n{}",
      charger_profile, charger_lines);
}

std::vector<std::string> KasaRig::devices() const {
  return {"garage", "lamp", "strip_socket1", "strip_socket2", "strip_socket3"};
}

void KasaRig::start_plugs(const std::string& speed) {
  peers = std::make_unique<Peers>(world(), speed);
  use_tables();
  if (!tap) start_tap();
}

void KasaRig::use_tables() { file.more = plug_tables() + charger_table(); }

void KasaRig::start_site(const std::string& peers_speed) {
  start_plugs(peers_speed);
  start_gateway();
  ASSERT_TRUE(is_online()) << gateway->log();
}

void KasaRig::start_fast_site(int speed) {
  start_plugs(std::to_string(speed));
  gateway = std::make_unique<GatewayProcess>(std::vector<std::string>{
      "demo", "-c", write_config(), "--broker", broker->url(), "--speed", std::to_string(speed)});
  ASSERT_TRUE(is_online()) << gateway->log();
}

bool KasaRig::run_again() {
  const std::size_t from = tap->mark();
  start_gateway();
  return tap
      ->wait(
          [&](const TapMessage& m) {
            return m.topic == topic("bridge/state") && m.payload == "online";
          },
          from, 20s)
      .has_value();
}

bool KasaRig::is_online() {
  for (const std::string& device : devices())
    if (!is(fmt::format("{}/availability", device), "online")) return false;
  return is("garage/relay", "OFF") && eventually([&] {
           const std::string power = tap->last(topic("garage/power")).value_or("None");
           return power != "None" && !power.empty();
         });
}

void KasaRig::publish(const std::string& below, const std::string& payload) const {
  const Ran ran = run_other(
      {"mosquitto_pub", "-p", std::to_string(broker->port()), "-t", topic(below), "-m", payload});
  EXPECT_EQ(ran.status, 0) << ran.log;
}

bool KasaRig::is(const std::string& below, const std::string& payload,
                 std::chrono::milliseconds limit) const {
  return tap->wait_state(topic(below), payload, limit);
}

double KasaRig::number(const std::string& below) const {
  return std::strtod(tap->last(topic(below)).value_or("0").c_str(), nullptr);
}

bool KasaRig::start_charge() {
  publish("garage/relay/set", "ON");
  return peers->wait_for("kasa id=garage relay=on by=lan\n", 20s) && is("garage/relay", "ON");
}

bool KasaRig::charge() { return start_charge() && is("garage/charge_state", "charge_cc", 60s); }

bool KasaRig::wait_event(std::vector<std::string> words, std::size_t from,
                         std::chrono::milliseconds limit) const {
  return tap->wait_event(file.id, std::move(words), from, limit).has_value();
}

std::string KasaRig::exported() {
  const Json answer = command(topic("bridge/request/export"), R"({"what":"sessions"})");
  return answer.is_object() ? answer.value("/data/csv"_json_pointer, std::string()) : "";
}

std::vector<std::string> KasaRig::lines_of(const std::string& plug, std::size_t from) {
  peers->wait_for("never said", 50ms);  // takes in what is there
  std::istringstream all(peers->said().substr(from));
  std::vector<std::string> lines;
  for (std::string line; std::getline(all, line);)
    if (line.starts_with("kasa id=" + plug + " ")) lines.push_back(line);
  return lines;
}

}  // namespace b2m::test

// SPDX-License-Identifier: MIT
#include "tests/support/wired_rig.hpp"

#include <limits>
#include <sstream>

#include <fmt/format.h>

namespace b2m::test {

using namespace std::chrono_literals;

namespace {

constexpr const char* kRingWorld = R"([[tesla_uart]]
id = "ring1"
transport = "pty:@DIR@/tesla"
modules = 2
chemistry = "nca_tesla"
bleed_ohm = 4
wiring_mohm = 50
)";
constexpr const char* kNodesWorld = R"([[spi_nodes]]
id = "nodes"
transport = "socket:@DIR@/spi"
chemistry = "nmc"
)";
// A circuit with resistances of its own: a small cell that is bled with almost an ampere.
constexpr const char* kCells = R"(capacity_ah = 0.1
cell_model = "ecm_1rc"
soc = 0.8
soc_scatter = 0.02
series_mohm = 2
polarisation_mohm = 2
load_current_a = 0
)";
constexpr const char* kNodes = R"(  [[spi_nodes.node]]
  select = 0
  address = 1
  bleed_ohm = 4
  [[spi_nodes.node]]
  select = 0
  address = 2
  bleed_ohm = 4
  [[spi_nodes.node]]
  select = 1
  protocol = "legacy"
  [[spi_nodes.node]]
  select = 2
  bleed_ohm = 4
)";
constexpr const char* kPack =
    "\nbalance_voltage_v = 3.3\nbleed_time_s = 6\nbalance_period_s = 5\nbalance_rest_s = 1\n";

}  // namespace

WiredRig::WiredRig() {
  file.packs.clear();
  file.allow = "\"balancing\", \"limits\"";
}

std::string WiredRig::world() const {
  std::string text;
  if (has_ring) text += std::string(kRingWorld) + kCells + world_lines;
  if (has_nodes) text += std::string(kNodesWorld) + kCells + world_lines + kNodes;
  return text;
}

std::string WiredRig::tables() const {
  const std::string& at = peers->folder();
  std::string text;
  if (has_ring)
    text += fmt::format(R"([[tesla_uart]]
id = "ring1"
port = "{}/tesla"
modules = 2
[[pack]]
id = "tesla"
chemistry = "nca_tesla"
cells_in_series = 12
source = "ring1"{}{}
)",
                        at, kPack, tesla_lines);
  if (has_nodes)
    text += fmt::format(R"([[spi_nodes]]
id = "wires"
device = "socket:{0}/spi#0"
poll_interval_s = 0.5
  [[spi_nodes.node]]
  cell = 1
  address = 1
  [[spi_nodes.node]]
  cell = 2
  address = 2
  [[spi_nodes.node]]
  cell = 3
  device = "socket:{0}/spi#1"
  [[spi_nodes.node]]
  cell = 4
  device = "socket:{0}/spi#2"
[[pack]]
id = "nodes"
chemistry = "nmc"
cells_in_series = 4
source = "wires"{1}{2}
)",
                        at, kPack, nodes_lines);
  return text;
}

void WiredRig::start_peers() {
  peers = std::make_unique<Peers>(world());
  file.more = tables() + file.more;
  if (!tap) start_tap();
}

void WiredRig::start_site() {
  start_peers();
  start_gateway();
  ASSERT_TRUE(eventually([&] { return is_whole(); }, 30s)) << gateway->log();
}

bool WiredRig::run_again() {
  const std::size_t from = tap->mark();
  start_gateway();
  return was("bridge/state", "online", from);
}

void WiredRig::publish(const std::string& below, const std::string& payload) const {
  const Ran ran = run_other(
      {"mosquitto_pub", "-p", std::to_string(broker->port()), "-t", topic(below), "-m", payload});
  EXPECT_EQ(ran.status, 0) << ran.log;
}

bool WiredRig::is(const std::string& below, const std::string& payload,
                  std::chrono::milliseconds limit) const {
  return tap->wait_state(topic(below), payload, limit);
}

bool WiredRig::was(const std::string& below, const std::string& payload, std::size_t from,
                   std::chrono::milliseconds limit) const {
  const std::string at = topic(below);
  const auto test = [&](const TapMessage& m) { return m.topic == at && m.payload == payload; };
  return tap->wait(test, from, limit).has_value();
}

bool WiredRig::is_known(const std::string& below) const {
  const std::string last = tap->last(topic(below)).value_or("");
  return !last.empty() && last != "None";
}

double WiredRig::number(const std::string& below) const {
  if (!is_known(below)) return std::numeric_limits<double>::quiet_NaN();
  return std::strtod(tap->last(topic(below)).value_or("").c_str(), nullptr);
}

bool WiredRig::wait_event(std::vector<std::string> words, std::size_t from,
                          std::chrono::milliseconds limit) const {
  return tap->wait_event(file.id, std::move(words), from, limit).has_value();
}

std::vector<std::string> WiredRig::lines_of(const std::string& start, std::size_t from) {
  peers->wait_for("never said", 50ms);  // takes in what is there
  std::istringstream all(peers->said().substr(from));
  std::vector<std::string> lines;
  for (std::string line; std::getline(all, line);)
    if (line.starts_with(start)) lines.push_back(line);
  return lines;
}

bool WiredRig::has_all_cells(const std::string& device, int cells) const {
  if (tap->last(topic(device + "/availability")) != "online") return false;
  for (int cell = 1; cell <= cells; ++cell)
    if (!is_known(fmt::format("{}/cell_{:02}_voltage", device, cell))) return false;
  return true;
}

bool WiredRig::is_whole() const {
  if (has_ring && !(has_all_cells("tesla_module1", 6) && has_all_cells("tesla_module2", 6) &&
                    is_known("tesla/voltage")))
    return false;
  return !has_nodes || (has_all_cells("nodes", 4) && is_known("nodes/voltage"));
}

}  // namespace b2m::test

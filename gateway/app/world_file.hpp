// SPDX-License-Identifier: MIT
// What stands in a WORLD.toml, and the lines that bring faults at run time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/can/peer.hpp"
#include "adapters/kasa/peer.hpp"
#include "adapters/spi_nodes/peer.hpp"
#include "adapters/tesla_uart/peer.hpp"
#include "config/schema.hpp"
#include "gateway/app/world_bench.hpp"

namespace b2m::app {

struct WorldPack : WorldBattery {
  int part = 1;
  std::uint32_t data_id = 0x600;
  std::uint32_t error_id = 0;
  std::uint32_t charge_id = 0;
  std::uint32_t ack_id = 0;
  int interval_ms = 1000;
};

struct WorldCan {
  std::string id;
  std::string transport;
  std::vector<WorldPack> packs;
};

struct WorldLoad {
  int socket = 1;
  std::string kind = "none";
  std::string alias;  // of the socket; empty: the strip's with a number
  double watts = 0;   // 0: what the curve has
  std::string curve = "rad";
  double capacity_wh = 0;  // at the wall; 0: what the curve has
  double level = 0.5;
  std::string charges;  // "BUS/PART": a charger of that pack
  double efficiency = 0.85;
};

struct WorldPlug {
  std::string id;
  std::string model = "KP115";
  std::string address = "127.0.1.1";
  int port = 0;
  std::string transport = "xor";
  int tdp_port = -1;   // -1: none
  int klap_port = -1;  // -1: none
  std::string username, password;
  int sockets = 0;  // 0: what the model has
  std::string alias;
  std::string mac;
  std::vector<WorldLoad> loads;
};

struct WorldRing : WorldBattery {
  std::string id;
  std::string transport;
  int modules = 2;
  double bleed_ohm = 33;
  double wiring_mohm = 100;
  double settle_ms = 1;
  bool paced = false;
  int baud = 612'500;
  double turnaround_us = 0;
  double conversion_us = 0;
  std::string read_form = "both";
};

struct WorldNode {
  int select = 0;
  int address = 0;  // 0: its place
  std::string protocol = "v2";
  std::string serial;
  double bleed_ohm = 10;
  double wiring_mohm = 50;
  double gain = 1;
  double divider = 5.7;
  bool sensor = true;
};

struct WorldNodeGroup : WorldBattery {
  std::string id;
  std::string transport;
  std::string arrangement = "cells";
  bool paced = true;
  std::vector<WorldNode> nodes;  // one for each cell, from pack minus
};

struct WorldFault {
  double at_s = 0;
  double for_s = 0;  // 0: for ever
  std::string kind;
  std::string can;  // empty: every bus
  int pack = 0;     // 0: all
  int cell = 0;
  std::string kasa;        // a plug; empty: a fault of buses, or of every plug
  int socket = 0;          // 0: all
  std::string tesla_uart;  // a ring; empty: a fault of something else, or of every ring
  int module = 0;          // 0: all, or the line
  std::string spi_nodes;   // a group; empty: a fault of something else, or of every group
  int node = 0;            // 0: all
  std::string battery;     // "BUS/PART"; empty: a fault of something else, or of every battery
  std::optional<double> value;
};

struct WorldSite {
  int seed = 1;
  double speed = 1;
};

struct WorldFile {
  WorldSite site;
  std::vector<WorldCan> can;
  std::vector<WorldPlug> kasa;
  std::vector<WorldRing> tesla_uart;
  std::vector<WorldNodeGroup> spi_nodes;
  std::vector<WorldFault> faults;
};

const config::Schema<WorldFile>& world_schema();
enum class FaultPlace { bus, plug, ring, node, battery };
/// Where it names something, there; otherwise the first of these that has such a kind.
FaultPlace place_of(const WorldFault& entry);
/// Nothing where the kind is not one of buses, of plugs, of rings, of nodes or of batteries.
std::optional<can::Fault> bus_fault(const WorldFault& entry);
std::optional<kasa::PlugFault> plug_fault(const WorldFault& entry);
std::optional<tesla_uart::RingFault> ring_fault(const WorldFault& entry);
std::optional<spi_nodes::NodeFault> node_fault(const WorldFault& entry);
std::optional<sim::PackFault> battery_fault(const WorldFault& entry);
/// "fault kind=silent pack=1 for_s=10"
Result<WorldFault> parse_fault_line(std::string_view line);

}  // namespace b2m::app

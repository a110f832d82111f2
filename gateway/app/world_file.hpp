// SPDX-License-Identifier: MIT
// What stands in a WORLD.toml, and the lines that bring faults at run time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/can/peer.hpp"
#include "config/schema.hpp"
#include "gateway/result.hpp"

namespace b2m::app {

struct WorldPack {
  int part = 1;
  std::string chemistry;
  int cells = 6;
  double capacity_ah = 50;
  double soc = 0.5;
  double series_mohm = 8;         // of a cell
  double polarisation_mohm = 20;  // of a cell
  double heat_capacity_j_per_k = 3000;
  double cooling_w_per_k = 0.5;
  double ambient_c = 25;
  double charger_current_a = 10;
  double charger_voltage_v = 0;  // 0: all cells at rest and full
  double load_current_a = 1;
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

struct WorldFault {
  double at_s = 0;
  double for_s = 0;  // 0: for ever
  std::string kind;
  std::string can;  // empty: every bus
  int pack = 0;     // 0: all
  int cell = 0;
  std::optional<double> value;
};

struct WorldSite {
  int seed = 1;
  double speed = 1;
};

struct WorldFile {
  WorldSite site;
  std::vector<WorldCan> can;
  std::vector<WorldFault> faults;
};

const config::Schema<WorldFile>& world_schema();
can::Fault fault_of(const WorldFault& entry);
/// "fault kind=silent pack=1 for_s=10"
Result<WorldFault> parse_fault_line(std::string_view line);

}  // namespace b2m::app

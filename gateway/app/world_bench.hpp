// SPDX-License-Identifier: MIT
// The batteries of a virtual site, whatever peer shows them: what stands about one in a WORLD.toml,
// and all of them by name.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "config/schema.hpp"
#include "gateway/sim/bench.hpp"

namespace b2m::app {

struct WorldBattery {
  std::string chemistry;
  int cells = 6;
  double capacity_ah = 50;
  double soc = 0.5;
  double soc_scatter = 0.005;
  double series_mohm = 8;         // of a cell
  double polarisation_mohm = 20;  // of a cell
  double heat_capacity_j_per_k = 3000;
  double cooling_w_per_k = 0.5;
  double ambient_c = 25;
  double charger_current_a = 10;
  double charger_voltage_v = 0;  // 0: all cells at rest and full
  double load_current_a = 1;
};

/// The keys of a battery but `cells`, whose range is its peer's, for the table of anything made
/// from a WorldBattery.
template <class Entry>
config::Schema<Entry> with_battery(config::Schema<Entry> schema) {
  using config::at_least;
  using config::range;
  schema.required("chemistry", &Entry::chemistry, "A shipped or own cell profile")
      .option("capacity_ah", &Entry::capacity_ah, "Of a cell", range(0.01, 100'000))
      .option("soc", &Entry::soc, "State of charge at the start", range(0, 1))
      .option("soc_scatter", &Entry::soc_scatter, "How far cells start from it, to either side",
              range(0, 0.5))
      .option("series_mohm", &Entry::series_mohm, "Resistance of a cell that acts at once",
              range(0.01, 1000))
      .option("polarisation_mohm", &Entry::polarisation_mohm,
              "Resistance of a cell that takes a minute", range(0.01, 1000))
      .option("heat_capacity_j_per_k", &Entry::heat_capacity_j_per_k, "Of a cell", range(1, 1e6))
      .option("cooling_w_per_k", &Entry::cooling_w_per_k, "Of a cell", range(0, 1000))
      .option("ambient_c", &Entry::ambient_c, "Around the battery", range(-60, 100))
      .option("charger_current_a", &Entry::charger_current_a, "At constant current", at_least(0))
      .option("charger_voltage_v", &Entry::charger_voltage_v,
              "At constant voltage; 0: all cells full and at rest", at_least(0))
      .option("load_current_a", &Entry::load_current_a, "Drawn all the time", at_least(0));
  return schema;
}

using FindChemistry = std::function<Result<config::Chemistry>(const std::string& name)>;

class WorldBenches {
 public:
  explicit WorldBenches(FindChemistry find_chemistry)
      : find_chemistry_(std::move(find_chemistry)) {}

  /// The bench lives as long as this does.
  Result<sim::Bench*> add(std::string name, const WorldBattery& battery, std::uint64_t seed);
  /// Null where there is none.
  [[nodiscard]] sim::Bench* find(std::string_view name) const;

 private:
  struct Named {
    std::string name;  // "BUS/PART"
    std::unique_ptr<sim::Bench> bench;
  };
  FindChemistry find_chemistry_;
  std::vector<Named> benches_;
};

}  // namespace b2m::app

// SPDX-License-Identifier: MIT
// The keys that describe a battery without hardware, for simulated peers and for the simulator
// adapter alike, and the bench that is made of them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/schema.hpp"
#include "gateway/sim/bench.hpp"
#include "gateway/sim/virtual_pack.hpp"

namespace b2m::config {

struct VirtualBattery {
  std::string chemistry;
  std::string cell_model = "auto";
  std::string cell_set = "chen2020";
  int cells = 6;
  double capacity_ah = 50;
  double soc = 0.5;
  double soc_scatter = 0.005;
  double capacity_scatter = 0.02, resistance_scatter = 0.15, cooling_scatter = 0.1;
  std::optional<double> series_mohm, polarisation_mohm;  // of a cell
  std::optional<double> heat_capacity_j_per_k, cooling_w_per_k;
  double neighbour_w_per_k = 0;
  double ambient_c = 25;
  double sensor_offset_mv = 0, sensor_noise_mv = 0, sensor_step_mv = 0;
  double heater_w = 0;
  double charger_current_a = 10;
  double charger_voltage_v = 0;  // 0: all cells at rest and full
  double load_current_a = 1;
};

/// The keys of a battery but the number of cells, whose key and range are its owner's, for the
/// table of anything made from a VirtualBattery.
template <class Entry>
Schema<Entry> with_battery(Schema<Entry> schema) {
  schema.required("chemistry", &Entry::chemistry, "A shipped or own cell profile", not_empty())
      .option("cell_model", &Entry::cell_model,
              "spm: the single-particle model; ecm_1rc, ecm_2rc: equivalent circuits with the rest "
              "voltages of the chemistry; auto: spm for nmc and nca_tesla, else ecm_2rc",
              one_of({"auto", "spm", "ecm_1rc", "ecm_2rc"}))
      .option("cell_set", &Entry::cell_set, "Of spm: the parameter set that cells are scaled from",
              not_empty())
      .option("capacity_ah", &Entry::capacity_ah, "Of a cell", range(0.01, 100'000))
      .option("soc", &Entry::soc, "State of charge at the start", range(0, 1))
      .option("soc_scatter", &Entry::soc_scatter, "How far cells start from it, to either side",
              range(0, 0.5))
      .option("capacity_scatter", &Entry::capacity_scatter,
              "How far capacities lie from it, as a part, to either side", range(0, 0.9))
      .option("resistance_scatter", &Entry::resistance_scatter, "The same of the resistances",
              range(0, 0.9))
      .option("cooling_scatter", &Entry::cooling_scatter, "The same of the cooling", range(0, 0.9))
      .option("series_mohm", &Entry::series_mohm,
              "Resistance of a cell that acts at once; not set: what the set says for that "
              "capacity, or 8. Of spm: that of electrolyte and metal, on top of the reactions'",
              range(0.001, 1000))
      .option("polarisation_mohm", &Entry::polarisation_mohm,
              "Resistance of a cell that takes its time; not set: what the set says for that "
              "capacity, or 20",
              range(0.001, 1000))
      .option("heat_capacity_j_per_k", &Entry::heat_capacity_j_per_k,
              "Of a cell; not set: what the set says for that capacity, or 3000", range(1, 1e6))
      .option("cooling_w_per_k", &Entry::cooling_w_per_k,
              "Of a cell; not set: what the set says for that capacity, or 0.5", range(0, 1000))
      .option("neighbour_w_per_k", &Entry::neighbour_w_per_k,
              "Heat that passes between neighbouring cells", range(0, 1000))
      .option("ambient_c", &Entry::ambient_c, "Around the battery", range(-60, 100))
      .option("sensor_offset_mv", &Entry::sensor_offset_mv,
              "Error of the measured cell voltages, to either side, different for each cell",
              range(0, 1000))
      .option("sensor_noise_mv", &Entry::sensor_noise_mv, "Their noise, standard deviation",
              range(0, 1000))
      .option("sensor_step_mv", &Entry::sensor_step_mv, "Their smallest step; 0: none",
              range(0, 1000))
      .option("heater_w", &Entry::heater_w, "Power of a heater that the pack feeds; 0: none",
              range(0, 100'000))
      .option("charger_current_a", &Entry::charger_current_a, "At constant current", at_least(0))
      .option("charger_voltage_v", &Entry::charger_voltage_v,
              "At constant voltage; 0: all cells full and at rest", at_least(0))
      .option("load_current_a", &Entry::load_current_a, "Drawn all the time", at_least(0));
  return schema;
}

/// Path of a shipped or own profile: find("chemistry", "nmc").
using FindProfile =
    std::function<Result<std::string>(std::string_view area, std::string_view name)>;

/// The same seed gives the same cells. Errors name the profile and what is wrong with it.
Result<std::unique_ptr<sim::Bench>> make_bench(const VirtualBattery& battery,
                                               const FindProfile& find, std::uint64_t seed);

}  // namespace b2m::config

// SPDX-License-Identifier: MIT
#include "config/virtual_battery.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "config/cell_sets.hpp"
#include "config/chemistry.hpp"

namespace b2m::config {
namespace {

constexpr double kMilli = 1000;
// Of a cell as circuit where nothing is said: a lead block that is not new.
constexpr double kSeries_mohm = 8, kPolarisation_mohm = 20;
constexpr double kHeatCapacity_j_per_k = 3000, kCooling_w_per_k = 0.5;
// A BMS lets go of its load before the lowest normal cell voltage.
constexpr double kCutoffMargin = 1.03;
constexpr std::string_view kLikeTheSet[] = {"nmc", "nca_tesla"};

bool is_spm(const VirtualBattery& b) {
  if (b.cell_model != "auto") return b.cell_model == "spm";
  return std::ranges::find(kLikeTheSet, b.chemistry) != std::end(kLikeTheSet);
}

Result<Chemistry> find_chemistry(const std::string& name, const FindProfile& find) {
  const auto path = find("chemistry", name);
  if (!path) return path.error();
  ChemistryRead read = load_chemistry(*path);
  if (!read.chemistry) return Error(Errc::malformed, list(read.mistakes));
  if (read.chemistry->ocv_soc.size() < 2 ||
      read.chemistry->ocv_soc.size() != read.chemistry->ocv_v.size())
    return Error(Errc::malformed,
                 fmt::format("chemistry \"{}\" has no table of rest voltages", name));
  return *std::move(read.chemistry);
}

Result<std::shared_ptr<const sim::SpmCellMake>> find_make(const std::string& name,
                                                          const FindProfile& find) {
  const auto path = find("cells", name);
  if (!path) return path.error();
  const CellSetRead read = load_cell_set(*path);
  if (!read.set) return Error(Errc::malformed, list(read.mistakes));
  auto make = sim::spm_cell_make(*read.set);
  if (!make)
    return Error(make.error().code, fmt::format("cell set \"{}\": {}", name, make.error().text()));
  return make;
}

sim::CellParameters circuit_of(const VirtualBattery& b, const Chemistry& chemistry) {
  sim::CellParameters cell;
  cell.ocv_soc = chemistry.ocv_soc;
  cell.ocv_v = chemistry.ocv_v;
  cell.capacity = AmpereHours(b.capacity_ah);
  cell.series = Ohms(b.series_mohm.value_or(kSeries_mohm) / kMilli);
  cell.polarisation = Ohms(b.polarisation_mohm.value_or(kPolarisation_mohm) / kMilli);
  cell.rc_elements = b.cell_model == "ecm_1rc" ? 1 : 2;
  cell.heat_capacity_j_per_k = b.heat_capacity_j_per_k.value_or(kHeatCapacity_j_per_k);
  cell.cooling_w_per_k = b.cooling_w_per_k.value_or(kCooling_w_per_k);
  return cell;
}

/// Heat grows with the size of the cell.
void use_make(const VirtualBattery& b, sim::PackParameters& p) {
  const double scale = b.capacity_ah / p.make->capacity_ah;
  const sim::ThermalSet& thermal = p.make->thermal;
  if (b.series_mohm) p.series_ohm = *b.series_mohm / kMilli;
  if (b.polarisation_mohm) p.rc_ohm = *b.polarisation_mohm / kMilli;
  if (!b.heat_capacity_j_per_k && thermal.heat_capacity_j_per_k > 0)
    p.cell.heat_capacity_j_per_k = thermal.heat_capacity_j_per_k * scale;
  if (!b.cooling_w_per_k && thermal.cooling_w_per_k > 0)
    p.cell.cooling_w_per_k = thermal.cooling_w_per_k * scale;
}

sim::PackParameters parameters_of(const VirtualBattery& b, const Chemistry& chemistry,
                                  std::uint64_t seed) {
  sim::PackParameters p;
  p.cell = circuit_of(b, chemistry);
  p.cells = b.cells;
  p.soc = b.soc;
  p.soc_scatter = b.soc_scatter;
  p.scatter.capacity = b.capacity_scatter;
  p.scatter.resistance = b.resistance_scatter;
  p.scatter.cooling = b.cooling_scatter;
  p.ambient = Celsius(b.ambient_c);
  p.neighbour_w_per_k = b.neighbour_w_per_k;
  p.heater = Watts(b.heater_w);
  p.sensors = {b.sensor_offset_mv / kMilli, b.sensor_noise_mv / kMilli, b.sensor_step_mv / kMilli};
  p.seed = seed;
  return p;
}

}  // namespace

Result<std::unique_ptr<sim::Bench>> make_bench(const VirtualBattery& battery,
                                               const FindProfile& find, std::uint64_t seed) {
  const auto chemistry = find_chemistry(battery.chemistry, find);
  if (!chemistry) return chemistry.error();
  sim::PackParameters p = parameters_of(battery, *chemistry, seed);
  if (is_spm(battery)) {
    auto make = find_make(battery.cell_set, find);
    if (!make) return make.error();
    p.make = std::move(*make);
    use_make(battery, p);
  }
  const Volts full(chemistry->ocv_v.back() * battery.cells);
  const Volts target = battery.charger_voltage_v > 0 ? Volts(battery.charger_voltage_v) : full;
  const Volts cutoff(std::min(chemistry->cell_low_v.limit, chemistry->ocv_v.front()) *
                     kCutoffMargin);
  return std::make_unique<sim::Bench>(std::make_unique<sim::VirtualPack>(p),
                                      sim::Charger(Amperes(battery.charger_current_a), target),
                                      sim::Load(Amperes(battery.load_current_a), cutoff));
}

}  // namespace b2m::config

// SPDX-License-Identifier: MIT
#include "gateway/app/world_bench.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace b2m::app {
namespace {

// A BMS lets go of its load before the lowest normal cell voltage.
constexpr double kCutoffMargin = 1.03;

std::unique_ptr<sim::Bench> make_bench(const WorldBattery& battery,
                                       const config::Chemistry& chemistry, std::uint64_t seed) {
  sim::PackParameters p;
  p.cell.ocv_soc = chemistry.ocv_soc;
  p.cell.ocv_v = chemistry.ocv_v;
  p.cell.capacity = AmpereHours(battery.capacity_ah);
  p.cell.series = Ohms(battery.series_mohm / 1000);
  p.cell.polarisation = Ohms(battery.polarisation_mohm / 1000);
  p.cell.heat_capacity_j_per_k = battery.heat_capacity_j_per_k;
  p.cell.cooling_w_per_k = battery.cooling_w_per_k;
  p.cells = battery.cells;
  p.soc = battery.soc;
  p.soc_scatter = battery.soc_scatter;
  p.ambient = Celsius(battery.ambient_c);
  p.seed = seed;
  const Volts full(chemistry.ocv_v.back() * battery.cells);
  const Volts target = battery.charger_voltage_v > 0 ? Volts(battery.charger_voltage_v) : full;
  const Volts cutoff(std::min(chemistry.cell_low_v.limit, chemistry.ocv_v.front()) * kCutoffMargin);
  return std::make_unique<sim::Bench>(std::make_unique<sim::CircuitPack>(p),
                                      sim::Charger(Amperes(battery.charger_current_a), target),
                                      sim::Load(Amperes(battery.load_current_a), cutoff));
}

}  // namespace

Result<sim::Bench*> WorldBenches::add(std::string name, const WorldBattery& battery,
                                      std::uint64_t seed) {
  const auto chemistry = find_chemistry_(battery.chemistry);
  if (!chemistry) return chemistry.error();
  if (chemistry->ocv_soc.size() < 2 || chemistry->ocv_soc.size() != chemistry->ocv_v.size())
    return Error(Errc::malformed,
                 fmt::format("chemistry \"{}\" has no table of rest voltages", battery.chemistry));
  benches_.push_back({std::move(name), make_bench(battery, *chemistry, seed)});
  return benches_.back().bench.get();
}

sim::Bench* WorldBenches::find(std::string_view name) const {
  const auto at = std::ranges::find(benches_, name, &Named::name);
  return at == benches_.end() ? nullptr : at->bench.get();
}

}  // namespace b2m::app

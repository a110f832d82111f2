// SPDX-License-Identifier: MIT
#include <charconv>
#include <cmath>

#include "gateway/sim/cell/recorder.hpp"

namespace b2m::sim {
namespace {

using Row = RowSource;
constexpr double kZeroCelsius_k = 273.15;

// clang-format off
const Column kColumns[] = {
    {{"time_s", "Time since the start of the run", true, 6}, false, [](const Row& r) { return r.now.time_s; }},
    {{"current_a", "Current; positive when discharging", true, 7}, false, [](const Row& r) { return r.now.current_a; }},
    {{"voltage_v", "Voltage at the terminals", true, 7}, false, [](const Row& r) { return r.now.voltage_v; }},
    {{"discharge_capacity_ah", "Charge taken out since the start; negative when more was put in", true, 7}, false, [](const Row& r) { return r.now.charge_ah; }},
    {{"soc", "State of charge, 0 to 1, by counting charge", true, 7}, false, [](const Row& r) { return r.soc; }},
    {{"temperature_c", "Temperature of the cell", true, 4}, false, [](const Row& r) { return r.now.temperature_k - kZeroCelsius_k; }},
    {{"power_w", "Power; positive when discharging", false, 6}, false, [](const Row& r) { return r.now.voltage_v * r.now.current_a; }},
    {{"step", "Step of the experiment, from 1", false, 0}, false, [](const Row& r) { return double(r.step); }},
    {{"cycle", "Pass through the experiment, from 1", false, 0}, false, [](const Row& r) { return double(r.cycle); }},
    {{"ocv_v", "Open-circuit voltage of the mean stoichiometries", false, 7}, true, [](const Row& r) { return r.terms->ocv_v; }},
    {{"ocp_negative_v", "Open-circuit potential at the surface of the negative particles", false, 7}, true, [](const Row& r) { return r.terms->ocp_negative_v; }},
    {{"ocp_positive_v", "Open-circuit potential at the surface of the positive particles", false, 7}, true, [](const Row& r) { return r.terms->ocp_positive_v; }},
    {{"eta_negative_v", "Reaction overpotential of the negative electrode", false, 7}, true, [](const Row& r) { return r.terms->eta_negative_v; }},
    {{"eta_positive_v", "Reaction overpotential of the positive electrode", false, 7}, true, [](const Row& r) { return r.terms->eta_positive_v; }},
    {{"eta_concentration_v", "Concentration overpotential of the electrolyte", false, 7}, true, [](const Row& r) { return r.terms->eta_concentration_v; }},
    {{"dphi_electrolyte_v", "Ohmic voltage over the electrolyte", false, 7}, true, [](const Row& r) { return r.terms->dphi_electrolyte_v; }},
    {{"dphi_solid_v", "Ohmic voltage over the solid", false, 7}, true, [](const Row& r) { return r.terms->dphi_solid_v; }},
    {{"heat_w", "Heat that the cell makes", false, 6}, true, [](const Row& r) { return r.terms->heat_w; }},
    {{"stoichiometry_negative", "Lithium at the surface of the negative particles, of what fits", false, 7}, true, [](const Row& r) { return r.terms->stoichiometry_negative; }},
    {{"stoichiometry_positive", "Lithium at the surface of the positive particles, of what fits", false, 7}, true, [](const Row& r) { return r.terms->stoichiometry_positive; }},
    {{"electrolyte_min", "Lowest concentration of the electrolyte, mol/m3", false, 3}, true, [](const Row& r) { return r.terms->electrolyte_min; }},
    {{"electrolyte_max", "Highest concentration of the electrolyte, mol/m3", false, 3}, true, [](const Row& r) { return r.terms->electrolyte_max; }},
};
// clang-format on

// At most `decimals`, no zeros at the end; nothing for what is unknown.
void append_number(std::string& text, double value, int decimals) {
  if (!std::isfinite(value)) return;
  char digits[400];
  char* end =
      std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed, decimals).ptr;
  if (decimals > 0) {
    while (end[-1] == '0') --end;
    if (end[-1] == '.') --end;
  }
  const std::string_view number(digits, static_cast<std::size_t>(end - digits));
  text += number == "-0" ? "0" : number;
}

}  // namespace

const std::vector<OutputColumn>& output_columns() {
  static const std::vector<OutputColumn> list = [] {
    std::vector<OutputColumn> all;
    for (const auto& column : kColumns) all.push_back(column.output);
    return all;
  }();
  return list;
}

const Column* find_column(std::string_view name) {
  for (const auto& column : kColumns)
    if (name == column.output.name) return &column;
  return nullptr;
}

std::string to_csv(const SimulationTable& table) {
  std::string text;
  text.reserve((table.rows() + 1) * table.columns.size() * 10);
  std::vector<int> decimals;
  for (const auto& name : table.columns) {
    if (!decimals.empty()) text += ',';
    text += name;
    const Column* column = find_column(name);
    decimals.push_back(column ? column->output.decimals : 7);
  }
  text += '\n';
  const std::size_t width = table.columns.size();
  for (std::size_t i = 0; i < table.rows() * width; ++i) {
    append_number(text, table.values[i], decimals[i % width]);
    text += i % width + 1 == width ? '\n' : ',';
  }
  return text;
}

}  // namespace b2m::sim

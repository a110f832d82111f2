// SPDX-License-Identifier: MIT
#include "config/cell_set_rows.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "config/cell_sets.hpp"

namespace b2m::config {

namespace {

using K = QuantityKind;
using N = Need;

// clang-format off
constexpr QuantityRow kCell[] = {
  {"nominal_capacity",  "Ah", K::number, N::required, "What 1C means: 5 Ah is 5 A."},
  {"cutoff_lower",      "V",  K::number, N::required, "Lowest voltage while discharging."},
  {"cutoff_upper",      "V",  K::number, N::required, "Highest voltage while charging."},
  {"ocv_empty",         "V",  K::number, N::optional, "Open-circuit voltage at SoC 0; otherwise cutoff_lower."},
  {"ocv_full",          "V",  K::number, N::optional, "Open-circuit voltage at SoC 1; otherwise cutoff_upper."},
  {"area",              "m2", K::number, N::instead,  "Of all electrode pairs together; or height and width."},
  {"electrode_height",  "m",  K::number, N::instead,  "With electrode_width; area is their product."},
  {"electrode_width",   "m",  K::number, N::instead,  "With electrode_height."},
  {"electrode_pairs",   "1",  K::number, N::optional, "Pairs in parallel, each of height times width; otherwise 1."},
};
constexpr QuantityRow kElectrode[] = {
  {"thickness",            "m",       K::number,   N::required, "Of the coating."},
  {"porosity",             "1",       K::number,   N::required, "The electrolyte's part of the volume."},
  {"active_fraction",      "1",       K::number,   N::required, "The active material's part of the volume."},
  {"particle_radius",      "m",       K::number,   N::required, "Of all particles alike."},
  {"transport_efficiency", "1",       K::number,   N::instead,  "Of the electrolyte in the pores; or bruggeman."},
  {"bruggeman",            "1",       K::number,   N::instead,  "Exponent: the efficiency is porosity to its power."},
  {"conductivity",         "S/m",     K::number,   N::required, "Of the solid."},
  {"bruggeman_solid",      "1",       K::number,   N::optional, "Exponent: conductivity is taken times active_fraction to its power; otherwise 0."},
  {"concentration_max",    "mol/m3",  K::number,   N::required, "Lithium in the full active material."},
  {"concentration_start",  "mol/m3",  K::number,   N::required, "Lithium in the active material at the set's own start; both together are all the lithium there is."},
  {"diffusivity",          "m2/s",    K::function, N::required, "In the particles, of the stoichiometry."},
  {"diffusivity_activation", "J/mol", K::number,   N::optional, "Activation energy; otherwise 0."},
  {"exchange_current",     "A/m2 (m3/mol)^1.5", K::number, N::required, "m in j0 = m sqrt(c_e c_surf (c_max - c_surf))."},
  {"exchange_current_activation", "J/mol", K::number, N::optional, "Activation energy; otherwise 0."},
  {"potential",            "V",       K::function, N::required, "Open circuit, against lithium, of the stoichiometry."},
  {"entropic_change",      "V/K",     K::function, N::optional, "dU/dT, of the stoichiometry; otherwise 0."},
  {"density",              "kg/m3",   K::number,   N::optional, "Of the layer, for the heat capacity."},
  {"specific_heat",        "J/(kg K)", K::number,  N::optional, "Of the layer, for the heat capacity."},
  {"collector_thickness",  "m",       K::number,   N::optional, "Of the current collector, for the heat capacity."},
  {"collector_density",    "kg/m3",   K::number,   N::optional, "For the heat capacity."},
  {"collector_specific_heat", "J/(kg K)", K::number, N::optional, "For the heat capacity."},
};
constexpr QuantityRow kSeparator[] = {
  {"thickness",            "m",        K::number, N::required, ""},
  {"porosity",             "1",        K::number, N::required, "The electrolyte's part of the volume."},
  {"transport_efficiency", "1",        K::number, N::instead,  "Of the electrolyte in the pores; or bruggeman."},
  {"bruggeman",            "1",        K::number, N::instead,  "Exponent: the efficiency is porosity to its power."},
  {"density",              "kg/m3",    K::number, N::optional, "Of the layer, for the heat capacity."},
  {"specific_heat",        "J/(kg K)", K::number, N::optional, "Of the layer, for the heat capacity."},
};
constexpr QuantityRow kElectrolyte[] = {
  {"concentration_start",  "mol/m3", K::number,   N::required, "Of lithium salt, at rest."},
  {"transference_number",  "1",      K::number,   N::required, "Of lithium."},
  {"thermodynamic_factor", "1",      K::number,   N::optional, "Otherwise 1."},
  {"diffusivity",          "m2/s",   K::function, N::required, "Of the concentration in mol/m3."},
  {"diffusivity_activation", "J/mol", K::number,  N::optional, "Activation energy; otherwise 0."},
  {"conductivity",         "S/m",    K::function, N::required, "Of the concentration in mol/m3."},
  {"conductivity_activation", "J/mol", K::number, N::optional, "Activation energy; otherwise 0."},
};
constexpr QuantityRow kThermal[] = {
  {"heat_capacity",             "J/K",      K::number, N::instead,  "Of the whole cell; or volume and the layers' densities and heats."},
  {"volume",                    "m3",       K::number, N::instead,  "Of the cell, filled by its layers."},
  {"cooling",                   "W/K",      K::number, N::instead,  "To the ambient; or cooled_surface and heat_transfer."},
  {"cooled_surface",            "m2",       K::number, N::instead,  "With heat_transfer."},
  {"heat_transfer",             "W/(m2 K)", K::number, N::instead,  "With cooled_surface."},
  {"ambient",                   "K",        K::number, N::optional, "Otherwise 298.15 K."},
};
constexpr QuantityRow kEcm1[] = {
  {"soc",  "1",   K::list,   N::required, "Knots, rising; linear between them."},
  {"r0",   "Ohm", K::list,   N::required, "At the knots."},
  {"r1",   "Ohm", K::list,   N::required, "At the knots."},
  {"tau1", "s",   K::number, N::required, "R1 times C1."},
};
constexpr QuantityRow kEcm2[] = {
  {"soc",  "1",   K::list,   N::required, "Knots, rising; linear between them."},
  {"r0",   "Ohm", K::list,   N::required, "At the knots."},
  {"r1",   "Ohm", K::list,   N::required, "At the knots."},
  {"tau1", "s",   K::number, N::required, "R1 times C1."},
  {"r2",   "Ohm", K::list,   N::required, "At the knots."},
  {"tau2", "s",   K::number, N::required, "R2 times C2."},
};
constexpr QuantityTable kTables[] = {
  {"cell",        "The cell as a whole.", kCell},
  {"negative",    "The negative electrode (anode while discharging).", kElectrode},
  {"separator",   "Between the electrodes.", kSeparator},
  {"positive",    "The positive electrode.", kElectrode},
  {"electrolyte", "In the pores of all three.", kElectrolyte},
  {"thermal",     "The cell as one lump of heat.", kThermal, true},
  {"ecm_1rc",     "A fitted resistor and RC pair behind the open-circuit voltage.", kEcm1, true},
  {"ecm_2rc",     "The same with two RC pairs.", kEcm2, true},
  {"spm_rc",      "A resistor and RC pair behind the single particle model; one knot or more.", kEcm1, true},
};
// clang-format on

const char* word(Need need) {
  if (need == Need::required) return "yes";
  return need == Need::optional ? "no" : "one way or the other";
}

const char* word(QuantityKind kind) {
  if (kind == QuantityKind::number) return "number";
  return kind == QuantityKind::list ? "list of numbers" : "number, formula of x, or table";
}

}  // namespace

std::span<const QuantityTable> quantity_tables() { return kTables; }

const QuantityTable* quantity_table(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kTables), std::end(kTables),
                                         [name](const QuantityTable& t) { return t.name == name; });
  return found == std::end(kTables) ? nullptr : found;
}

const QuantityRow* quantity_row(const QuantityTable& table, std::string_view key) {
  const auto found = std::find_if(table.rows.begin(), table.rows.end(),
                                  [key](const QuantityRow& row) { return row.key == key; });
  return found == table.rows.end() ? nullptr : &*found;
}

std::string cell_set_reference() {
  std::string text;
  for (const QuantityTable& table : kTables) {
    text += fmt::format("**[{}]** {}\n\n| key | unit | what it is | needed | meaning |\n",
                        table.name, table.help);
    text += "|---|---|---|---|---|\n";
    for (const QuantityRow& row : table.rows)
      text += fmt::format("| `{}` | {} | {} | {} | {} |\n", row.key, row.unit, word(row.kind),
                          word(row.need), row.help);
    text += "\n";
  }
  return text;
}

}  // namespace b2m::config

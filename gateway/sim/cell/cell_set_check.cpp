// SPDX-License-Identifier: MIT
// Whether the numbers of a set can be a cell's: a wrong power of ten shows here and not as a
// solver that fails.
#include <array>
#include <cmath>
#include <span>
#include <string>

#include <fmt/core.h>

#include "gateway/sim/cell/cell_set.hpp"

namespace b2m::sim {

namespace {

/// What a quantity may be, bounds included, and what it usually is.
struct Range {
  const char* name;
  const char* unit;
  double least, most;
  const char* usual;
};

Result<> inside(const Range& range, double value, const char* of) {
  if (value >= range.least && value <= range.most) return {};
  return Error(Errc::out_of_range,
               fmt::format("{}{}: {} {} is not possible for a cell; usual is {}", of, range.name,
                           value, range.unit, range.usual));
}

struct ElectrodeRow {
  double ElectrodeSet::*member;
  Range range;
};
// clang-format off
constexpr ElectrodeRow kElectrode[] = {
  {&ElectrodeSet::thickness_m,           {"thickness", "m", 1e-6, 2e-3, "30e-6 to 150e-6"}},
  {&ElectrodeSet::porosity,              {"porosity", "", 0.01, 0.95, "0.2 to 0.5"}},
  {&ElectrodeSet::active_fraction,       {"active material's fraction", "", 0.01, 0.99, "0.4 to 0.75"}},
  {&ElectrodeSet::particle_radius_m,     {"particle radius", "m", 5e-9, 1e-4, "50e-9 to 15e-6"}},
  {&ElectrodeSet::transport_efficiency,  {"transport efficiency", "", 1e-4, 1, "0.05 to 0.4"}},
  {&ElectrodeSet::conductivity_s_per_m,  {"conductivity", "S/m", 1e-5, 1e8, "0.1 to 300"}},
  {&ElectrodeSet::concentration_max,     {"maximum concentration", "mol/m3", 500, 4e5, "20000 to 65000"}},
  {&ElectrodeSet::exchange_current,      {"exchange current factor", "A/m2 (m3/mol)^1.5", 1e-14, 10, "1e-7 to 1e-4"}},
};
constexpr Range kActivation =  {"activation energy", "J/mol", 0, 2e5, "0 to 80000"};
constexpr Range kDiffusivity = {"diffusivity", "m2/s", 1e-22, 1e-6, "1e-16 to 1e-12"};
constexpr Range kPotential =   {"open-circuit potential", "V", -5, 10, "0 to 4.5"};
constexpr Range kEntropic =    {"entropic change", "V/K", -0.1, 0.1, "-0.0005 to 0.0005"};
constexpr Range kLiquidDiffusivity =   {"diffusivity", "m2/s", 1e-15, 1e-6, "1e-10 to 5e-10"};
constexpr Range kLiquidConductivity =  {"conductivity", "S/m", 1e-5, 100, "0.5 to 1.5"};
constexpr Range kSeparatorThickness =  {"thickness", "m", 1e-6, 2e-3, "10e-6 to 30e-6"};
constexpr Range kSeparatorPorosity =   {"porosity", "", 0.01, 1, "0.4 to 0.55"};
constexpr Range kEfficiency =          {"transport efficiency", "", 1e-4, 1, "0.2 to 0.5"};
constexpr Range kSalt =                {"start concentration", "mol/m3", 10, 6000, "1000 to 1200"};
constexpr Range kTransference =        {"transference number", "", -1, 0.999, "0.2 to 0.4"};
constexpr Range kThermodynamic =       {"thermodynamic factor", "", 0.01, 100, "1 to 3"};
constexpr Range kArea =                {"electrode area", "m2", 1e-6, 1e4, "0.1 for 5 Ah"};
constexpr Range kNominal =             {"nominal capacity", "Ah", 1e-6, 1e5, "0.1 to 300"};
constexpr Range kVolts =               {"voltage", "V", 0, 10, "2 to 4.4"};
// 0: not known; such a cell runs isothermally.
constexpr Range kHeatCapacity =        {"heat capacity", "J/K", 0, 1e8, "40 to 100 for 5 Ah"};
constexpr Range kCooling =             {"cooling", "W/K", 0, 1e7, "0.02 to 0.5 for 5 Ah"};
constexpr Range kAmbient =             {"ambient temperature", "K", 200, 400, "253 to 323"};
// clang-format on

Result<> everywhere(const Range& range, const Function& function, double from, double to,
                    const char* of) {
  constexpr std::size_t kPoints = 41;
  std::array<double, kPoints> places{}, values{};
  for (std::size_t i = 0; i < kPoints; ++i)
    places[i] = from + (to - from) * static_cast<double>(i) / (kPoints - 1);
  const std::size_t count = function.is_constant() ? 1 : kPoints;
  function.evaluate(std::span(places).first(count), std::span(values).first(count), {});
  for (std::size_t i = 0; i < count; ++i) {
    if (values[i] >= range.least && values[i] <= range.most) continue;
    return Error(Errc::out_of_range,
                 fmt::format("{}{}: {} {} at {:.4g} is not possible for a cell; usual is {}", of,
                             range.name, values[i], range.unit, places[i], range.usual));
  }
  return {};
}

Result<> check_functions(const ElectrodeSet& set, const char* of) {
  if (auto good = everywhere(kDiffusivity, set.diffusivity, 0.01, 0.99, of); !good) return good;
  if (auto good = everywhere(kPotential, set.potential, 0.01, 0.99, of); !good) return good;
  return everywhere(kEntropic, set.entropic_change, 0.01, 0.99, of);
}

Result<> check_electrode(const ElectrodeSet& set, const char* of) {
  for (const auto& [member, range] : kElectrode)
    if (auto good = inside(range, set.*member, of); !good) return good;
  for (const Activation& a : {set.diffusivity_activation, set.exchange_current_activation})
    if (auto good = inside(kActivation, a.energy_j_per_mol, of); !good) return good;
  if (set.porosity + set.active_fraction > 1 + 1e-9)
    return Error(Errc::out_of_range,
                 fmt::format("{}porosity {} and active material's fraction {} are together more "
                             "than the whole volume",
                             of, set.porosity, set.active_fraction));
  if (!(set.concentration_start > 0 && set.concentration_start < set.concentration_max))
    return Error(Errc::out_of_range,
                 fmt::format("{}start concentration: {} mol/m3 is not between 0 and the maximum "
                             "concentration, {} mol/m3",
                             of, set.concentration_start, set.concentration_max));
  return check_functions(set, of);
}

struct Value {
  const Range& range;
  double value;
  const char* of;
};

template <std::size_t n>
Result<> all_inside(const std::array<Value, n>& values) {
  for (const Value& v : values)
    if (auto good = inside(v.range, v.value, v.of); !good) return good;
  return {};
}

Result<> check_electrolyte(const ElectrolyteSet& set) {
  const char* const of = "electrolyte: ";
  const auto good = all_inside(std::array<Value, 5>{{
      {kSalt, set.concentration_start, of},
      {kTransference, set.transference_number, of},
      {kThermodynamic, set.thermodynamic_factor, of},
      {kActivation, set.diffusivity_activation.energy_j_per_mol, of},
      {kActivation, set.conductivity_activation.energy_j_per_mol, of},
  }});
  if (!good) return good;
  const double from = 0.5 * set.concentration_start;
  const double to = 1.5 * set.concentration_start;
  if (auto fine = everywhere(kLiquidDiffusivity, set.diffusivity, from, to, of); !fine) return fine;
  return everywhere(kLiquidConductivity, set.conductivity, from, to, of);
}

Result<> check_cell(const CellSet& set) {
  return all_inside(std::array<Value, 12>{{
      {kSeparatorThickness, set.separator.thickness_m, "separator: "},
      {kSeparatorPorosity, set.separator.porosity, "separator: "},
      {kEfficiency, set.separator.transport_efficiency, "separator: "},
      {kHeatCapacity, set.thermal.heat_capacity_j_per_k, "thermal: "},
      {kCooling, set.thermal.cooling_w_per_k, "thermal: "},
      {kAmbient, set.thermal.ambient_k, "thermal: "},
      {kArea, set.area_m2, "cell: "},
      {kNominal, set.nominal_capacity_ah, "cell: "},
      {kVolts, set.cutoff_lower_v, "cell: lower cut-off "},
      {kVolts, set.cutoff_upper_v, "cell: upper cut-off "},
      {kVolts, set.ocv_empty_v, "cell: open-circuit, at SoC 0, "},
      {kVolts, set.ocv_full_v, "cell: open-circuit, at SoC 1, "},
  }});
}

Result<> check_order(const CellSet& set) {
  if (!(set.cutoff_lower_v < set.cutoff_upper_v))
    return Error(Errc::out_of_range,
                 fmt::format("cell: the lower cut-off {} V is not below the upper one, {} V",
                             set.cutoff_lower_v, set.cutoff_upper_v));
  if (!(set.ocv_empty_v < set.ocv_full_v))
    return Error(Errc::out_of_range,
                 fmt::format("cell: the open-circuit voltage at SoC 0, {} V, is not below that at "
                             "SoC 1, {} V",
                             set.ocv_empty_v, set.ocv_full_v));
  return {};
}

}  // namespace

Result<> check(const CellSet& set) {
  if (auto good = check_electrode(set.negative, "negative: "); !good) return good;
  if (auto good = check_electrode(set.positive, "positive: "); !good) return good;
  if (auto good = check_electrolyte(set.electrolyte); !good) return good;
  if (auto good = check_cell(set); !good) return good;
  if (auto good = check_order(set); !good) return good;
  if (const auto limits = find_limits(set); !limits) return limits.error();
  return {};
}

}  // namespace b2m::sim

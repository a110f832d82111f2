// SPDX-License-Identifier: MIT
// A parameter set: everything that the electrochemical models know of one cell. Symbols, equations
// and sources: docs/simulation.md. SI units; current is positive when discharging, in this folder
// alone, as in the literature and in PyBaMM.
#pragma once

#include <string>
#include <vector>

#include "gateway/sim/cell/function.hpp"

namespace b2m::sim {

inline constexpr double kGasConstant = 8.314462618;  // J/(mol K)
inline constexpr double kFaraday = 96485.33212;      // C/mol
inline constexpr double kReferenceTemperature_k = 298.15;

/// At temperature T a quantity is `value` times exp(E/R (1/T_ref - 1/T)).
struct Activation {
  double energy_j_per_mol = 0;
};

struct ElectrodeSet {
  double thickness_m = 0;
  double porosity = 0;         // electrolyte's part of the volume
  double active_fraction = 0;  // active material's part of the volume
  double particle_radius_m = 0;
  double transport_efficiency = 0;  // of the electrolyte: porosity^1.5 with Bruggeman
  double conductivity_s_per_m = 0;  // of the solid, effective
  double concentration_max = 0;     // mol/m3
  double concentration_start = 0;   // mol/m3; the set's own, used where no SoC is asked for
  Function diffusivity;             // m2/s, of the stoichiometry
  Activation diffusivity_activation;
  double exchange_current = 0;  // A/m2 (m3/mol)^1.5: j0 = m sqrt(c_e c_surf (c_max - c_surf))
  Activation exchange_current_activation;
  Function potential;        // open circuit, V, of the stoichiometry
  Function entropic_change;  // dU/dT, V/K, of the stoichiometry

  /// Surface per volume of the electrode, 1/m.
  [[nodiscard]] double surface_per_volume() const {
    return 3 * active_fraction / particle_radius_m;
  }
};

struct SeparatorSet {
  double thickness_m = 0;
  double porosity = 0;
  double transport_efficiency = 0;
};

struct ElectrolyteSet {
  double concentration_start = 1000;  // mol/m3
  double transference_number = 0;
  double thermodynamic_factor = 1;
  Function diffusivity;   // m2/s, of the concentration in mol/m3
  Function conductivity;  // S/m, of the concentration in mol/m3
  Activation diffusivity_activation;
  Activation conductivity_activation;
};

struct ThermalSet {
  double heat_capacity_j_per_k = 0;  // of the whole cell
  double cooling_w_per_k = 0;        // heat transfer coefficient times cooled surface
  double ambient_k = kReferenceTemperature_k;
};

/// A resistor and one or two RC pairs in series, fitted to a cell: behind its open-circuit voltage
/// (Thevenin models ecm_1rc and ecm_2rc) or behind the SPM (spm_rc). Linear between the knots,
/// constant beyond them. No knots: the set has no such fit, and the model cannot be used with it.
struct EcmSet {
  std::vector<double> soc;             // knots, rising; one knot: the same everywhere
  std::vector<double> r0_ohm, r1_ohm;  // at the knots
  std::vector<double> r2_ohm;          // of 2RC; otherwise empty
  double tau1_s = 0, tau2_s = 0;       // R C; tau2_s of 2RC

  /// One of its resistances; without values 0.
  [[nodiscard]] double at(const std::vector<double>& values, double at_soc) const;
};

struct CellSet {
  std::string name;   // "chen2020"
  std::string title;  // "LG M50 21700, Chen 2020"
  ElectrodeSet negative, positive;
  SeparatorSet separator;
  ElectrolyteSet electrolyte;
  ThermalSet thermal;
  double area_m2 = 0;              // of one electrode pair times pairs in parallel
  double nominal_capacity_ah = 0;  // what 1C means; 5 A for 5 Ah
  double cutoff_lower_v = 0, cutoff_upper_v = 0;
  double ocv_empty_v = 0, ocv_full_v = 0;  // at SoC 0 and 1
  EcmSet ecm_1rc, ecm_2rc, spm_rc;

  /// A cell of the same make with another capacity: area, heat capacity and cooling grow with it,
  /// resistances fall.
  [[nodiscard]] CellSet scaled_to(double nominal_ah) const;
};

/// Stoichiometries at SoC 0 and 1, from the two open-circuit voltages and the lithium that the set
/// starts with (docs/simulation.md, "Start").
struct StoichiometryLimits {
  double negative_empty = 0, negative_full = 0;
  double positive_empty = 0, positive_full = 0;
  double capacity_ah = 0;       // between SoC 0 and 1
  double soc_of_set_start = 0;  // where the set's own concentrations stand
};
/// The error says which voltage cannot be reached.
Result<StoichiometryLimits> find_limits(const CellSet& set);
/// Open-circuit voltage at an SoC, and the SoC of an open-circuit voltage (error: outside).
double ocv_at(const CellSet& set, const StoichiometryLimits& limits, double soc);
Result<double> soc_at(const CellSet& set, const StoichiometryLimits& limits, double ocv_v);

/// The first thing that is wrong with the numbers: which quantity, why, and what is usual.
Result<> check(const CellSet& set);

}  // namespace b2m::sim

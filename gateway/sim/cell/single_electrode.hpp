// SPDX-License-Identifier: MIT
// An electrode whose particles are all alike: the SPM's and the SPMe's.
#pragma once

#include <cmath>
#include <span>

#include "gateway/sim/cell/particles.hpp"

namespace b2m::sim {

inline constexpr double kSaltScale = 1000;  // mol/m3

/// 1 / sqrt(z); the root is z (z^2 + 1e-6)^(-1/4), a guard as in PyBaMM 26.6.
inline double inverse_root(double z) {
  constexpr double kLeast = 1e-6;  // below lies nothing that a cell can be
  z = z > kLeast ? z : kLeast;
  return std::sqrt(std::sqrt(z * z + 1e-6)) / z;
}

class SingleElectrode {
 public:
  /// `sign`: +1 the negative electrode, whose particles give lithium while the cell discharges, -1
  /// the positive.
  SingleElectrode(const ElectrodeSet& set, double sign, double area_m2, int shells);

  Particles particles;

  /// Density at the particles' surfaces, A/m2.
  [[nodiscard]] double density(double current_a) const { return density_per_ampere_ * current_a; }
  [[nodiscard]] double concentration_max() const { return set_.concentration_max; }
  [[nodiscard]] double stoichiometry(double concentration) const {
    return concentration / set_.concentration_max;
  }
  /// Currents that would empty and fill the surface alpha + beta j. Both infinite where the surface
  /// does not depend on the current.
  struct Range {
    double low_a, high_a;
  };
  [[nodiscard]] Range current_range(double alpha, double beta) const;

  struct Potential {
    double ocp_v = 0, eta_v = 0;
    double entropic_v_per_k = 0;
    double by_surface = 0;  // d(ocp + eta)/d(c_surf)
  };
  /// `salt`: per node, what salt_factor() gives.
  [[nodiscard]] Potential potential(double surface, double current_a, double temperature_k,
                                    std::span<const double> salt) const;
  /// Open-circuit potential of a concentration.
  [[nodiscard]] double ocp(double concentration, double temperature_k) const;

 private:
  struct Open {
    double value, slope, entropic;  // slope: by stoichiometry
  };
  [[nodiscard]] Open open_circuit(double stoichiometry, double temperature_k) const;

  ElectrodeSet set_;
  bool has_entropic_;
  double density_per_ampere_;
};

/// 1 / sqrt(c_e / 1000 mol/m3), with the guard against depletion: what the exchange current is
/// divided by.
inline double salt_factor(double salt) { return inverse_root(salt / kSaltScale); }

}  // namespace b2m::sim

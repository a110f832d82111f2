// SPDX-License-Identifier: MIT
// Butler-Volmer at the nodes of one electrode, solved for the potential: solid against electrolyte
// as a function of the current density j, so that nothing about it has to be iterated.
#pragma once

#include <span>
#include <vector>

#include "gateway/sim/cell/cell_set.hpp"

namespace b2m::sim {

/// A node never has less, mol/m3.
inline constexpr double kLeastSalt = 1e-20;

class DfnReaction {
 public:
  DfnReaction(const ElectrodeSet& set, std::size_t count);

  /// With the particles' surfaces at alpha + beta * j, mol/m3; salt in mol/m3, j in A/m2.
  void evaluate(std::span<const double> salt, std::span<const double> alpha,
                std::span<const double> beta, std::span<const double> j, double temperature_k);

  // What evaluate() found, per node.
  std::vector<double> potential;  // phi_s - phi_e, V
  std::vector<double> by_j;       // its slopes
  std::vector<double> by_salt;
  std::vector<double> by_surface;  // with j as it is
  std::vector<double> ocp;         // open-circuit potential at the surface, V
  std::vector<double> ocp_by_j;
  std::vector<double> entropic;  // dU/dT at the surface, V/K
  std::vector<double> stoichiometry;

 private:
  void evaluate_ocp(std::span<const double> beta, double temperature_k);
  void guard_ocp();

  const ElectrodeSet& set_;
  bool has_entropic_;
  std::vector<double> clamped_, slope_, entropic_slope_, ratio_;
};

/// What keeps a stoichiometry inside 0 to 1: added to the open-circuit potential, nothing between
/// 0.01 and 0.99 (docs/simulation.md, "Guards").
double ocp_guard(double stoichiometry);
double ocp_guard_slope(double stoichiometry);

}  // namespace b2m::sim

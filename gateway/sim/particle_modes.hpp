// SPDX-License-Identifier: MIT
// Diffusion in a spherical particle as a sum of first-order lags: the finite volumes of
// docs/simulation.md, diagonalised once. Exact in time while the current is constant, and a step
// costs two multiplications a lag, for any number of cells.
#pragma once

#include <vector>

namespace b2m::sim {

/// surface - mean stoichiometry = sum of weight_s times the lagged rate (1/s) of the mean.
struct ParticleModes {
  std::vector<double> rate_per_s;  // of each lag
  std::vector<double> weight_s;
};

/// `shells` of equal thickness; the surface is extrapolated from the two outermost ones.
ParticleModes particle_modes(int shells, double diffusivity_m2_per_s, double radius_m);

}  // namespace b2m::sim

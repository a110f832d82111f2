// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/spm.hpp"

#include <cmath>

#include <fmt/core.h>

#include "gateway/sim/cell/single_particle.hpp"

namespace b2m::sim {
namespace {

Result<> check_thermal(const CellSet& set, const SolverSettings& settings) {
  if (!settings.is_thermal) return {};
  if (!(set.thermal.heat_capacity_j_per_k > 0))
    return Error(Errc::not_supported,
                 "this parameter set has no heat capacity; simulate without the thermal model");
  if (!(set.thermal.cooling_w_per_k >= 0))
    return Error(Errc::out_of_range, "the cooling in W/K must not be below 0");
  return {};
}

Result<std::unique_ptr<Solver>> make(ModelKind model, const CellSet& set,
                                     const SolverSettings& settings) {
  if (auto fine = check_settings(settings); !fine) return fine.error();
  if (auto fine = check_thermal(set, settings); !fine) return fine.error();
  const Result<StoichiometryLimits> limits =
      settings.limits ? Result<StoichiometryLimits>(*settings.limits) : find_limits(set);
  if (!limits) return limits.error();
  return std::unique_ptr<Solver>(std::make_unique<SingleParticle>(model, set, *limits, settings));
}

}  // namespace

Result<> check_settings(const SolverSettings& s) {
  const auto within = [](double value, double least, double most) {
    return value >= least && value <= most;
  };
  for (const int nodes : {s.mesh.negative, s.mesh.separator, s.mesh.positive})
    if (!within(nodes, 2, kMostNodes))
      return Error(Errc::out_of_range,
                   fmt::format("mesh: {} nodes; 2 to {} can be used", nodes, kMostNodes));
  for (const int shells : {s.mesh.shells_negative, s.mesh.shells_positive})
    if (!within(shells, 2, kMostShells))
      return Error(Errc::out_of_range,
                   fmt::format("mesh: {} shells; 2 to {} can be used", shells, kMostShells));
  for (const double t : {s.start_temperature_k, s.ambient_k})
    if (!within(t, kLowestStart_k, kHighestStart_k))
      return Error(Errc::out_of_range,
                   fmt::format("temperature {:.6g} K; {} to {} K can be simulated", t,
                               kLowestStart_k, kHighestStart_k));
  if (!within(s.tolerance_v, 1e-12, 1))
    return Error(Errc::out_of_range, "the tolerance has to lie between 1e-12 and 1 V");
  if (!std::isnan(s.soc) && !within(s.soc, 0, 1))
    return Error(Errc::out_of_range, fmt::format("SoC {:.6g}; 0 to 1 can be simulated", s.soc));
  return {};
}

Result<std::unique_ptr<Solver>> make_spm(const CellSet& set, const SolverSettings& settings) {
  return make(ModelKind::spm, set, settings);
}

Result<std::unique_ptr<Solver>> make_spme(const CellSet& set, const SolverSettings& settings) {
  return make(ModelKind::spme, set, settings);
}

Result<std::unique_ptr<Solver>> make_spm_rc(const CellSet& set, const SolverSettings& settings) {
  const EcmSet& fit = set.spm_rc;
  if (fit.soc.empty())
    return Error(Errc::not_supported,
                 "this parameter set has no values for the model spm_rc; use spm, spme or dfn");
  if (fit.r0_ohm.size() != fit.soc.size() || fit.r1_ohm.size() != fit.soc.size() ||
      !(fit.tau1_s > 0))
    return Error(Errc::malformed, "spm_rc: needs r0 and r1 for each knot of soc, and tau1 above 0");
  return make(ModelKind::spm_rc, set, settings);
}

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/dfn.hpp"

#include <cmath>

#include <fmt/core.h>

#include "gateway/sim/cell/dfn_solver.hpp"

namespace b2m::sim {

namespace {

Result<> check_mesh(const Mesh& mesh) {
  const auto check = [](const char* what, int count, int least, int most) -> Result<> {
    if (count >= least && count <= most) return {};
    return Error(Errc::out_of_range,
                 fmt::format("mesh: {} {}; from {} to {} can be used", count, what, least, most));
  };
  if (auto ok = check("nodes in the negative electrode", mesh.negative, 2, kMostNodes); !ok)
    return ok;
  if (auto ok = check("nodes in the separator", mesh.separator, 1, kMostNodes); !ok) return ok;
  if (auto ok = check("nodes in the positive electrode", mesh.positive, 2, kMostNodes); !ok)
    return ok;
  if (auto ok = check("shells of a negative particle", mesh.shells_negative, 2, kMostShells); !ok)
    return ok;
  return check("shells of a positive particle", mesh.shells_positive, 2, kMostShells);
}

}  // namespace

Result<std::unique_ptr<Solver>> make_dfn(const CellSet& set, const SolverSettings& settings) {
  if (auto ok = check_mesh(settings.mesh); !ok) return ok.error();
  double negative = set.negative.concentration_start;
  double positive = set.positive.concentration_start;
  if (!std::isnan(settings.soc)) {
    const Result<StoichiometryLimits> limits =
        settings.limits ? Result<StoichiometryLimits>(*settings.limits) : find_limits(set);
    if (!limits) return limits.error();
    const double full_n = limits->negative_full, empty_n = limits->negative_empty;
    const double full_p = limits->positive_full, empty_p = limits->positive_empty;
    negative = set.negative.concentration_max * (empty_n + settings.soc * (full_n - empty_n));
    positive = set.positive.concentration_max * (empty_p + settings.soc * (full_p - empty_p));
  }
  return std::unique_ptr<Solver>(std::make_unique<DfnSolver>(set, settings, negative, positive));
}

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/solver.hpp"

#include "gateway/sim/cell/dfn.hpp"
#include "gateway/sim/cell/ecm.hpp"
#include "gateway/sim/cell/spm.hpp"

namespace b2m::sim {

Result<std::unique_ptr<Solver>> make_solver(ModelKind kind, const CellSet& set,
                                            const SolverSettings& settings) {
  switch (kind) {
    case ModelKind::spm:
      return make_spm(set, settings);
    case ModelKind::spme:
      return make_spme(set, settings);
    case ModelKind::dfn:
      return make_dfn(set, settings);
    case ModelKind::spm_rc:
      return make_spm_rc(set, settings);
    case ModelKind::ecm_1rc:
    case ModelKind::ecm_2rc:
      return make_ecm(kind, set, settings);
  }
  return Error(Errc::not_supported, "no such model");
}

}  // namespace b2m::sim

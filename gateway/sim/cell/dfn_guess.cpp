// SPDX-License-Identifier: MIT
// Where Newton's method starts in a stage: a polynomial through the instants before it, the part
// that comes from the current taken out and put back for the current that is asked for. A kink of
// the current, as in drive cycles, then costs nothing.
#include <algorithm>

#include "gateway/sim/cell/dfn_solver.hpp"
#include "gateway/sim/cell/tr_bdf2.hpp"

namespace b2m::sim {

namespace {

constexpr double kFurthest = 3;  // how far a parabola is trusted, in steps

}  // namespace

void DfnSolver::guess_middle() {
  middle_.at_s = tr_bdf2::kStage * dt_s_;
  if (!is_history_known_) return guess(middle_, {&begin_});
  if (middle_.at_s > -kFurthest * before_.at_s) return guess(middle_, {&before_stage_, &begin_});
  guess(middle_, {&before_, &before_stage_, &begin_});
}

void DfnSolver::guess_end() {
  end_.at_s = dt_s_;
  if (!is_history_known_ || end_.at_s > -kFurthest * before_.at_s)
    return guess(end_, {&begin_, &middle_});
  guess(end_, {&before_stage_, &begin_, &middle_});
}

void DfnSolver::guess(Instant& now, std::initializer_list<const Instant*> known) {
  std::fill(now.point.salt.begin(), now.point.salt.end(), 0.0);
  std::fill(now.point.current.begin(), now.point.current.end(), 0.0);
  now.point.total = now.temperature_k = now.heat_w = 0;
  for (const Instant* one : known) {
    double part = 1;
    for (const Instant* other : known)
      if (other != one) part *= (now.at_s - other->at_s) / (one->at_s - other->at_s);
    for (std::size_t k = 0; k < now.point.salt.size(); ++k)
      now.point.salt[k] += part * one->point.salt[k];
    for (std::size_t f = 0; f < now.point.current.size(); ++f)
      now.point.current[f] += part * one->point.current[f];
    now.point.total += part * one->point.total;
    now.temperature_k += part * one->temperature_k;
    now.heat_w += part * one->heat_w;
  }
}

void DfnSolver::follow_total(DfnPoint& point, double total) const {
  const DfnPoint& response = newton_.response();
  const double more = total - point.total;
  for (std::size_t k = 0; k < point.salt.size(); ++k) point.salt[k] += more * response.salt[k];
  for (std::size_t f = 0; f < point.current.size(); ++f)
    point.current[f] += more * response.current[f];
  point.total = total;
}

}  // namespace b2m::sim

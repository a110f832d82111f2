// SPDX-License-Identifier: MIT
// Newton's method for one implicit stage of the DFN. The total current is one more unknown where
// voltage, power or resistance is asked for.
#pragma once

#include "gateway/sim/cell/dfn_equations.hpp"

namespace b2m::sim {

class DfnNewton {
 public:
  /// Both must outlive it.
  DfnNewton(DfnEquations& equations, const DfnGrid& grid, double area_m2);

  /// Improves `point`, which holds a guess. `value` of the demand, in its own unit. False: there is
  /// no solution near by; the point is then anything.
  bool solve(Demand::Kind kind, double value, const DfnStage& stage, DfnPoint& point);

  /// The same for a stage of no length, after a jump, from any guess.
  bool settle(Demand::Kind kind, double value, const DfnStage& stage, DfnPoint& point);

  [[nodiscard]] double voltage() const { return voltage_; }
  /// How the solution follows the total, per A/m2.
  [[nodiscard]] const DfnPoint& response() const { return response_; }
  [[nodiscard]] long iterations() const { return iterations_; }

 private:
  /// How far an iteration may lead astray before it is taken back. The second try is the careful
  /// one: at ends of discharges it arrives less often than the first.
  struct Caution {
    double growth;      // of the residual
    double furthest_v;  // of the voltage, where the total is free
  };
  static constexpr Caution kUsual{2, 0.3}, kMore{1, 0.05};

  bool iterate(Demand::Kind kind, double value, const DfnStage& stage, DfnPoint& point);
  double find_change(Demand::Kind kind, double value, const DfnPoint& point);
  bool go_down(Demand::Kind kind, double value, const DfnStage& stage, double slope,
               DfnPoint& point);
  void remember_residuals();
  [[nodiscard]] double slope_along(std::span<const double> residuals) const;
  [[nodiscard]] double missed(Demand::Kind kind, double value, const DfnPoint& point) const;
  void make_response();
  void make_change(double of_total);
  [[nodiscard]] double change_of_total(Demand::Kind kind, double value, double total);
  void keep_salt(const DfnPoint& point);
  [[nodiscard]] double size_of_change(const DfnPoint& point) const;
  [[nodiscard]] double damping() const;
  void move(DfnPoint& point, double part) const;
  bool is_solved(double size, double size_before);

  DfnEquations& equations_;
  const DfnGrid& grid_;
  double area_m2_;
  DfnPoint guess_, change_, response_;
  Caution caution_ = kUsual;
  std::vector<double> residuals_;
  double voltage_ = 0;
  double voltage_by_total_ = 0;  // with everything else following
  bool is_limited_ = false;      // a change has been held back
  bool is_rough_ = false;        // one goes further than the slopes are good for
  double curvature_ = 1e-3;      // size of a change by the square of the one before
  long iterations_ = 0;
};

}  // namespace b2m::sim

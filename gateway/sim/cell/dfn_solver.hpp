// SPDX-License-Identifier: MIT
// The time steps of the DFN: TR-BDF2 around the equations of a stage, the lumped temperature, the
// guess that a stage starts from, and why there is no solution.
#pragma once

#include <initializer_list>
#include <string>

#include "gateway/sim/cell/dfn_newton.hpp"
#include "gateway/sim/cell/particles.hpp"

namespace b2m::sim {

class DfnSolver final : public Solver {
 public:
  DfnSolver(const CellSet& set, const SolverSettings& settings, double negative_concentration,
            double positive_concentration);

  Attempt settle(const Demand& demand) override;
  Attempt attempt(double dt_s, const Demand& demand) override;
  void accept() override;
  [[nodiscard]] Terms terms() const override;

  /// What must be conserved, of the whole cell.
  struct Content {
    double negative_mol, positive_mol, salt_mol;  // lithium in the particles, salt
  };
  [[nodiscard]] Content content() const;
  [[nodiscard]] long newton_iterations() const { return newton_.iterations(); }

 private:
  /// The cell at one instant.
  struct Instant {
    explicit Instant(const DfnGrid& grid) : point(grid) {}
    DfnPoint point;
    double at_s = 0;  // from the accepted state
    double voltage_v = 0;
    double temperature_k = 0;
    double heat_w = 0;
  };
  /// Below these the cell counts as used up.
  struct Margin {
    double salt, stoichiometry;
  };

  [[nodiscard]] DfnStage frozen() const;
  bool solve_stage(Demand::Kind kind, double value, Instant& now);
  Particles::Commit commit(const DfnPoint& point);
  void guess_middle();
  void guess_end();
  static void guess(Instant& now, std::initializer_list<const Instant*> known);
  void follow_total(DfnPoint& point, double total) const;
  /// The temperature at the end of the stage, with the heat of `now`.
  [[nodiscard]] double warmed(const Instant& now) const;
  [[nodiscard]] double warming(const Instant& now) const;  // K/s
  [[nodiscard]] double time_error();
  [[nodiscard]] double salt_error() const;
  [[nodiscard]] double temperature_error() const;
  Attempt report();
  [[nodiscard]] Attempt no_step(const Demand& demand, double value) const;
  [[nodiscard]] Attempt no_solution(const Demand& demand, double value) const;
  /// Empty: nothing is used up.
  [[nodiscard]] std::string depletion(const DfnPoint& point, std::span<const double> negative,
                                      std::span<const double> positive, const Margin& margin) const;
  [[nodiscard]] std::string place(std::size_t node) const;
  [[nodiscard]] double mean_solid(std::size_t first, std::size_t count, double ohmic) const;
  void add_solid(Terms& terms) const;

  const CellSet set_;
  const SolverSettings settings_;
  const DfnGrid grid_;
  mutable DfnEquations equations_;  // terms() evaluates them
  DfnNewton newton_;
  Particles negative_, positive_;

  Instant before_, before_stage_;  // of the step before
  Instant begin_, middle_, end_;   // of this one; begin_ is the accepted state
  bool is_history_known_ = false;
  bool is_tried_ = false;
  double dt_s_ = 0;
  std::vector<double> salt_slope_, right_;
  double right_temperature_k_ = 0;
  std::vector<double> negative_j_, positive_j_, negative_error_, positive_error_;
  std::vector<double> no_beta_;
};

}  // namespace b2m::sim

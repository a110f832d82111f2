// SPDX-License-Identifier: MIT
// The models with one particle for each electrode: SPM; SPMe, which adds the electrolyte; spm_rc,
// which adds a resistor and an RC pair instead. Isothermal or with one temperature for the whole
// cell. docs/simulation.md, "Models".
#pragma once

#include <limits>
#include <optional>

#include "gateway/sim/cell/current_search.hpp"
#include "gateway/sim/cell/electrolyte.hpp"
#include "gateway/sim/cell/single_electrode.hpp"

namespace b2m::sim {

class SingleParticle final : public Solver {
 public:
  /// `model`: spm, spme or spm_rc. Set and settings have been looked at: make_spm() and so on.
  SingleParticle(ModelKind model, const CellSet& set, const StoichiometryLimits& limits,
                 const SolverSettings& settings);

  Attempt settle(const Demand& demand) override;
  Attempt attempt(double dt_s, const Demand& demand) override;
  void accept() override;
  [[nodiscard]] Terms terms() const override;

  /// Lithium in both electrodes' particles, mol, and salt in the electrolyte, mol (SPMe). For the
  /// books: tests and the capacity left.
  struct Content {
    double negative_mol, positive_mol, salt_mol;
  };
  [[nodiscard]] Content content() const;

 private:
  /// The cell at one instant, for one current.
  struct Point {
    double current_a = 0, voltage_v = 0, temperature_k = 0;
    double rc_v = 0, rc_target_v = 0;  // voltage of the RC pair, and where it goes
    double negative_surface = 0, positive_surface = 0;
    SingleElectrode::Potential negative, positive;
    Electrolyte::Effect electrolyte;
    double dphi_solid_v = 0, heat_w = 0;
    double slope_v_per_a = -0.03;
  };
  /// What stays the same while a stage's current and temperature are looked for. settle(): dt is 0.
  struct Stage {
    double dt_s = 0, g = 0;  // dt: from the step's begin to the stage
    double right_temperature_k = 0, right_rc_v = 0;
  };
  struct Trouble {
    Attempt::Outcome outcome = Attempt::Outcome::solved;
    std::string reason;
    [[nodiscard]] bool is_there() const { return outcome != Attempt::Outcome::solved; }
  };

  Trouble solve_stage(const Stage& stage, Demand::Kind kind, double wanted, Point& result);
  Trouble solve_point(const Stage& stage, Demand::Kind kind, double wanted, Point& result);
  Trouble solve_current(const Stage& stage, Demand::Kind kind, double wanted, Point& result);
  [[nodiscard]] std::string beyond_bound() const;
  bool evaluate(const Stage& stage, double current_a, Point& point);
  void add_up(Electrolyte::Of salt, Point& point);
  double voltage_slope(bool at_end, double dt_s);
  [[nodiscard]] CurrentSearch search_range(const Stage& stage) const;
  Particles::Commit commit(const Point& point);
  [[nodiscard]] Trouble find_depletion(const Point& point) const;
  [[nodiscard]] double heat(const Point& point) const;
  [[nodiscard]] double warming(const Point& point) const;  // K/s
  [[nodiscard]] double warmed(const Stage& stage, const Point& point) const;
  [[nodiscard]] double mean_soc() const;
  [[nodiscard]] double rc_slope(const Point& point) const;
  void add_rc(const Stage& stage, Point& point) const;
  double sharpen_temperature(double dt_s);
  [[nodiscard]] double bend_error() const;
  [[nodiscard]] double time_error(double dt_s);
  [[nodiscard]] bool follows(const Demand& demand) const;
  Trouble begin_step(double dt_s, const Demand& demand);
  Trouble run_stages(double dt_s, const Demand& demand);
  [[nodiscard]] Attempt failure(const Trouble& trouble) const;

  CellSet set_;
  StoichiometryLimits limits_;
  SolverSettings settings_;
  SingleElectrode negative_, positive_;
  std::optional<Electrolyte> electrolyte_;
  std::vector<double> negative_salt_, positive_salt_;  // salt_factor() of the nodes
  double solid_ohm_ = 0;
  EcmSet rc_;  // of spm_rc; otherwise without knots

  Point now_;                   // accepted
  Point begin_, middle_, end_;  // of the step under way
  double begin_soc_ = 0;
  double temperature_error_k_ = 0;
  // Of the voltage, V/s; NaN: not known.
  double begin_slope_ = std::numeric_limits<double>::quiet_NaN();
  double end_slope_ = std::numeric_limits<double>::quiet_NaN();
  Demand last_, trying_;
};

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
// The Doyle-Fuller-Newman model on a grid, with the particles eliminated: residuals of an implicit
// stage, their exact slopes and the terminal voltage. Equations: docs/simulation.md, "DFN".
//
// Both charge equations are used up at once: what does not flow in the electrolyte flows in the
// solid, so that of two potentials per node only their difference is left, which the reaction gives
// as a function of the current density, the difference of the currents through the node's faces.
// Charge and salt are conserved by every iterate, not only by the solution.
#pragma once

#include <span>
#include <vector>

#include "gateway/sim/cell/band.hpp"
#include "gateway/sim/cell/dfn_grid.hpp"
#include "gateway/sim/cell/dfn_reaction.hpp"

namespace b2m::sim {

struct DfnPoint {
  explicit DfnPoint(const DfnGrid& grid) : salt(grid.nodes()), current(grid.nodes() + 1) {}
  /// Through the separator and its faces nothing else can flow.
  void set_total(const DfnGrid& grid, double amperes_per_m2);
  std::vector<double> salt;     // mol/m3, per node
  std::vector<double> current;  // in the electrolyte, A/m2, per face
  double total = 0;             // through the cell, A/m2
};

/// What is given in an implicit stage: salt - weight * its slope = right.
struct DfnStage {
  double weight = 0;  // s; 0: the salt is `right`
  std::span<const double> right;
  double temperature_k = kReferenceTemperature_k;
  // The particles' surfaces are alpha + beta * j.
  std::span<const double> alpha_negative, beta_negative, alpha_positive, beta_positive;
};

class DfnEquations {
 public:
  /// Both must outlive it.
  DfnEquations(const CellSet& set, const DfnGrid& grid);

  void evaluate(const DfnPoint& point, const DfnStage& stage);

  // What evaluate() found. `first` of the rows is the residual, `second` its slope by the total.
  std::vector<BandRow> rows;
  double voltage = 0;
  double voltage_by_total = 0;
  std::vector<double> voltage_slopes;  // by the unknowns
  double residual = 0;                 // the largest, in volts
  DfnReaction negative, positive;
  std::vector<double> flux;  // of salt by diffusion, per face, against x; mol/(m2 s)
  std::vector<double> drop;  // of the electrolyte's potential over a face, V

  /// Slope of the salt in time, mol/(m3 s), at the point evaluated last.
  [[nodiscard]] double salt_slope(const DfnPoint& point, std::size_t node) const;
  /// chi R T / F: volts for a factor e in salt.
  [[nodiscard]] double salt_voltage(double temperature_k) const;
  /// Reaction and ohmic heat with the reversible one, W/m2, at a point close to that evaluated
  /// last.
  [[nodiscard]] double heat(const DfnPoint& point, double voltage_v, double temperature_k) const;
  /// Surface of the particles of one node by the cell's area.
  [[nodiscard]] double negative_per_j() const { return negative_side_.per_j; }
  [[nodiscard]] double positive_per_j() const { return positive_side_.per_j; }
  /// Current density at the surface of particles.
  void current_densities(const DfnPoint& point, std::span<double> negative_j,
                         std::span<double> positive_j) const;

 private:
  struct Side {
    std::size_t first, count;  // nodes
    double per_j;              // surface per volume times a node's width
    double ohmic;              // of the solid over a node, Ohm m2
  };

  void evaluate_transport(const DfnPoint& point, double temperature_k);
  void evaluate_faces(const DfnPoint& point, double temperature_k);
  void write_node(std::size_t k, const DfnPoint& point, const DfnStage& stage);
  void write_face(std::size_t f, const DfnPoint& point, const Side& side,
                  const DfnReaction& reaction);
  void write_side(const DfnPoint& point, const Side& side, const DfnReaction& reaction);
  void write_voltage(const DfnPoint& point);
  void add_solid_voltage(const DfnPoint& point, const Side& side);
  void add_electrolyte_voltage();

  const CellSet& set_;
  const DfnGrid& grid_;
  Side negative_side_, positive_side_;
  double salt_per_current_;  // (1 - t+) / F
  std::vector<double> negative_j_, positive_j_;
  std::vector<double> clamped_, diffusivity_, diffusivity_slope_, conductivity_,
      conductivity_slope_;                            // per node
  std::vector<double> flux_by_left_, flux_by_right_;  // per face, by the salt beside it
  std::vector<double> drop_by_left_, drop_by_right_, resistance_;  // of the electrolyte, Ohm m2
};

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
// Salt in the electrolyte as the SPMe sees it: the reaction is uniform in each electrode, so the
// current alone drives the concentrations through the cell. Finite volumes, docs/simulation.md,
// "SPMe". A step goes as in particles.hpp.
#pragma once

#include <span>
#include <vector>

#include "gateway/sim/cell/solver.hpp"

namespace b2m::sim {

class Electrolyte {
 public:
  Electrolyte(const CellSet& set, const Mesh& mesh);

  void begin(double dt_s, double current_a, double temperature_k);
  void second_stage();
  /// The stage's concentrations at this current, by Newton from the last ones. False: none found.
  bool solve(double current_a, double temperature_k);
  void accept();

  /// Which concentrations are looked at: the accepted ones; the stage's; those that shift() made.
  enum class Of { accepted, stage, shifted };
  /// A little later than the step's begin or end, along the slope there.
  void shift(bool at_end, double seconds);

  struct Effect {
    double eta_v = 0;   // concentration overpotential
    double dphi_v = 0;  // ohmic
  };
  [[nodiscard]] Effect effect(double current_a, double temperature_k, Of which) const;
  /// Per node of an electrode, salt_factor().
  void salt_factors(Of which, std::span<double> negative, std::span<double> positive) const;
  /// The time error of the step in volts, after the second solve().
  [[nodiscard]] double voltage_error(double temperature_k);

  struct Extremes {
    double min, max;
    std::size_t at_min;  // node
  };
  [[nodiscard]] Extremes extremes(Of which) const;
  /// "the positive electrode, 12 um from the collector", of a node.
  [[nodiscard]] std::string place(std::size_t node) const;
  [[nodiscard]] std::span<const double> concentrations() const { return begin_; }
  /// Thickness times porosity, per node: what the concentrations weigh.
  [[nodiscard]] double weight(std::size_t node) const { return width_[node] * porosity_[node]; }

 private:
  using Column = std::vector<double>;

  void lay_domain(double thickness_m, double porosity, double efficiency, int nodes);
  void find_sources(const CellSet& set, const Mesh& mesh);
  void guess_middle();
  void evaluate_faces(const Column& c, double temperature_k);
  /// One Newton step; the largest change in mol/m3.
  double improve(double current_density);
  void factorise();
  void solve_factorised(Column& inout) const;
  [[nodiscard]] const Column& values(Of which) const;
  Column& stage() { return is_second_ ? end_ : middle_; }

  ElectrolyteSet set_;
  double area_m2_;
  std::size_t negative_, positive_;  // nodes; the positive ones stand last
  double length_m_ = 0;
  double ohmic_length_ = 0;  // thicknesses over transport efficiencies
  Column width_, porosity_, per_weight_,
      half_;       // half_: half the width over the transport efficiency
  Column source_;  // slope of c by current density
  double separator_begin_m_;

  double dt_s_ = 0, g_ = 0;
  bool is_second_ = false;
  Column begin_, middle_, end_, slope_, right_, shifted_;
  Column diffusivity_, diffusivity_slope_, floored_;
  // Salt through each node's left face (and the last's right one), to the left, and its slopes by
  // the concentrations on both sides.
  Column flux_, by_left_, by_right_;
  Column lower_, upper_, inverse_, change_;  // the factorised matrix
};

}  // namespace b2m::sim

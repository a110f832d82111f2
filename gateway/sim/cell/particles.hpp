// SPDX-License-Identifier: MIT
// Diffusion of lithium in the spherical particles of an electrode: `count` particles of one radius
// (one for SPM and SPMe, one at every node for DFN), each of N shells of equal thickness, as finite
// volumes. The surface is extrapolated linearly from the two outermost shells, as PyBaMM does:
// docs/simulation.md, "Particles".
//
// The point of this class: for an implicit stage every particle is a linear system with one number
// coming from outside, the current density j at its surface (A/m2, positive out of the particle).
// It is solved but for that number, so that the surface is
//     c_surf[i] = alpha()[i] + beta()[i] * j[i]
// and the particles vanish from the caller's own equations. One step of TR-BDF2:
//
//     p.begin(dt, j at the beginning, temperature);
//     for both stages:
//       p.prepare(temperature in the stage);           // may be repeated with another temperature
//       do { find j by alpha() and beta() } while (p.commit(j) == Commit::again);
//       between them: p.second_stage();
//     p.surface_error(...); then p.accept(), or begin() again with another step.
//
// Where the diffusivity depends on the stoichiometry, alpha and beta are those of a Newton
// iteration and commit() asks for another one until the concentrations stay; otherwise commit() is
// done at once and beta is the same for all. Nothing but fill() and accept() changes the state.
#pragma once

#include <span>
#include <vector>

#include "gateway/sim/cell/cell_set.hpp"

namespace b2m::sim {

class Particles {
 public:
  enum class Commit { done, again, failed };

  /// `count` at least 1, `shells` at least 2.
  Particles(const ElectrodeSet& set, int count, int shells);
  /// The same concentration everywhere.
  void fill(double concentration);

  [[nodiscard]] int count() const { return static_cast<int>(count_); }
  [[nodiscard]] int shells() const { return static_cast<int>(shells_); }
  /// The diffusivity does not depend on the stoichiometry: commit() is never `again`.
  [[nodiscard]] bool is_linear() const { return is_linear_; }

  // The accepted state, mol/m3.
  [[nodiscard]] std::span<const double> surface() const { return surface_; }
  [[nodiscard]] double mean(int particle) const;
  [[nodiscard]] double concentration(int shell, int particle) const;

  void begin(double dt_s, std::span<const double> j, double temperature_k);
  void second_stage();
  /// Makes alpha() and beta() for the stage.
  void prepare(double temperature_k);
  [[nodiscard]] std::span<const double> alpha() const { return alpha_; }
  [[nodiscard]] std::span<const double> beta() const { return beta_; }
  /// The stage's concentrations with these j. `failed`: no convergence, or not a number.
  Commit commit(std::span<const double> j);
  /// After commit(): the surfaces at the end of the stage.
  [[nodiscard]] std::span<const double> stage_surface() const { return stage_surface_; }
  /// How fast a surface moves at the step's begin or, after the second commit() and before
  /// surface_error(), at its end; mol/(m3 s).
  [[nodiscard]] double surface_slope(bool at_end, int particle) const;
  /// After the second commit(): the estimated time error of each surface, with its sign.
  void surface_error(std::span<double> error);
  /// Takes the step over. The mean concentrations become of third order in time (the current's
  /// curve is integrated better than a stage can), unless the current changes too much in a step.
  void accept();

 private:
  using Column = std::vector<double>;  // [shell * count_ + particle], or [shell] where shared

  template <class Do>
  void with_layout(Do&& run) const;
  void share_coefficients();
  void linearise();
  void evaluate_faces(const Column& c);
  void find_response();
  bool iterate_moved(const Column& result);
  [[nodiscard]] double charge_correction() const;
  [[nodiscard]] double extrapolate(const Column& c, std::size_t particle) const;
  Column& stage_result() { return is_second_ ? end_ : middle_; }

  std::size_t count_, shells_;
  bool is_linear_;
  double concentration_max_;
  Function diffusivity_;
  double constant_diffusivity_;
  Activation activation_;
  Column volume_, outward_, inward_;  // per shell; conductance to the neighbours per diffusivity
  double mean_per_flux_;              // slope of the mean concentration by j
  double per_flux_;                   // of the outermost shell: slope of c by j

  // Of the step under way.
  double dt_s_ = 0, g_ = 0;
  bool is_second_ = false;
  double factorised_for_ = -1;  // diffusivity times g
  double activation_now_ = 1;
  int iteration_ = 0;
  Column begin_, middle_, end_;  // accepted; at the first stage's end; at the second's
  Column slope_, right_, swept_;
  Column lower_, upper_, inverse_;      // the factorised matrix
  Column faces_, by_inner_, by_outer_;  // diffusivity of the outer faces; its derivatives
  Column iterate_, correction_;         // linearised about it
  Column stoichiometry_, nodes_, node_slopes_;
  Column alpha_, beta_, surface_, stage_surface_;
  Column begin_j_, middle_j_, end_j_;
};

/// exp(E/R (1/T_ref - 1/T))
double activation_factor(const Activation& activation, double temperature_k);

}  // namespace b2m::sim

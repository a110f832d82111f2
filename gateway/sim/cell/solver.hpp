// SPDX-License-Identifier: MIT
// One cell in time, as every model gives it to the run: try a step, look, take it or not.
#pragma once

#include <array>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "gateway/sim/cell/cell_set.hpp"

namespace b2m::sim {

enum class ModelKind { spm, spme, dfn, spm_rc, ecm_1rc, ecm_2rc };
inline constexpr std::array<const char*, 6> kModelNames = {"spm",    "spme",    "dfn",
                                                           "spm_rc", "ecm_1rc", "ecm_2rc"};

struct Mesh {
  int negative = 20, separator = 20, positive = 20;  // nodes through the cell
  int shells_negative = 20, shells_positive = 20;    // of a particle, of equal thickness
};

/// What the cell is asked for during a step: linear in time from `begin` to `end`.
/// current in A (discharge positive), voltage in V, power in W (discharge positive), resistance in
/// Ohm (of the load: V = R I).
struct Demand {
  enum class Kind { current, voltage, power, resistance };
  Kind kind = Kind::current;
  double begin = 0;
  double end = 0;
};

/// How a try ended. What was not solved says why, for the user: "the electrolyte is depleted in the
/// positive electrode, 12 um from the collector", "lithium of the negative particles' surface used
/// up".
struct Attempt {
  enum class Outcome { solved, no_solution, depleted };
  Outcome outcome = Outcome::solved;
  double error = 0;  // estimate of the time error; at most 1 is within the tolerance asked for
  double voltage_v = 0;
  double current_a = 0;
  double temperature_k = 0;
  std::string reason;
  /// Inside the step, at kStagePart of it; NaN where a model has none. The parabola through begin,
  /// stage and end is as good as the step itself, so rows need no steps of their own.
  double stage_voltage_v = std::numeric_limits<double>::quiet_NaN();
  double stage_current_a = std::numeric_limits<double>::quiet_NaN();
  double stage_temperature_k = std::numeric_limits<double>::quiet_NaN();
  /// Slopes of the voltage at the step's begin (after a jump) and end, V/s, where the current stays
  /// and the model knows them; else NaN. With them a step's own five values make a curve that is
  /// far better than the parabola: hermite.hpp.
  double begin_slope_v_per_s = std::numeric_limits<double>::quiet_NaN();
  double end_slope_v_per_s = std::numeric_limits<double>::quiet_NaN();
};
inline constexpr double kStagePart = 2 - 1.4142135623730950488;

/// Of the accepted state, for the outputs a job may ask for. Voltage = ocp_positive - ocp_negative
/// + eta_positive - eta_negative + eta_concentration + dphi_electrolyte + dphi_solid. A model that
/// has no such term says NaN; the writers leave that out.
struct Terms {
  double ocp_negative_v, ocp_positive_v;  // at the particles' surfaces
  double ocv_v;                           // of the mean stoichiometries
  double eta_negative_v, eta_positive_v, eta_concentration_v;
  double dphi_electrolyte_v, dphi_solid_v;
  double heat_w;
  double stoichiometry_negative, stoichiometry_positive;  // at the surfaces, mean
  double electrolyte_min, electrolyte_max;                // mol/m3
};

// What models can be used with; check() refuses the rest with the field's name.
inline constexpr int kMostNodes = 1000, kMostShells = 2000;
inline constexpr double kLowestStart_k = 223.15, kHighestStart_k = 373.15;

struct SolverSettings {
  Mesh mesh;
  bool is_thermal = false;  // lumped; otherwise the start temperature stays
  double start_temperature_k = kReferenceTemperature_k;
  double ambient_k = kReferenceTemperature_k;
  double tolerance_v = 1e-4;                  // of one step's time error in the voltage
  double soc = 1;                             // NaN: the set's own start concentrations
  std::optional<StoichiometryLimits> limits;  // of the set, where they have been found already
};

class Solver {
 public:
  virtual ~Solver() = default;
  /// The demand jumps: potentials and current follow at once, concentrations and temperature stay.
  /// Voltage and current right after the jump.
  virtual Attempt settle(const Demand& demand) = 0;
  /// One step of dt_s from the accepted state; changes nothing until accept(). May be tried again
  /// with another step or demand.
  virtual Attempt attempt(double dt_s, const Demand& demand) = 0;
  virtual void accept() = 0;
  [[nodiscard]] virtual Terms terms() const = 0;
};

/// The errors are about sets and settings that a model cannot use.
Result<std::unique_ptr<Solver>> make_solver(ModelKind kind, const CellSet& set,
                                            const SolverSettings& settings);

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
// The cells of a pack, all stepped at once: arrays over the cells, so that a step is a few loops
// that the compiler can vectorise. What a pack needs of them whatever they are made of, and cells
// made of the single-particle model with a resistor and one RC element (docs/simulation.md,
// "Virtual packs").
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "gateway/sim/cell/cell_set.hpp"
#include "gateway/units.hpp"

namespace b2m::sim {

/// How one cell differs from its make.
struct CellSpread {
  double capacity = 1;    // factor
  double resistance = 1;  // factor
  double soc = 0.5;       // at the start
};

/// Beyond empty and full no charge is stored: what is forced through turns into heat.
inline constexpr double kLeastSoc = -0.05, kMostSoc = 1.05;
/// Part of the full voltage gained, or lost, for each part of the capacity beyond full, or empty.
inline constexpr double kSteepness = 4;
/// Bounds of a cell's voltage, as parts of the full one. Below zero: the neighbours drive current
/// through an empty cell.
inline constexpr double kFloor = -0.25, kCeiling = 1.5;

class PackCells {
 public:
  PackCells(AmpereHours capacity, std::span<const CellSpread> cells);
  virtual ~PackCells() = default;

  /// Currents positive when charging; temperatures in degrees Celsius.
  virtual void step(double dt_s, std::span<const double> current_a,
                    std::span<const double> temperature_c) = 0;
  /// From now on; the state of charge stays.
  void weaken(std::size_t cell, double capacity_factor, double resistance_factor);

  [[nodiscard]] std::size_t size() const { return soc_.size(); }
  [[nodiscard]] virtual Volts full_voltage() const = 0;  // at rest
  [[nodiscard]] std::span<const double> volts() const { return volts_; }
  /// How far the voltage moves at once with the current.
  [[nodiscard]] std::span<const double> slopes_ohm() const { return slopes_; }
  [[nodiscard]] std::span<const double> socs() const { return soc_; }
  [[nodiscard]] std::span<const double> heats_w() const { return heats_; }
  [[nodiscard]] double capacity_ah(std::size_t cell) const { return capacity_[cell]; }

 protected:
  /// Moves the state of charge; what of the current is really stored.
  double store(std::size_t cell, double current_a, double dt_s);

  std::vector<double> volts_, slopes_, soc_, heats_;
  std::vector<double> capacity_;    // Ah, faults included
  std::vector<double> resistance_;  // factor, faults included

 private:
  std::vector<double> made_capacity_, made_resistance_;
};

/// A function of a stoichiometry as a table of equal steps, linear between and beyond. Its ends are
/// sampled just inside 0 and 1, where the logarithms of many sets are infinite.
class StoichiometryTable {
 public:
  StoichiometryTable() = default;
  explicit StoichiometryTable(const Function& function);
  [[nodiscard]] double operator()(double stoichiometry) const;
  /// The first sample that is infinite or no number.
  [[nodiscard]] std::optional<double> first_gap() const;

 private:
  std::vector<double> values_;
};

/// What of a CellSet the cells of a pack need, worked out once for all of them.
struct SpmCellMake {
  struct Electrode {
    StoichiometryTable potential;
    double empty = 0, full = 0;        // stoichiometry at SoC 0 and 1
    std::vector<double> rate_per_s;    // of the lags
    std::vector<double> weight_per_a;  // surface - mean, by the lagged current
    double kinetics_per_a = 0;         // j / (2 j0) for 1 A where sqrt(x (1 - x)) is 1
    double activation_k = 0;           // E / R of j0
    [[nodiscard]] double mean(double soc) const { return empty + soc * (full - empty); }
  };
  Electrode negative, positive;
  double capacity_ah = 0;             // between SoC 0 and 1, that all currents are scaled to
  double series_ohm = 0, rc_ohm = 0;  // of a cell with that capacity
  double rc_time_s = 1;
  double full_v = 4.2;
  ThermalSet thermal;
};
/// The error says what of the set cannot be used. Of a diffusivity that is not constant the value
/// at half the stoichiometry is taken.
Result<std::shared_ptr<const SpmCellMake>> spm_cell_make(const CellSet& set, int shells = 20);

struct SpmCellSettings {
  std::shared_ptr<const SpmCellMake> make;
  AmpereHours capacity;
  double series_ohm = -1, rc_ohm = -1;  // less than 0: the make's, scaled to the capacity
};

class SpmCells final : public PackCells {
 public:
  SpmCells(const SpmCellSettings& settings, std::span<const CellSpread> cells);
  void step(double dt_s, std::span<const double> current_a,
            std::span<const double> temperature_c) override;
  [[nodiscard]] Volts full_voltage() const override { return Volts(make_->full_v); }

 private:
  struct Lags {                    // of one electrode
    std::vector<double> decay;     // [lag], for the step in use
    std::vector<double> states;    // [lag][cell]: lagged currents
    std::vector<double> surface;   // [cell]: surface stoichiometry
    std::vector<double> kinetics;  // [cell]: kinetics_per_a at its temperature
  };

  void use_step(double dt_s);
  void use_temperature(std::size_t cell, double temperature_c);
  void diffuse(const SpmCellMake::Electrode& electrode, Lags& lags);
  void measure(std::span<const double> current_a);
  void measure(std::size_t cell, double current_a);

  std::shared_ptr<const SpmCellMake> make_;
  double series_ohm_, rc_ohm_;  // before the scatter
  double dt_s_ = 0, rc_decay_ = 1;
  Lags negative_, positive_;
  std::vector<double> stored_;       // [cell] scaled current of this step
  std::vector<double> rc_volts_;     // [cell]
  std::vector<double> two_vt_;       // [cell] 2 R T / F
  std::vector<double> temperature_;  // [cell] that the two above were worked out for
};

}  // namespace b2m::sim

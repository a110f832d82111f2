// SPDX-License-Identifier: MIT
// What every simulated battery is to the peers, whatever stands behind it, and the simple one made
// of equivalent circuits in series.
#pragma once

#include <cstdint>
#include <vector>

#include "gateway/sim/cell_model.hpp"

namespace b2m::sim {

struct PackState {
  std::vector<Volts> voltages;  // of each cell, with the current of the last step
  std::vector<Celsius> temperatures;
};

class PackModel {
 public:
  virtual ~PackModel() = default;
  virtual const PackState& step(SteadyDuration dt, Amperes current) = 0;
  [[nodiscard]] virtual const PackState& state() const = 0;
  /// A resistor across one cell (from 0); 0 Ohm: none.
  virtual void bleed(std::size_t cell, Ohms resistor) = 0;
  /// How far the pack's voltage moves at once with the current; a charger's regulator needs it.
  [[nodiscard]] virtual Ohms resistance() const = 0;
};

struct PackParameters {
  CellParameters cell;
  int cells = 6;
  double soc = 0.5;
  double soc_scatter = 0.005;  // to either side
  Celsius ambient{25};
  std::uint64_t seed = 1;  // the same seed gives the same cells
};

/// No two cells alike: capacity, resistance, charge and temperature scatter by the seed.
class CircuitPack final : public PackModel {
 public:
  explicit CircuitPack(const PackParameters& parameters);
  const PackState& step(SteadyDuration dt, Amperes current) override;
  [[nodiscard]] const PackState& state() const override { return state_; }
  void bleed(std::size_t cell, Ohms resistor) override { bleeds_[cell] = resistor; }
  [[nodiscard]] Ohms resistance() const override;

 private:
  void measure();

  Celsius ambient_;
  std::vector<CellModel> cells_;
  std::vector<Ohms> bleeds_;  // [cell]; 0: none
  PackState state_;
};

}  // namespace b2m::sim

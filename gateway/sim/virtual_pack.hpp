// SPDX-License-Identifier: MIT
// A battery without hardware: cells in series that are no two alike, with their bleed resistors,
// contactor, heater, sensors and faults. docs/simulation.md, "Virtual packs".
#pragma once

#include <cstdint>
#include <memory>

#include "gateway/sim/ecm_cells.hpp"
#include "gateway/sim/pack_model.hpp"

namespace b2m::sim {

/// How far cells of one batch lie apart: the widest deviation to either side.
struct PackScatter {
  double capacity = 0.02;
  double resistance = 0.15;
  double cooling = 0.1;
  double temperature_k = 0.6;  // at the start
};

/// What the measuring makes of every cell's voltage.
struct SensorErrors {
  double offset_v = 0;  // constant, to either side
  double noise_v = 0;   // standard deviation
  double step_v = 0;    // of the converter; 0: none
};

struct PackParameters {
  CellParameters cell;                      // of Thevenin cells; also everybody's heat
  std::shared_ptr<const SpmCellMake> make;  // cells of the single-particle model instead
  double series_ohm = -1, rc_ohm = -1;      // of those; less than 0: the make's own
  int cells = 6;
  double soc = 0.5;
  double soc_scatter = 0.005;  // to either side
  PackScatter scatter;
  Celsius ambient{25};
  double neighbour_w_per_k = 0;  // heat that passes between neighbouring cells
  Watts heater{};                // power of the heater, taken from the pack
  SensorErrors sensors;
  std::uint64_t seed = 1;  // the same seed gives the same cells
};

class VirtualPack final : public PackModel {
 public:
  explicit VirtualPack(const PackParameters& parameters);

  const PackState& step(SteadyDuration dt, Amperes current) override;
  [[nodiscard]] const PackState& state() const override { return state_; }
  [[nodiscard]] const PackState& readings() const override { return readings_; }
  [[nodiscard]] Amperes current() const override { return Amperes(pack_a_); }
  void bleed(std::size_t cell, Ohms resistor) override { bleeds_[cell] = resistor.value; }
  [[nodiscard]] Ohms resistance() const override;
  void close_contactor(bool is_closed) override { is_closed_ = is_closed; }
  [[nodiscard]] bool is_closed() const override;
  void heat(bool is_on) override { is_heating_ = is_on; }
  [[nodiscard]] bool is_heating() const { return is_heating_; }
  void inject(const PackFault& fault) override;
  void clear_faults() override;

  [[nodiscard]] double soc() const override;
  [[nodiscard]] const PackCells& cells() const { return *cells_; }

 private:
  struct ActiveFault {
    PackFault fault;
    double until_s;
  };
  struct Heat {  // of one cell
    double capacity_j_per_k, cooling_w_per_k;
  };

  void apply_faults();
  void apply(const PackFault& fault);
  void weaken(const PackFault& fault);
  void drop_old_faults();
  template <class Change>
  void for_cells(const PackFault& fault, Change change);
  [[nodiscard]] double string_current(double wanted_a) const;
  void divide_current();
  void warm(double dt_s);
  void measure();
  [[nodiscard]] double reading(std::size_t cell);
  double normal();

  std::unique_ptr<PackCells> cells_;
  std::vector<Heat> heats_;
  std::vector<double> currents_, temperatures_, old_temperatures_;
  std::vector<double> bleeds_;     // [cell] Ohm; 0: none
  std::vector<double> drains_;     // [cell] S, of leaks and shorts
  std::vector<double> drained_a_;  // [cell] what those drew: inside, so that it warms the cell
  std::vector<double> offsets_v_;  // [cell]
  std::vector<std::optional<double>> broken_sensors_;  // [cell] what it reads
  std::vector<ActiveFault> faults_;
  Celsius usual_ambient_;
  double ambient_c_;
  double neighbour_w_per_k_;
  double heater_w_;
  SensorErrors sensors_;
  std::uint64_t random_;
  double pack_a_ = 0;
  double external_ohm_ = 0;  // of a short; 0: none
  double elapsed_s_ = 0;
  bool is_closed_ = true;
  bool has_dropped_out_ = false;  // the contactor, by a fault
  bool is_heating_ = false;
  PackState state_, readings_;
};

}  // namespace b2m::sim

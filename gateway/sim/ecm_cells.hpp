// SPDX-License-Identifier: MIT
// Cells as equivalent circuits (Thevenin): open-circuit voltage by state of charge, a series
// resistance and one or two RC elements. For chemistries without an electrochemical parameter set:
// good enough to play a battery, not to predict one.
#pragma once

#include "gateway/sim/pack_cells.hpp"

namespace b2m::sim {

struct CellParameters {
  std::vector<double> ocv_soc{0, 1};  // 0 to 1, rising
  std::vector<double> ocv_v{3.0, 4.2};
  AmpereHours capacity{50};
  Ohms series{0.002};        // answers a step of current at once
  Ohms polarisation{0.002};  // answers it with the time constants below
  int rc_elements = 1;       // 2: the second one takes a third of the polarisation
  double time_constant_s = 60;
  double slow_time_constant_s = 600;
  double heat_capacity_j_per_k = 1000;
  double cooling_w_per_k = 1;
};

/// At rest. Below empty and above full the voltage leaves the table steeply, as a real one does.
Volts open_circuit_voltage(const CellParameters& parameters, double soc);

class EcmCells final : public PackCells {
 public:
  EcmCells(CellParameters parameters, std::span<const CellSpread> cells);
  void step(double dt_s, std::span<const double> current_a,
            std::span<const double> temperature_c) override;
  [[nodiscard]] Volts full_voltage() const override { return Volts(parameters_.ocv_v.back()); }

 private:
  struct Rc {
    double ohm = 0, time_s = 1;
    double decay = 1;           // in the step in use
    std::vector<double> volts;  // [cell]
  };
  struct CellStep {
    double current_a = 0;
    double stored_a = 0;
    double resistance = 1;  // factor, by make and temperature
  };
  void use_step(double dt_s);
  void measure(std::size_t cell, const CellStep& s);

  CellParameters parameters_;
  std::vector<Rc> rcs_;
  double dt_s_ = 0;
};

}  // namespace b2m::sim

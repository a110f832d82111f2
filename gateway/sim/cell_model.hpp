// SPDX-License-Identifier: MIT
// One simulated cell as an equivalent circuit: open-circuit voltage by state of charge, a series
// resistance, one RC element and one lump of heat. Good enough to play a battery, not to predict
// one.
#pragma once

#include <vector>

#include "gateway/units.hpp"

namespace b2m::sim {

struct CellParameters {
  std::vector<double> ocv_soc{0, 1};  // 0 to 1, rising
  std::vector<double> ocv_v{3.0, 4.2};
  AmpereHours capacity{50};
  Ohms series{0.002};        // answers a step of current at once
  Ohms polarisation{0.002};  // answers it with the time constant below
  double time_constant_s = 60;
  double heat_capacity_j_per_k = 1000;
  double cooling_w_per_k = 1;
};

class CellModel {
 public:
  CellModel(CellParameters parameters, double soc, Celsius temperature);

  void step(SteadyDuration dt, Amperes current, Celsius ambient);
  [[nodiscard]] Volts voltage() const;  // at the terminals, with the current of the last step
  [[nodiscard]] Celsius temperature() const { return temperature_; }
  [[nodiscard]] double soc() const { return soc_; }
  [[nodiscard]] const CellParameters& parameters() const { return parameters_; }

 private:
  CellParameters parameters_;
  double soc_;
  Celsius temperature_;
  Volts polarisation_{};
  Amperes current_{};
};

/// At rest. Below empty and above full the voltage leaves the table steeply, as a real one does.
Volts open_circuit_voltage(const CellParameters& parameters, double soc);

}  // namespace b2m::sim

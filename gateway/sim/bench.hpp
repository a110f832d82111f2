// SPDX-License-Identifier: MIT
// One pack on the bench with its charger and its load. Every peer that shows this pack, or switches
// its charger, works on the same bench, so that switching in one place shows in every voltage.
#pragma once

#include <memory>

#include "gateway/sim/charger.hpp"
#include "gateway/sim/pack_model.hpp"

namespace b2m::sim {

class Bench {
 public:
  Bench(std::unique_ptr<PackModel> pack, Charger charger, Load load);

  /// Lets the time up to `now` pass, in steps of equal length; the first call only starts it.
  void advance_to(SteadyTime now);
  void charge(bool is_on) { charger_.switch_on(is_on); }
  [[nodiscard]] bool is_charging() const { return charger_.is_on(); }
  [[nodiscard]] const PackState& state() const { return pack_->state(); }
  [[nodiscard]] Volts voltage() const;
  [[nodiscard]] Amperes current() const { return current_; }  // positive when charging

 private:
  void step();

  std::unique_ptr<PackModel> pack_;
  Charger charger_;
  Load load_;
  Amperes current_{};
  SteadyTime now_{};
  bool has_started_ = false;
};

}  // namespace b2m::sim

// SPDX-License-Identifier: MIT
// One pack on the bench with its charger and its load. Every peer that shows this pack, or switches
// its charger, works on the same bench, so that switching in one place shows in every voltage.
#pragma once

#include <memory>
#include <vector>

#include "gateway/sim/charger.hpp"
#include "gateway/sim/pack_model.hpp"

namespace b2m::sim {

class Bench {
 public:
  Bench(std::unique_ptr<PackModel> pack, Charger charger, Load load);

  /// Lets the time up to `now` pass, in steps of equal length; the first call only starts it.
  void advance_to(SteadyTime now);
  /// The charger that the boards of the pack command.
  void charge(bool is_on) { switch_charger(0, is_on); }
  [[nodiscard]] bool is_charging() const { return chargers_.front().is_on(); }
  /// One more, on a socket of its own; its number for the two functions below.
  std::size_t add_charger(Charger charger);
  void switch_charger(std::size_t charger, bool is_on) { chargers_[charger].switch_on(is_on); }
  [[nodiscard]] Amperes charger_current(std::size_t charger) const {
    return chargers_[charger].current();
  }
  [[nodiscard]] Volts charger_target() const { return chargers_.front().target(); }
  void set_load(Amperes current) { load_.set(current); }
  [[nodiscard]] Amperes load() const { return load_.current(); }
  /// A resistor across one cell (from 0); 0 Ohm: none.
  void bleed(std::size_t cell, Ohms resistor) { pack_->bleed(cell, resistor); }
  void close_contactor(bool is_closed) { pack_->close_contactor(is_closed); }
  [[nodiscard]] bool is_closed() const { return pack_->is_closed(); }
  void heat(bool is_on) { pack_->heat(is_on); }
  void inject(const PackFault& fault) { pack_->inject(fault); }
  void clear_faults() { pack_->clear_faults(); }
  /// The truth, and what the pack's sensors make of it (NaN: no reading).
  [[nodiscard]] const PackState& state() const { return pack_->state(); }
  [[nodiscard]] const PackState& readings() const { return pack_->readings(); }
  [[nodiscard]] std::size_t cells() const { return state().voltages.size(); }
  [[nodiscard]] double soc() const { return pack_->soc(); }  // 0 to 1
  [[nodiscard]] Volts voltage() const;
  [[nodiscard]] Amperes current() const { return pack_->current(); }  // positive when charging

 private:
  void step();

  std::unique_ptr<PackModel> pack_;
  std::vector<Charger> chargers_;
  Load load_;
  SteadyTime now_{};
  bool has_started_ = false;
};

}  // namespace b2m::sim

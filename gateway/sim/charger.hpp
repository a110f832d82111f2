// SPDX-License-Identifier: MIT
// What is connected to a simulated pack: a charger that goes from constant current to constant
// voltage, and a load that lets go of an empty pack.
#pragma once

#include "gateway/units.hpp"

namespace b2m::sim {

class Charger {
 public:
  Charger(Amperes limit, Volts target) : limit_(limit), target_(target) {}

  /// The current for the next step, from the pack's voltage after the last one.
  Amperes regulate(Volts pack, Ohms resistance);
  /// Nothing is connected to it: it begins from nothing afterwards.
  void lose_pack() { current_ = Amperes(0); }
  void switch_on(bool is_on) { is_on_ = is_on; }
  [[nodiscard]] bool is_on() const { return is_on_; }
  [[nodiscard]] Amperes current() const { return is_on_ ? current_ : Amperes(0); }
  [[nodiscard]] Volts target() const { return target_; }

 private:
  Amperes limit_;
  Volts target_;
  Amperes current_{};
  bool is_on_ = false;
};

class Load {
 public:
  Load(Amperes current, Volts cell_cutoff) : current_(current), cell_cutoff_(cell_cutoff) {}

  /// What it draws, positive, from the lowest cell's voltage.
  Amperes draw(Volts lowest_cell);
  void set(Amperes current) { current_ = current; }
  [[nodiscard]] Amperes current() const { return current_; }

 private:
  Amperes current_;
  Volts cell_cutoff_;
  bool is_connected_ = true;
};

}  // namespace b2m::sim

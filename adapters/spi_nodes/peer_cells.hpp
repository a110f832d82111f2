// SPDX-License-Identifier: MIT
// What one simulated node is wired to: a cell of a simulated battery, a tap above several of them,
// or values that a test sets.
#pragma once

#include <cmath>

#include "gateway/sim/bench.hpp"

namespace b2m::spi_nodes::peer {

class NodeCell {
 public:
  virtual ~NodeCell() = default;
  virtual void advance_to(SteadyTime now) = 0;
  /// At the node's resistors.
  [[nodiscard]] virtual Volts voltage() const = 0;
  [[nodiscard]] virtual Celsius temperature() const = 0;
  /// 0 Ohm: none.
  virtual void bleed(Ohms resistor) = 0;
};

/// A cell (from 0) of a bench, which outlives this; as a tap with all cells below it.
class BenchCell final : public NodeCell {
 public:
  BenchCell(sim::Bench& bench, std::size_t cell, bool is_tap = false)
      : bench_(bench), cell_(cell), first_(is_tap ? 0 : cell) {}
  void advance_to(SteadyTime now) override { bench_.advance_to(now); }
  [[nodiscard]] Volts voltage() const override {
    Volts sum;
    for (std::size_t i = first_; i <= cell_; ++i) sum += bench_.readings().voltages[i];
    return std::isnan(sum.value) ? Volts() : sum;  // a wire that is off
  }
  [[nodiscard]] Celsius temperature() const override {
    return bench_.readings().temperatures[cell_];
  }
  void bleed(Ohms resistor) override { bench_.bleed(cell_, resistor); }

 private:
  sim::Bench& bench_;
  std::size_t cell_, first_;
};

/// Values as they are set; a bleed does not empty this cell.
class FixedCell final : public NodeCell {
 public:
  explicit FixedCell(Volts v = Volts(3.7)) : volts(v) {}
  void advance_to(SteadyTime) override {}
  [[nodiscard]] Volts voltage() const override { return volts; }
  [[nodiscard]] Celsius temperature() const override { return celsius; }
  void bleed(Ohms resistor) override { bled_by = resistor; }

  Volts volts;
  Celsius celsius{25};
  Ohms bled_by{};
};

}  // namespace b2m::spi_nodes::peer

// SPDX-License-Identifier: MIT
// What the chip of one simulated module is wired to: six cells and two temperature sensors, of a
// simulated battery or with values that a test sets.
#pragma once

#include <array>
#include <cmath>

#include "adapters/tesla_uart/peer_wire.hpp"
#include "gateway/sim/bench.hpp"

namespace b2m::tesla_uart::peer {

class ModuleCells {
 public:
  virtual ~ModuleCells() = default;
  virtual void advance_to(SteadyTime now) = 0;
  [[nodiscard]] virtual Volts voltage(std::size_t cell) const = 0;
  [[nodiscard]] virtual Celsius temperature(std::size_t sensor) const = 0;
  [[nodiscard]] virtual Amperes current() const = 0;  // positive when charging
  virtual void bleed(std::size_t cell, Ohms resistor) = 0;
};

/// Six cells in a row on a bench, which outlives this.
class BenchCells final : public ModuleCells {
 public:
  BenchCells(sim::Bench& bench, std::size_t first) : bench_(bench), first_(first) {}
  void advance_to(SteadyTime now) override { bench_.advance_to(now); }
  [[nodiscard]] Volts voltage(std::size_t cell) const override {
    const Volts read = bench_.readings().voltages[first_ + cell];
    return std::isnan(read.value) ? Volts() : read;  // a wire that is off
  }
  /// The sensors sit at either end of the row.
  [[nodiscard]] Celsius temperature(std::size_t sensor) const override {
    return bench_.readings().temperatures[first_ + (sensor == 0 ? 0 : kCells - 1)];
  }
  [[nodiscard]] Amperes current() const override { return bench_.current(); }
  void bleed(std::size_t cell, Ohms resistor) override { bench_.bleed(first_ + cell, resistor); }

 private:
  sim::Bench& bench_;
  std::size_t first_;
};

/// Values as they are set; a bleed does not empty these cells.
class FixedCells final : public ModuleCells {
 public:
  explicit FixedCells(Volts voltage = Volts(3.7)) { voltages.fill(voltage); }
  void advance_to(SteadyTime) override {}
  [[nodiscard]] Volts voltage(std::size_t cell) const override { return voltages[cell]; }
  [[nodiscard]] Celsius temperature(std::size_t sensor) const override {
    return temperatures[sensor];
  }
  [[nodiscard]] Amperes current() const override { return Amperes(); }
  void bleed(std::size_t, Ohms) override {}

  std::array<Volts, kCells> voltages{};
  std::array<Celsius, kSensors> temperatures{Celsius(25), Celsius(25)};
};

}  // namespace b2m::tesla_uart::peer

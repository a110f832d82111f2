// SPDX-License-Identifier: MIT
// One simulated monitor chip (bq76PL536A): registers, conversions, comparators with their delays,
// bleeders with their timer, sleep. No I/O and no clock of its own.
#pragma once

#include <memory>
#include <optional>

#include "adapters/tesla_uart/peer_cells.hpp"

namespace b2m::tesla_uart::peer {

struct ChipSettings {
  Ohms bleed{33};
  Ohms wiring{0.1};             // of a sense wire, which carries the bleed current as well
  SteadyDuration settle{};      // time constant of the input filter, for the voltage lost there
  SteadyDuration conversion{};  // on top of what the inputs take
};

/// What is wrong around the chip; empty: nothing.
struct ChipFaults {
  std::array<std::optional<Volts>, kCells> voltages{};
  std::array<Ohms, kCells> weakness{};  // more resistance than the other cells
  std::array<std::optional<Celsius>, kSensors> temperatures{};
  std::array<bool, kSensors> is_open{}, is_shorted{};
  bool is_stuck = false;        // measures what it has measured before
  bool never_finishes = false;  // a conversion
};

class Chip {
 public:
  /// As after power-on.
  Chip(const ChipSettings& settings, std::unique_ptr<ModuleCells> cells);

  /// Times must not go back.
  void advance_to(SteadyTime now);
  /// When something happens by itself after `now`: the bleed timer.
  [[nodiscard]] SteadyTime next(SteadyTime now) const;
  [[nodiscard]] std::uint8_t read(std::uint8_t reg) const;
  void write(std::uint8_t reg, std::uint8_t value);
  void hear_bad_checksum();
  /// By command, by a dip of the supply, or at power-on.
  void reset();
  /// 0: none given yet.
  [[nodiscard]] std::uint8_t address() const;
  [[nodiscard]] bool is_bleeding(std::size_t cell) const { return (bleeding_ >> cell & 1U) != 0; }
  [[nodiscard]] std::uint8_t bleeding() const { return bleeding_; }
  [[nodiscard]] ModuleCells& cells() const { return *cells_; }
  /// Says this in that register from now on, whatever it has.
  void force(std::uint8_t reg, std::optional<std::uint8_t> value) { forced_[reg] = value; }
  /// Writes to registers that spoil a real chip.
  [[nodiscard]] int spoiled() const { return spoiled_; }

  ChipFaults faults;

 private:
  struct Comparator {
    std::optional<SteadyTime> since;
    bool is_tripped = false;
    void look(bool is_beyond, SteadyDuration delay, SteadyTime now);
  };

  void start_conversion();
  void sample();
  void store(std::uint8_t at, std::uint16_t raw);
  void set_bleed(std::uint8_t mask);
  void switch_bleeders(std::uint8_t mask);
  void set_address(std::uint8_t value);
  void clear_flags(std::uint8_t reg, std::uint8_t value);
  void compare();
  void compare_cells();
  void compare_sensors();
  void raise(std::uint8_t reg, unsigned bits);
  [[nodiscard]] std::uint8_t status() const;
  [[nodiscard]] Volts real(std::size_t cell) const;
  [[nodiscard]] Volts measured(std::size_t cell) const;
  [[nodiscard]] std::uint16_t measured_sensor(std::size_t sensor) const;
  [[nodiscard]] Celsius real_temperature(std::size_t sensor) const;
  [[nodiscard]] SteadyDuration conversion_time() const;
  [[nodiscard]] SteadyDuration bleed_time() const;
  [[nodiscard]] bool is_asleep() const;

  ChipSettings settings_;
  std::unique_ptr<ModuleCells> cells_;
  SteadyTime now_{};
  std::array<std::uint8_t, kRegisters> registers_{};
  std::array<std::optional<std::uint8_t>, 256> forced_{};
  std::array<std::uint8_t, 2> held_{};  // flags written 1 and not yet 0: alert, fault
  std::optional<SteadyTime> converted_at_;
  std::array<std::uint8_t, kRegisters> sampled_{};  // measurements of the running conversion
  bool has_data_ = false;
  bool is_unlocked_ = false;
  std::uint8_t bleeding_ = 0;
  std::optional<SteadyTime> bleed_ends_;
  bool can_arm_ = true;               // the mask was 0 since the timer was started last
  std::array<Volts, kCells> lost_{};  // in the wiring, when the bleeders were switched last
  SteadyTime switched_at_{};
  std::array<Comparator, kCells> over_, under_;
  std::array<Comparator, kSensors> hot_;
  int spoiled_ = 0;
};

}  // namespace b2m::tesla_uart::peer

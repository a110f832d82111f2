// SPDX-License-Identifier: MIT
// What every simulated battery is to the bench and to the peers, whatever stands behind it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/units.hpp"

namespace b2m::sim {

struct PackState {
  std::vector<Volts> voltages;  // of each cell, with the current of the last step
  std::vector<Celsius> temperatures;
};

/// What can go wrong inside a pack.
enum class PackFaultKind {
  weak_cell,
  leak,
  short_circuit,
  external_short,
  open_sensor,
  cold,
  contactor_open
};
inline constexpr std::string_view kPackFaultKinds[] = {
    "weak_cell", "leak", "short", "external_short", "open_sensor", "cold", "contactor_open"};

struct PackFault {
  PackFaultKind kind = PackFaultKind::weak_cell;
  int cell = 0;  // from 1; 0: all, where it is a fault of cells
  /// weak_cell: part of the capacity that is left. leak: A at full voltage. short, external_short:
  /// Ohm. open_sensor: V that it reads; none: nothing. cold: degrees around the pack.
  std::optional<double> value;
  SteadyDuration lasts = SteadyDuration::max();
};

class PackModel {
 public:
  virtual ~PackModel() = default;
  /// The current wanted at its terminals; what really flows: current().
  virtual const PackState& step(SteadyDuration dt, Amperes current) = 0;
  /// As it is.
  [[nodiscard]] virtual const PackState& state() const = 0;
  /// As its sensors say; NaN: no reading.
  [[nodiscard]] virtual const PackState& readings() const { return state(); }
  [[nodiscard]] virtual Amperes current() const = 0;  // at the terminals, in the last step
  /// A resistor across one cell (from 0); 0 Ohm: none.
  virtual void bleed(std::size_t cell, Ohms resistor) = 0;
  /// How far the pack's voltage moves at once with the current; a charger's regulator needs it.
  [[nodiscard]] virtual Ohms resistance() const = 0;
  /// 0 to 1, of what the whole pack holds: what a perfect gauge would say.
  [[nodiscard]] virtual double soc() const = 0;
  virtual void close_contactor(bool is_closed) { (void)is_closed; }
  [[nodiscard]] virtual bool is_closed() const { return true; }
  virtual void heat(bool is_on) { (void)is_on; }
  virtual void inject(const PackFault& fault) { (void)fault; }
  virtual void clear_faults() {}
};

}  // namespace b2m::sim

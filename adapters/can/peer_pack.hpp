// SPDX-License-Identifier: MIT
// One simulated BMS board: which frames it owes the bus at an instant, and what a command does to
// its charger. No I/O and no clock of its own.
#pragma once

#include <optional>

#include "adapters/can/peer.hpp"

namespace b2m::can {

class PackPeer {
 public:
  PackPeer(const PackPeerSettings& settings, sim::Bench& bench, Say say);

  /// Appends the frames due by now.
  void step(SteadyTime now, std::vector<CanFrame>& out);
  /// When step() has something to do after `now`.
  [[nodiscard]] SteadyTime next(SteadyTime now) const;
  void hear(const CanFrame& frame, SteadyTime now, std::vector<CanFrame>& out);
  void inject(const Fault& fault, SteadyTime now);
  void clear_faults() { faults_.clear(); }
  [[nodiscard]] int part() const { return settings_.part; }

 private:
  struct ActiveFault {
    Fault fault;
    SteadyTime until;
  };

  void forget_old_faults(SteadyTime now);
  [[nodiscard]] const Fault* active(FaultKind kind, int cell = 0) const;
  std::optional<std::uint16_t> take_spike(int cell);
  void send_value(std::vector<CanFrame>& out);
  void each_second(std::vector<CanFrame>& out);
  void watch_charging(SteadyTime now);
  void set_charging(bool is_on, std::string_view cause);
  [[nodiscard]] CanFrame acknowledgement() const;
  [[nodiscard]] std::uint16_t raw_value(bool is_voltage, int cell);
  [[nodiscard]] CanFrame spoiled(CanFrame frame, int cell) const;

  PackPeerSettings settings_;
  sim::Bench& bench_;
  Say say_;
  int cells_;
  int slot_ = 0;  // voltages of all cells, then temperatures
  SteadyDuration slot_length_;
  SteadyTime next_slot_{};
  SteadyTime next_second_{};
  SteadyTime charge_until_{};  // an ON frame holds that long
  std::vector<ActiveFault> faults_;
  sim::PackState frozen_;
};

}  // namespace b2m::can

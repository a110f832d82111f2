// SPDX-License-Identifier: MIT
// A CAN bus in memory with many ends, and the faults a real one has. For tests, benchmarks and
// peers that live in the same process.
#pragma once

#include "gateway/io/can_bus.hpp"

namespace b2m {

class MemoryCanBus {
 public:
  explicit MemoryCanBus(Executor executor);

  /// A node on the bus. It may outlive this object, not the executor.
  std::unique_ptr<CanBus> join(std::span<const CanFilter> filters = {});
  /// Every opening joins; Errc::not_found while the interface has vanished.
  OpenCan opener();

  /// A frame from a node outside, seen by every end whose filters let it pass.
  void inject(const CanFrame& frame);
  /// Called with each frame that any end sends and the bus carries.
  void observe(std::function<void(const CanFrame&)> seen);

  /// The next `frames` frames, sent or injected, are lost without a word.
  void drop(std::size_t frames);
  /// Ends see the error frame, cannot send and hear nothing until recover().
  void bus_off();
  void recover();
  /// Pulls the interface out: every end gets Errc::disconnected, opening fails until reappear().
  void vanish();
  void reappear();
  void error_frame(const CanFrame& frame);
  void set_counters(int tx_errors, int rx_errors);
  /// No room in the send queue: send() returns Errc::buffer_full.
  void set_clogged(bool is_clogged);
  /// Frames an end keeps for its reader; more are overruns.
  void set_receive_limit(std::size_t frames);

  class Wire;

 private:
  std::shared_ptr<Wire> wire_;
};

}  // namespace b2m

// SPDX-License-Identifier: MIT
// A serial line in memory: one end is opened, closed and opened again as a port is, the other is
// the device. What is written in one piece can be read in one piece.
#pragma once

#include "gateway/io/byte_stream.hpp"

namespace b2m {

class MemorySerial {
 public:
  /// Executor and clock outlive the line and all that it opened; the line may go before those.
  MemorySerial(Executor executor, Clock& clock);

  /// The port; Errc::not_found while unplugged, Errc::io_error while it is open already.
  Result<std::unique_ptr<ByteStream>> open();
  /// The device's end. It reads what any port writes, and what it writes to nobody is lost.
  ByteStream& device();
  /// Whoever has the port open reads Errc::disconnected, now and after it is back.
  void unplug();
  void plug_in();

 private:
  class State;
  class Port;
  class Device;
  std::shared_ptr<State> state_;
  std::unique_ptr<ByteStream> device_;
};

}  // namespace b2m

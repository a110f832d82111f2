// SPDX-License-Identifier: MIT
// The device side of a serial CAN adapter (CANable and the like) on a pseudo terminal: what the
// gateway's slcan transport talks to in the demo and in tests. Facts: docs/protocols/can.md,
// "slcan".
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/io/can_bus.hpp"

namespace b2m {

/// As a bus it is the CAN side of the adapter. Sending an error frame of class bus-off takes the
/// adapter off the bus, one of class restarted brings it back.
class SlcanLine : public CanBus {
 public:
  /// The terminal goes and whoever has it open reads its end; the symbolic link goes with it.
  virtual void unplug() = 0;
  virtual Result<> plug_in() = 0;
  /// Bytes as they are, when the channel is open.
  virtual void write_raw(std::string_view bytes) = 0;
};

/// `path` becomes a symbolic link to the terminal; `opened` hears when the host opens or closes the
/// channel.
Result<std::unique_ptr<SlcanLine>> make_slcan_line(Executor executor, const std::string& path,
                                                   std::function<void(bool)> opened);

}  // namespace b2m

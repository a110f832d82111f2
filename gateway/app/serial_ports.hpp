// SPDX-License-Identifier: MIT
// USB serial adapters of this machine, by the names that survive unplugging.
#pragma once

#include <string>
#include <vector>

namespace b2m::app {

struct SerialPort {
  std::string path;           // "/dev/serial/by-id/..."
  bool speaks_slcan = false;  // as its firmware calls itself
};

std::vector<SerialPort> usb_serial_ports();

}  // namespace b2m::app

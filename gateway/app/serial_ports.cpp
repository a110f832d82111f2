// SPDX-License-Identifier: MIT
#include "gateway/app/serial_ports.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace b2m::app {
namespace {

namespace fs = std::filesystem;

bool speaks_slcan(std::string name) {
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr const char* kKnown[] = {"canable", "slcan", "cantact", "lawicel", "canusb", "usbtin"};
  return std::ranges::any_of(
      kKnown, [&](const char* known) { return name.find(known) != std::string::npos; });
}

}  // namespace

std::vector<SerialPort> usb_serial_ports() {
  std::vector<SerialPort> ports;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/dev/serial/by-id", none))
    ports.push_back({entry.path(), speaks_slcan(entry.path().filename())});
  std::ranges::sort(ports, {}, &SerialPort::path);
  return ports;
}

}  // namespace b2m::app

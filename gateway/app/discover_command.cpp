// SPDX-License-Identifier: MIT
#include "gateway/app/discover_command.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "gateway/app/discover_kasa.hpp"
#include "gateway/app/discover_spi.hpp"
#include "gateway/app/discover_tesla.hpp"
#include "gateway/app/serial_ports.hpp"

namespace b2m::app {
namespace {

namespace fs = std::filesystem;

constexpr int kArphrdCan = 280;  // linux/if_arp.h, ARPHRD_CAN

std::vector<std::string> can_interfaces() {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/sys/class/net", none)) {
    int type = 0;
    std::ifstream(entry.path() / "type") >> type;
    if (type == kArphrdCan) names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

void print_bus(const std::string& id, const std::string& interface, const std::string& remark) {
  std::cout << fmt::format(
      "# {}\n[[can]]\nid = \"{}\"\ninterface = \"{}\"\nbitrate_bps = 500000\nprofile = "
      "\"two_packs\"\n\n",
      remark, id, interface);
}

std::string link_state(const std::string& name) {
  std::string state;
  std::ifstream("/sys/class/net/" + name + "/operstate") >> state;
  return state.empty() ? "unknown" : state;
}

std::size_t discover_can() {
  std::cerr << "looking for CAN interfaces and slcan adapters\n";
  std::size_t found = 0;
  for (const std::string& name : can_interfaces())
    print_bus(name, name, fmt::format("CAN interface {}, link {}", name, link_state(name))),
        ++found;
  for (const SerialPort& port : usb_serial_ports())
    if (port.speaks_slcan)
      print_bus(fmt::format("slcan{}", ++found), "slcan:" + port.path,
                "serial adapter that speaks slcan");
  if (found == 0)
    std::cerr << "none found; for a PiCAN2 check the overlay line in config.txt "
                 "(adapters/can/README.md)\n";
  return found;
}

}  // namespace

int discover_command(const Arguments& arguments) {
  const std::string what = arguments.words.empty() ? "all" : arguments.words.front();
  constexpr std::string_view kKnown[] = {"all", "can", "kasa", "tesla", "spi"};
  if (std::ranges::find(kKnown, what) == std::end(kKnown)) {
    std::cerr << fmt::format(
        "battery2mqtt discover: \"{}\" is not known; use can, kasa, tesla, spi or all\n", what);
    return kExitUsage;
  }
  const bool is_all = what == "all";
  std::size_t found = 0;
  if (is_all || what == "can") found += discover_can();
  if (is_all || what == "kasa") {
    const auto plugs = discover_kasa(arguments);
    if (!plugs) return kExitUsage;
    found += *plugs;
  }
  // Whatever else hangs on a serial port or SPI line is asked only when the user wants it.
  if (what == "tesla" || (is_all && arguments.has("--port"))) found += discover_tesla(arguments);
  if (what == "spi" || (is_all && arguments.has("--device"))) found += discover_spi(arguments);
  return found > 0 ? kExitOk : kExitFailed;
}

}  // namespace b2m::app

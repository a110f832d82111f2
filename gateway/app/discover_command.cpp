// SPDX-License-Identifier: MIT
#include "gateway/app/discover_command.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "gateway/app/discover_kasa.hpp"

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

/// USB serial adapters whose firmware is known to speak slcan, by what they call themselves.
std::vector<std::string> slcan_sticks() {
  std::vector<std::string> paths;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/dev/serial/by-id", none)) {
    std::string name = entry.path().filename();
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const char* known : {"canable", "slcan", "cantact", "lawicel", "canusb", "usbtin"}) {
      if (name.find(known) == std::string::npos) continue;
      paths.push_back(entry.path());
      break;
    }
  }
  std::ranges::sort(paths);
  return paths;
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
  for (const std::string& path : slcan_sticks())
    print_bus(fmt::format("slcan{}", ++found), "slcan:" + path, "serial adapter that speaks slcan");
  if (found == 0)
    std::cerr << "none found; for a PiCAN2 check the overlay line in config.txt "
                 "(adapters/can/README.md)\n";
  return found;
}

}  // namespace

int discover_command(const Arguments& arguments) {
  const std::string what = arguments.words.empty() ? "all" : arguments.words.front();
  if (what != "all" && what != "can" && what != "kasa") {
    std::cerr << fmt::format("battery2mqtt discover: \"{}\" is not known; use can, kasa or all\n",
                             what);
    return kExitUsage;
  }
  std::size_t found = 0;
  if (what != "kasa") found += discover_can();
  if (what != "can") {
    const auto plugs = discover_kasa(arguments);
    if (!plugs) return kExitUsage;
    found += *plugs;
  }
  return found > 0 ? kExitOk : kExitFailed;
}

}  // namespace b2m::app

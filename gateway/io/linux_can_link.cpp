// SPDX-License-Identifier: MIT
// libsocketcan lives here alone. It talks to stderr when something is missing, so nothing is asked
// that an interface without a controller (vcan) could not answer.
#include "gateway/io/linux_can_link.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <libsocketcan.h>
#include <net/if.h>

namespace b2m {
namespace {

constexpr std::string_view kNet = "/sys/class/net";
constexpr unsigned kCanHardware = 280;  // ARPHRD_CAN
constexpr unsigned kUp = 0x1;
constexpr unsigned kEcho = 0x40000;  // IFF_ECHO: the driver loops frames back when they are sent

std::optional<unsigned> attribute(const std::string& interface, std::string_view name) {
  std::ifstream file(fmt::format("{}/{}/{}", kNet, interface, name));
  std::string text;
  if (!(file >> text)) return std::nullopt;
  return static_cast<unsigned>(std::strtoul(text.c_str(), nullptr, 0));
}

bool is_can(const std::string& interface) { return attribute(interface, "type") == kCanHardware; }
bool is_up(const std::string& interface) { return attribute(interface, "flags").value_or(0) & kUp; }

/// vcan and its kin are virtual devices that leave the loop-back to the network layer.
bool has_controller(const std::string& interface) {
  std::error_code ignored;
  const auto device = std::filesystem::read_symlink(fmt::format("{}/{}", kNet, interface), ignored);
  const bool is_virtual = device.string().find("/virtual/") != std::string::npos;
  return !is_virtual || (attribute(interface, "flags").value_or(0) & kEcho);
}

std::string known_interfaces() {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(kNet, ignored))
    if (is_can(entry.path().filename().string())) names.push_back(entry.path().filename().string());
  if (names.empty())
    return "this machine has none; a PiCAN2 needs dtoverlay=mcp2515-can0,oscillator=16000000,"
           "interrupt=25 in config.txt, a USB adapter its driver or slcan:/dev/serial/by-id/...";
  std::sort(names.begin(), names.end());
  return fmt::format("there are: {}", fmt::join(names, ", "));
}

bool is_listening(const std::string& name) {
  can_ctrlmode mode{};
  return can_get_ctrlmode(name.c_str(), &mode) == 0 && (mode.flags & CAN_CTRLMODE_LISTENONLY);
}

/// libsocketcan loses errno on its way, so the right is looked up.
bool may_configure() {
  constexpr int kNetAdmin = 12;  // CAP_NET_ADMIN
  std::ifstream file("/proc/thread-self/status");
  for (std::string word; file >> word;) {
    std::uint64_t effective = 0;
    if (word == "CapEff:" && file >> std::hex >> effective) return effective >> kNetAdmin & 1;
  }
  return true;  // unknown: let the kernel say
}

std::string up_line(const std::string& name, const CanOpening& o, bool is_controller) {
  if (!is_controller) return fmt::format("ip link set {} up", name);
  return fmt::format("ip link set {} up type can bitrate {} restart-ms {}{}", name, o.bitrate_bps,
                     o.restart_ms, o.listen_only ? " listen-only on" : "");
}

}  // namespace

Result<> CanLink::check_exists() const {
  const bool is_name = !name_.empty() && name_.size() < IFNAMSIZ &&
                       name_.find_first_of("/ \t\n") == std::string::npos;
  if (!is_name || ::if_nametoindex(name_.c_str()) == 0)
    return Error(Errc::not_found,
                 fmt::format("no CAN interface {}; {}", name_, known_interfaces()));
  if (!is_can(name_))
    return Error(Errc::not_supported,
                 fmt::format("{} is not a CAN interface; {}", name_, known_interfaces()));
  return {};
}

Error CanLink::in_the_way(const CanOpening& opening, const std::string& what,
                          bool is_forbidden) const {
  const bool was_up = is_up(name_);
  const std::string line = up_line(name_, opening, has_controller_);
  const std::string first = was_up ? fmt::format("ip link set {} down; sudo ", name_) : "";
  return {
      is_forbidden ? Errc::permission : Errc::refused,
      fmt::format("{} {}{}; set it up with: sudo {}{}", name_, what,
                  is_forbidden ? " and we may not change it (CAP_NET_ADMIN)" : "", first, line)};
}

/// Fine when the interface runs as it was asked for; otherwise what is different.
Result<> CanLink::check_running(const CanOpening& opening) {
  if (!is_up(name_)) return in_the_way(opening, "is down");
  if (!has_controller_) return {};
  can_bittiming timing{};
  if (can_get_bittiming(name_.c_str(), &timing) != 0) return {};  // of a fixed rate
  if (timing.bitrate != static_cast<std::uint32_t>(opening.bitrate_bps))
    return in_the_way(
        opening,
        fmt::format("runs at {} bit/s, not {} as configured", timing.bitrate, opening.bitrate_bps),
        0);
  if (opening.listen_only && !is_listening(name_))
    return in_the_way(opening, "is not in listen-only mode");
  return {};
}

/// Bit timing can only be changed while the link is down.
Result<> CanLink::configure(const CanOpening& o) {
  const char* name = name_.c_str();
  const std::string state = is_up(name_) ? "runs otherwise than configured" : "is down";
  if (!may_configure()) return in_the_way(o, state, true);
  const auto failed = [&](const std::string& what) { return in_the_way(o, what); };
  if (!has_controller_ && can_do_start(name) != 0) return failed("does not come up");
  if (!has_controller_) return {};
  if (is_up(name_) && can_do_stop(name) != 0) return failed(state);
  if (can_set_bitrate(name, static_cast<std::uint32_t>(o.bitrate_bps)) != 0)
    return Error(Errc::out_of_range,
                 fmt::format("{} does not take {} bit/s; set bitrate_bps to the rate of the bus",
                             name_, o.bitrate_bps));
  if (o.listen_only != is_listening(name_)) {
    can_ctrlmode mode{CAN_CTRLMODE_LISTENONLY, o.listen_only ? CAN_CTRLMODE_LISTENONLY : 0U};
    if (can_set_ctrlmode(name, &mode) != 0) return failed("has no listen-only mode");
  }
  if (can_set_restart_ms(name, static_cast<std::uint32_t>(o.restart_ms)) != 0)
    return failed("does not take restart-ms");
  if (can_do_start(name) != 0) return failed("does not come up");
  return {};
}

Result<> CanLink::bring_up(const CanOpening& opening) {
  if (auto exists = check_exists(); !exists) return exists;
  has_controller_ = has_controller(name_);
  if (opening.bitrate_bps <= 0 || opening.restart_ms < 0)
    return Error(Errc::out_of_range, name_ + ": bitrate_bps and restart_ms must be positive");
  if (auto running = check_running(opening); !running) {
    if (!opening.configure) return running;
    if (auto done = configure(opening); !done) return done;
  }
  remember();
  return {};
}

void CanLink::remember() {
  if (!has_controller_) return;
  can_get_restart_ms(name_.c_str(), &restart_ms_);
  can_device_stats stats{};
  if (can_get_device_stats(name_.c_str(), &stats) != 0) return;
  bus_offs_before_ = stats.bus_off;
  restarts_before_ = stats.restarts;
}

void CanLink::refresh(CanStatus& status) {
  if (::if_nametoindex(name_.c_str()) == 0) {
    status.state = CanState::stopped;
    return;
  }
  if (!has_controller_) return;
  int state = 0;
  if (can_get_state(name_.c_str(), &state) == 0)
    status.state = state < CAN_STATE_STOPPED    ? static_cast<CanState>(state)
                   : state == CAN_STATE_STOPPED ? CanState::stopped
                                                : CanState::unknown;
  can_berr_counter counters{};
  if (can_get_berr_counter(name_.c_str(), &counters) == 0) {
    status.tx_errors = counters.txerr;
    status.rx_errors = counters.rxerr;
  }
  can_device_stats stats{};
  if (can_get_device_stats(name_.c_str(), &stats) == 0) {
    status.bus_offs = stats.bus_off - bus_offs_before_;
    status.restarts = stats.restarts - restarts_before_;
  }
}

Result<> CanLink::restart() {
  if (can_do_restart(name_.c_str()) == 0) return {};
  return Error(Errc::permission,
               fmt::format("{}: cannot restart it after bus-off; set restart_ms to 100, or run: "
                           "sudo ip link set {} type can restart",
                           name_, name_));
}

}  // namespace b2m

// SPDX-License-Identifier: MIT
// The CAN seam: SocketCAN, slcan on a serial line, a candump log or a bus in memory, all alike.
// Facts: docs/protocols/can.md.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/bytes.hpp"
#include "gateway/io/awaitable.hpp"
#include "gateway/io/can_frame.hpp"
#include "gateway/io/clock.hpp"

namespace b2m {

/// Data frames with exactly this id pass; remote frames and the other id length do not.
struct CanFilter {
  std::uint32_t id = 0;
  bool extended = false;
};

enum class CanState { error_active, error_warning, error_passive, bus_off, stopped, unknown };
inline constexpr std::string_view kCanStates[] = {"error-active", "error-warning", "error-passive",
                                                  "bus-off",      "stopped",       "unknown"};

/// What the controller says of itself; empty where it cannot tell.
struct CanStatus {
  CanState state = CanState::unknown;
  std::optional<int> tx_errors;  // the controller's error counters
  std::optional<int> rx_errors;
  std::uint64_t bus_offs = 0;  // since this bus was opened
  std::uint64_t restarts = 0;
  std::uint64_t error_frames = 0;
  std::uint64_t overruns = 0;   // frames lost because nobody fetched them in time
  std::uint64_t malformed = 0;  // lines or frames that made no sense
};

struct CanOpening {
  std::string interface;  // "can0", "slcan:/dev/serial/by-id/...", "candump:FILE"
  int bitrate_bps = 500'000;
  int restart_ms = 100;   // automatic bus-off recovery; 0: restarted by us
  bool configure = true;  // set bit rate and bring the interface up when we are allowed to
  bool listen_only = false;
  int serial_baud = 115'200;  // slcan: of the tty (USB adapters ignore it)
  double replay_speed = 1;    // candump: 0 = as fast as it can be read
  bool replay_loop = false;
  /// Empty: everything passes. Error frames always do.
  std::vector<CanFilter> filters;
};

class CanBus {
 public:
  virtual ~CanBus() = default;
  /// Waits for at least one frame and returns how many were put into `frames` (as many as are
  /// there). Error frames are among them; while the bus is off nothing else comes.
  /// Errc::disconnected when the interface, line or file has ended; open again then.
  virtual Awaitable<Result<std::size_t>> receive(std::span<CanFrame> frames) = 0;
  /// Errc::buffer_full: back off and try again, do not reopen. Errc::bus_off: not sent.
  virtual Awaitable<Result<>> send(CanFrame frame) = 0;
  [[nodiscard]] virtual CanStatus status() = 0;
};

/// Opens any of the transports; the error says what to do (the `ip link` line, the group to join).
using OpenCan = std::function<Awaitable<Result<std::unique_ptr<CanBus>>>(CanOpening)>;
OpenCan make_can_opener(Executor executor, Clock& clock);

}  // namespace b2m

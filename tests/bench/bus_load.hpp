// SPDX-License-Identifier: MIT
// Four buses at full load, each frame at its own time, and what was sent when: six voltages and six
// temperatures of two packs a bus, one value a frame (docs/protocols/pican2.md).
#pragma once

#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <fcntl.h>
#include <linux/can.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "tests/bench/measure.hpp"

namespace b2m::bench {

constexpr int kBuses = 4;
constexpr int kPacks = 2;    // a bus
constexpr int kValues = 12;  // a pack: voltages first
constexpr int kLoadPoints = kBuses * kPacks * kValues;
constexpr double kFramesPerS = 7042;  // three-byte frames that fill 500 kbit/s
constexpr int kSteps = 200;           // distinct values of a point
constexpr int kBurst = 4096;          // frames a socket holds, as a CAN socket's buffer would

/// "bench/pack3/cell_02_voltage"
inline std::string topic_of(int point) {
  const int value = point % kValues;
  return fmt::format("bench/pack{}/cell_{:02}_{}", point / kValues + 1, value % 6 + 1,
                     value < 6 ? "voltage" : "temperature");
}
/// 11.00 V and up, or 10.0 degrees and up, in hundredths.
inline int raw_of(int point, int step) {
  return point % kValues < 6 ? 1100 + step : 1000 + 20 * step;
}
inline std::string payload_of(int point, int step) {
  const double value = raw_of(point, step) / 100.0;
  return point % kValues < 6 ? fmt::format("{:.2f}", value) : fmt::format("{:.1f}", value);
}

class Buses {
 public:
  Buses() {
    for (auto& pair : ends_) {
      if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair.data()) != 0)
        throw std::runtime_error("no socket pair");
      const int bytes = kBurst * 1024;  // the kernel counts its own overhead a message, too
      setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
      setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
      fcntl(pair[0], F_SETFD, FD_CLOEXEC);
    }
  }
  ~Buses() {
    for (const auto& pair : ends_)
      for (const int fd : pair) close(fd);
  }
  Buses(const Buses&) = delete;
  Buses& operator=(const Buses&) = delete;

  [[nodiscard]] int gateway_end(int bus) const { return ends_[static_cast<std::size_t>(bus)][1]; }
  /// False when the gateway is so late that the frame is lost.
  bool send(int bus, std::uint32_t id, const std::array<std::uint8_t, 3>& data) {
    can_frame frame{};
    frame.can_id = id;
    frame.can_dlc = 3;
    std::copy(data.begin(), data.end(), frame.data);
    ++sent_;
    if (::send(ends_[static_cast<std::size_t>(bus)][0], &frame, sizeof frame, MSG_NOSIGNAL) > 0)
      return true;
    ++lost_;
    return false;
  }
  void send_value(int point, int step) {
    const int bus = point / (kPacks * kValues), value = point % kValues;
    const auto pack = static_cast<std::uint32_t>(point / kValues % kPacks);
    const int selector = value < 6 ? 0x21 + value : 0x11 + value - 6;
    const auto raw = static_cast<unsigned>(raw_of(point, step));
    send(bus, 0x600 + pack,
         {static_cast<std::uint8_t>(raw), static_cast<std::uint8_t>(raw >> 8),
          static_cast<std::uint8_t>(selector)});
  }
  /// The first pack says whether it charges.
  void send_switch(bool on) { send(0, 0x606, {static_cast<std::uint8_t>(on ? 1 : 0), 0x00, 0x31}); }
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

 private:
  std::array<std::array<int, 2>, kBuses> ends_{};
  std::uint64_t sent_ = 0, lost_ = 0;  // the sending thread's
};

/// When each value of each point was sent last; from `until_ns` on nothing more is.
struct Sendings {
  std::vector<std::array<std::vector<std::int64_t>, kSteps>> times{kLoadPoints};
  std::array<int, kLoadPoints> last_step{};
  std::array<std::int64_t, kLoadPoints> last_ns{};
  std::vector<std::pair<std::int64_t, bool>> switched;
  double frames_per_wake = 0;
  std::int64_t begin_ns = 0, until_ns = 0;
};

/// Sends for `seconds`, each frame when it is due: the four buses are a quarter of a frame apart.
/// The switch flips `flips_per_s` times a second.
inline Sendings run_full_load(Buses& buses, double seconds, double flips_per_s) {
  prctl(PR_SET_TIMERSLACK, 1);
  Sendings done;
  std::array<std::uint64_t, kBuses> count{};
  std::uint64_t wakes = 0, flips = 0;
  done.begin_ns = now_ns() + 1'000'000;
  const auto due = [&](std::uint64_t n, double rate, double shift) {
    return done.begin_ns + static_cast<std::int64_t>((static_cast<double>(n) + shift) / rate * 1e9);
  };
  const std::int64_t end = done.begin_ns + static_cast<std::int64_t>(seconds * 1e9);
  for (std::int64_t now = now_ns(); now < end; now = now_ns()) {
    std::int64_t next = end;
    for (std::size_t bus = 0; bus < kBuses; ++bus) {
      const double shift = static_cast<double>(bus) / kBuses;
      for (; due(count[bus], kFramesPerS, shift) <= now; ++count[bus]) {
        const int cycle = static_cast<int>(count[bus] / (kPacks * kValues));
        const int point = static_cast<int>(bus) * kPacks * kValues +
                          static_cast<int>(count[bus] % (kPacks * kValues));
        const int step = cycle % kSteps;
        const auto p = static_cast<std::size_t>(point);
        done.last_ns[p] = now_ns();
        done.last_step[p] = step;
        done.times[p][static_cast<std::size_t>(step)].push_back(done.last_ns[p]);
        buses.send_value(point, step);
      }
      next = std::min(next, due(count[bus], kFramesPerS, shift));
    }
    if (flips_per_s > 0 && due(flips, flips_per_s, 0.37) <= now) {
      done.switched.emplace_back(now_ns(), flips % 2 == 0);
      buses.send_switch(flips++ % 2 == 0);
    }
    ++wakes;
    sleep_until_ns(next);
  }
  done.until_ns = now_ns();
  done.frames_per_wake = static_cast<double>(count[0]) * kBuses / static_cast<double>(wakes);
  return done;
}

}  // namespace b2m::bench

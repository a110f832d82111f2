// SPDX-License-Identifier: MIT
// A simulated ring of boards without a line: hex in, hex out, time as a test says.
#pragma once

#include <string>

#include "adapters/tesla_uart/peer_ring.hpp"

namespace b2m::test {

class HexRing {
 public:
  explicit HexRing(int modules, tesla_uart::RingPeerSettings settings = {}) : ring(settings, {}) {
    for (int i = 0; i < modules; ++i) {
      auto made = std::make_unique<tesla_uart::peer::FixedCells>();
      cells.push_back(made.get());
      ring.add(std::move(made));
    }
  }

  /// What comes back for "03 20 80 9A", without spaces.
  std::string say(std::string_view hex) {
    std::string out;
    for (const auto& answer : ring.hear(bytes_of(hex), now)) out += to_hex(answer.bytes);
    return out;
  }
  void wait(SteadyDuration time) { ring.advance_to(now += time); }
  /// Addresses 1, 2 and so on, and no flag left.
  void enumerate() {
    for (unsigned i = 1; i <= ring.size(); ++i) write(0, 0x3B, 0x80 | i);
    for (const unsigned reg : {0x20U, 0x21U})
      for (const unsigned value : {0xFFU, 0x00U}) write(0x3F, reg, value);
  }
  std::string write(unsigned address, unsigned reg, unsigned value) {
    return say_checked({byte(address << 1 | 1), byte(reg), byte(value)});
  }
  /// With a checksum; the whole reply.
  std::string read(unsigned address, unsigned reg, unsigned count) {
    return say_checked({byte(address << 1), byte(reg), byte(count)});
  }
  /// All inputs of all boards, done when it returns.
  void measure() {
    write(0x3F, 0x30, 0x3D);
    write(0x3F, 0x31, 0x03);
    write(0x3F, 0x34, 0x01);
    wait(std::chrono::milliseconds(1));
  }
  bool inject(tesla_uart::RingFaultKind kind, int module, std::optional<double> value = {},
              int cell = 0, SteadyDuration lasts = SteadyDuration::max()) {
    return ring.inject({kind, module, cell, value, lasts}, now);
  }

  std::vector<tesla_uart::peer::FixedCells*> cells;
  tesla_uart::peer::Ring ring;
  SteadyTime now = SteadyTime{} + std::chrono::hours(1);

 private:
  static std::uint8_t byte(unsigned value) { return static_cast<std::uint8_t>(value); }
  static tesla_uart::peer::Frame bytes_of(std::string_view hex) {
    tesla_uart::peer::Frame bytes;
    std::string digits;
    for (const char c : hex) {
      if (c != ' ') digits += c;
      if (digits.size() < 2) continue;
      bytes.push_back(byte(static_cast<unsigned>(std::stoul(digits, nullptr, 16))));
      digits.clear();
    }
    return bytes;
  }
  std::string say_checked(tesla_uart::peer::Frame bytes) {
    bytes.push_back(tesla_uart::peer::checksum(bytes));
    return say(to_hex(bytes));
  }
};

}  // namespace b2m::test

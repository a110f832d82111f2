// SPDX-License-Identifier: MIT
// Simulated nodes talked to in hexadecimal, with requests made here and not by the gateway's code.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "adapters/spi_nodes/peer.hpp"
#include "adapters/spi_nodes/peer_wire.hpp"
#include "gateway/bytes.hpp"
#include "tests/support/spi_vectors.hpp"

namespace b2m::test {

inline spi_nodes::NodeWiring node_3() {
  spi_nodes::NodeWiring wiring;
  wiring.address = 3;
  return wiring;
}

struct NodeBus {
  std::string say(const std::string& mosi, std::uint8_t select = 0, int clock_hz = 8000) {
    return to_hex(peer.exchange(select, from_hex(mosi), now, clock_hz));
  }
  void wait(SteadyDuration time) { peer.advance_to(now += time); }
  void inject(const spi_nodes::NodeFault& fault) { is_injected = peer.inject(fault, now); }

  static std::string request(std::uint8_t address, std::uint8_t sequence, std::uint8_t command,
                             std::array<std::uint8_t, 4> arguments = {}) {
    std::vector<std::uint8_t> mosi{0xA6, address, static_cast<std::uint8_t>(sequence << 4 | 2),
                                   command};
    mosi.insert(mosi.end(), arguments.begin(), arguments.end());
    const std::uint32_t sum = spi_nodes::peer::checksum(mosi);
    for (int i = 24; i >= 0; i -= 8) mosi.push_back(static_cast<std::uint8_t>(sum >> i));
    mosi.resize(spi_nodes::peer::kFrame);
    return to_hex(mosi);
  }
  /// Two bytes of an answer, the low one first.
  static int word(const std::string& hex, std::size_t at) {
    return u16le(Bytes(from_hex(hex)).subspan(at));
  }

  std::vector<std::string> said;
  SteadyTime now{std::chrono::hours(1)};
  spi_nodes::NodesPeer peer{{}, [this](const std::string& line) { said.push_back(line); }};
  bool is_injected = false;
};

}  // namespace b2m::test

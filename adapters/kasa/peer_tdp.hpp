// SPDX-License-Identifier: MIT
// Discovery on UDP 20002 as a device answers it: docs/protocols/kasa.md, 2.
#pragma once

#include "adapters/kasa/peer_device.hpp"

namespace b2m::kasa::peer {

struct TdpFace {
  std::string address;
  std::uint16_t http_port = 80;
  int klap_version = 2;
  std::string username;
};

/// Nothing for a datagram that is no probe, or one with a wrong checksum.
std::optional<std::vector<std::uint8_t>> answer_tdp(const PeerDevice& device, const TdpFace& face,
                                                    Bytes probe);

}  // namespace b2m::kasa::peer

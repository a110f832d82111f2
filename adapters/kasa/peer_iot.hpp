// SPDX-License-Identifier: MIT
// The old command set as a device answers it: docs/protocols/kasa.md, 1.2 to 1.7.
#pragma once

#include "adapters/kasa/peer_device.hpp"

namespace b2m::kasa {

/// `is_datagram`: strips then shorten the ids of their sockets.
std::string answer_iot(PeerDevice& device, std::string_view request, bool is_datagram = false);

}  // namespace b2m::kasa

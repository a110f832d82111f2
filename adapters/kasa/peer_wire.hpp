// SPDX-License-Identifier: MIT
// What the faults of a simulated plug make of a reply on its way out.
#pragma once

#include "adapters/kasa/peer_device.hpp"
#include "adapters/kasa/peer_klap.hpp"

namespace b2m::kasa::peer {

Octets spoil_frame(const PeerDevice& device, Octets reply);
Octets spoil_http(const PeerDevice& device, Octets reply);

}  // namespace b2m::kasa::peer

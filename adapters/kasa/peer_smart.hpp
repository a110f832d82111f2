// SPDX-License-Identifier: MIT
// The newer command set as a device answers it: docs/protocols/kasa.md, 4.
#pragma once

#include "adapters/kasa/peer_device.hpp"

namespace b2m::kasa {

std::string answer_smart(PeerDevice& device, std::string_view request);

}  // namespace b2m::kasa

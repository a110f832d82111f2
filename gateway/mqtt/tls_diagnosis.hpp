// SPDX-License-Identifier: MIT
// Why a TLS connection does not come about, in words. Paho only says that it failed (the error
// handler of its C++ side is called with an address that is no longer valid), so the handshake is
// tried once more by ourselves.
#pragma once

#include <optional>
#include <string>

#include "gateway/mqtt/link.hpp"

namespace b2m::mqtt {

/// Empty when TLS is not what fails. Blocks for some seconds at most: not for the event loop.
std::optional<std::string> diagnose_tls(const LinkSettings& settings, const std::string& host,
                                        const std::string& port);

}  // namespace b2m::mqtt

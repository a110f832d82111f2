// SPDX-License-Identifier: MIT
// How a simulated bus is reached: a pseudo terminal, a CAN interface of the kernel or a log file.
#pragma once

#include <memory>
#include <string>

#include "adapters/can/peer.hpp"

namespace b2m::app {

class PeerTransport {
 public:
  virtual ~PeerTransport() = default;
  /// Ready when it returns; the error says what to do.
  virtual Awaitable<Result<>> open() = 0;
  /// Carries the boards' frames until cancelled.
  virtual Awaitable<Result<>> carry(can::BusPeer& boards) = 0;
  /// garbage_line and unplug; false where there is no line.
  virtual bool inject(const can::Fault& fault) = 0;
};

/// `spec`: "slcan-pty:PATH", "socketcan:INTERFACE" or "candump:FILE".
Result<std::unique_ptr<PeerTransport>> make_peer_transport(const std::string& spec,
                                                           Executor executor, Clock& clock,
                                                           can::Say say);

}  // namespace b2m::app

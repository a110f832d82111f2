// SPDX-License-Identifier: MIT
// The transports behind make_can_opener.
#pragma once

#include "gateway/io/byte_stream.hpp"
#include "gateway/io/can_bus.hpp"

namespace b2m {

using OpenedCan = Result<std::unique_ptr<CanBus>>;

/// SocketCAN: `opening.interface` is the name of a kernel interface.
OpenedCan open_socketcan(const Executor& executor, Clock& clock, const CanOpening& opening);
/// Sets the adapter at the other end of `line` up and opens its channel.
Awaitable<OpenedCan> open_slcan(Executor executor, Clock& clock, std::unique_ptr<ByteStream> line,
                                CanOpening opening);
/// Replays a log; the path follows "candump:".
OpenedCan open_candump(Executor executor, Clock& clock, const std::string& path,
                       const CanOpening& opening);

}  // namespace b2m

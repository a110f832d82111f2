// SPDX-License-Identifier: MIT
// A two-way stream of bytes (serial line, pty, TCP) with deadlines as parameters.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/bytes.hpp"
#include "gateway/io/awaitable.hpp"
#include "gateway/io/clock.hpp"
#include "gateway/units.hpp"

namespace b2m {

inline constexpr SteadyTime kNoDeadline = SteadyTime::max();

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// At least one byte; Errc::timeout at the deadline, Errc::disconnected at the end.
  virtual Awaitable<Result<std::size_t>> read_some(MutableBytes buffer, SteadyTime deadline) = 0;
  /// All of it.
  virtual Awaitable<Result<>> write(Bytes bytes, SteadyTime deadline) = 0;
};

/// A tty in raw mode, 8N1, at any baud rate (termios2), opened exclusively. Deadlines are times of
/// `clock`, which outlives the stream.
Result<std::unique_ptr<ByteStream>> open_serial(const Executor& executor, Clock& clock,
                                                const std::string& path, int baud);

/// Opens a serial line; in tests, a pipe in memory.
using OpenSerial =
    std::function<Result<std::unique_ptr<ByteStream>>(const std::string& path, int baud)>;

}  // namespace b2m

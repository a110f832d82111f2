// SPDX-License-Identifier: MIT
// The device's side of a serial line on a pseudo terminal: what a gateway opens by path, in the
// demo and in tests.
#pragma once

#include "gateway/io/byte_stream.hpp"

namespace b2m {

/// Reading waits while it is unplugged; what nobody takes is lost, as on a wire. Deadlines are not
/// kept: a device has none.
class PtyStream : public ByteStream {
 public:
  /// The terminal goes and whoever has it open reads its end; the symbolic link goes with it.
  virtual void unplug() = 0;
  /// Back as another terminal under the same link.
  virtual Result<> plug_in() = 0;
  /// As write(), at once; false: nobody takes it.
  virtual bool put(Bytes bytes) = 0;
};

/// `path` becomes a symbolic link to the terminal.
Result<std::unique_ptr<PtyStream>> make_pty_stream(Executor executor, const std::string& path);

}  // namespace b2m

// SPDX-License-Identifier: MIT
// One TCP connection to a plug that is kept between requests, and the one place that decides
// whether a request may be sent again (docs/protocols/kasa.md, 1.1 and 1.6).
#pragma once

#include "adapters/kasa/plug_link.hpp"

namespace b2m::kasa {

/// Takes in one reply.
class ReplyReader {
 public:
  virtual ~ReplyReader() = default;
  virtual Result<> feed(Bytes bytes) = 0;
  /// The connection has ended; the reply may be complete by that.
  virtual void end() {}
  [[nodiscard]] virtual bool is_complete() const = 0;
  /// Nothing came behind the reply, and the plug did not announce to close.
  [[nodiscard]] virtual bool may_keep() const = 0;
};

class KeptLine {
 public:
  /// `pause`: once the plug was seen to drop a kept connection, at least so long between requests.
  KeptLine(Network& network, Clock& clock, Endpoint plug, SteadyDuration pause = {});

  /// Sends, and feeds the reader until it is complete. The connection is kept after a complete
  /// reply only: a late reply must never be taken for the answer to the next request. A kept
  /// connection may be dead without our knowing, so what must not be sent twice goes over a new
  /// one.
  Awaitable<Result<>> ask(Bytes request, ReplyReader& reader, Repeat repeat, SteadyTime deadline);
  void close() { stream_.reset(); }
  [[nodiscard]] const Endpoint& plug() const { return plug_; }

 private:
  struct Progress {
    bool has_reply_begun = false;
  };
  Awaitable<Result<>> keep_distance(SteadyTime deadline);
  Awaitable<Result<>> ask_once(Bytes request, ReplyReader& reader, Progress& progress,
                               SteadyTime deadline);

  Network& network_;
  Clock& clock_;
  Endpoint plug_;
  SteadyDuration pause_;
  bool has_dropped_ = false;
  SteadyTime last_use_{};
  std::unique_ptr<ByteStream> stream_;
};

}  // namespace b2m::kasa

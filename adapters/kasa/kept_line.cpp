// SPDX-License-Identifier: MIT
#include "adapters/kasa/kept_line.hpp"

#include <algorithm>
#include <array>

namespace b2m::kasa {

KeptLine::KeptLine(Network& network, Clock& clock, Endpoint plug, SteadyDuration pause)
    : network_(network), clock_(clock), plug_(std::move(plug)), pause_(pause) {}

Awaitable<Result<>> KeptLine::ask(Bytes request, ReplyReader& reader, Repeat repeat,
                                  SteadyTime deadline) {
  if (repeat == Repeat::never) close();
  if (const auto waited = co_await keep_distance(deadline); !waited) co_return waited;
  const bool is_reused = stream_ != nullptr;
  Progress progress;
  auto done = co_await ask_once(request, reader, progress, deadline);
  const bool is_dropped =
      is_reused && !done && !progress.has_reply_begun && done.error().code == Errc::disconnected;
  if (is_dropped) {
    has_dropped_ = true;
    last_use_ = clock_.now();
    if (const auto waited = co_await keep_distance(deadline); !waited) co_return waited;
    done = co_await ask_once(request, reader, progress, deadline);
  }
  last_use_ = clock_.now();
  co_return done;
}

Awaitable<Result<>> KeptLine::keep_distance(SteadyTime deadline) {
  const SteadyTime next = last_use_ + pause_;
  if (!has_dropped_ || clock_.now() >= next) co_return Result<>();
  co_return co_await clock_.sleep_until(std::min(next, deadline));
}

/// The stream is a local until the reply is complete, so that failures and cancellation close it.
Awaitable<Result<>> KeptLine::ask_once(Bytes request, ReplyReader& reader, Progress& progress,
                                       SteadyTime deadline) {
  auto stream = std::move(stream_);
  if (!stream) {
    auto connected = co_await network_.connect(plug_, deadline);
    if (!connected) co_return connected.error();
    stream = std::move(*connected);
  }
  if (const auto sent = co_await stream->write(request, deadline); !sent) co_return sent;
  std::array<std::uint8_t, 1024> buffer;  // kept in memory by everybody who waits for a reply
  while (!reader.is_complete()) {
    const auto n = co_await stream->read_some(buffer, deadline);
    if (!n && n.error().code == Errc::disconnected && progress.has_reply_begun) {
      reader.end();
      if (reader.is_complete()) co_return Result<>();
    }
    if (!n) co_return n.error();
    progress.has_reply_begun = true;
    if (const auto fed = reader.feed(Bytes(buffer).first(*n)); !fed)
      co_return Error(fed.error().code, plug_.host + ": " + fed.error().detail);
  }
  if (reader.may_keep()) stream_ = std::move(stream);
  co_return Result<>();
}

}  // namespace b2m::kasa

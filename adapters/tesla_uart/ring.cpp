// SPDX-License-Identifier: MIT
#include "adapters/tesla_uart/ring.hpp"

#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>

namespace b2m::tesla_uart {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t kSkews = 8;      // lengths to choose from
constexpr SteadyDuration kLatest = 1s;  // no reply comes later than this
constexpr std::size_t kBuffer = 512;

}  // namespace

Ring::Ring(const Executor& executor, Clock& clock, SteadyDuration deadline)
    : clock_(clock), deadline_(deadline), answered_(executor), asked_(executor) {}

Awaitable<Result<>> Ring::serve(std::shared_ptr<ByteStream> line) {
  using namespace boost::asio::experimental::awaitable_operators;
  struct Serving {
    Serving(Ring& r, std::shared_ptr<ByteStream> l) : ring(r) { ring.line_ = std::move(l); }
    ~Serving() {
      ring.line_.reset();
      ring.is_watching_ = false;
    }
    Serving(const Serving&) = delete;
    Serving& operator=(const Serving&) = delete;
    Ring& ring;
  };
  const Serving serving(*this, std::move(line));
  const auto ended = co_await (listen() || watch());
  co_return ended.index() == 0 ? std::get<0>(ended) : std::get<1>(ended);
}

Awaitable<Result<>> Ring::listen() {
  const std::shared_ptr<ByteStream> line = line_;
  std::array<std::uint8_t, kBuffer> buffer;
  for (;;) {
    const auto n = co_await line->read_some(buffer, kNoDeadline);
    if (!n) co_return n.error();
    has_heard_ = true;
    if (!is_waiting_)
      counts_.strange_bytes += *n;
    else if (parser_.feed(Bytes(buffer).first(*n)))
      answered_.ring();
  }
}

/// Asleep until the deadline of a request that may long be over: deadlines only move on, so one
/// sleep serves many requests.
Awaitable<Result<>> Ring::watch() {
  for (;;) {
    if (!is_waiting_) {
      is_watching_ = false;
      if (const Result<> asked = co_await asked_.wait(); !asked) co_return asked;
      continue;
    }
    is_watching_ = true;
    if (const Result<> slept = co_await clock_.sleep_until(until_); !slept) co_return slept;
    if (!is_waiting_ || clock_.now() < until_) continue;
    is_waiting_ = false;
    answered_.ring();
  }
}

Awaitable<Result<>> Ring::exchange(Request request) {
  const std::shared_ptr<ByteStream> line = line_;
  if (!line) co_return Error(Errc::disconnected, "the line is not open");
  ++counts_.requests;
  until_ = clock_.now() + deadline_;
  is_waiting_ = true;
  if (!is_watching_) asked_.ring();
  Result<> done = co_await line->write(request.view(), until_);
  while (done && is_waiting_ && !parser_.is_complete()) done = co_await answered_.wait();
  is_waiting_ = false;
  counts_.strange_bytes += parser_.strange();
  if (!done || parser_.is_complete()) co_return done;
  ++counts_.timeouts;
  skew_ = static_cast<std::uint8_t>((skew_ + 1) % kSkews);
  last_timeout_ = clock_.now();
  co_return Errc::timeout;
}

/// After a timeout the next reads are a register longer or shorter, so that the reply to an old one
/// that comes late does not fit.
std::uint8_t Ring::skewed(std::uint8_t count) {
  if (skew_ > 0 && clock_.now() - last_timeout_ > kLatest) skew_ = 0;
  return static_cast<std::uint8_t>(count + skew_);
}

Awaitable<Result<>> Ring::write(std::uint8_t address, std::uint8_t reg, std::uint8_t value) {
  parser_.expect_write(address, reg, value);
  return exchange(write_request(address, reg, value));
}

Awaitable<Result<Ring::Registers>> Ring::read(std::uint8_t address, std::uint8_t reg,
                                              std::uint8_t count) {
  const std::uint8_t wire_count = skewed(count);
  parser_.expect_read(address, reg, wire_count);
  const Result<> done = co_await exchange(read_request(address, reg, wire_count, form_));
  if (!done) co_return done.error();
  Registers registers;
  registers.size = std::min<std::size_t>(count, kMostRegisters);
  std::ranges::copy(parser_.data().first(registers.size), registers.bytes.begin());
  co_return registers;
}

}  // namespace b2m::tesla_uart

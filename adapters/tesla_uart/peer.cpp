// SPDX-License-Identifier: MIT
// One loop that listens, one that talks when a reply is due, one that lets the chips see the time.
#include "adapters/tesla_uart/peer.hpp"

#include <algorithm>
#include <array>
#include <deque>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "adapters/tesla_uart/peer_ring.hpp"
#include "gateway/io/nothrow.hpp"

namespace b2m::tesla_uart {
namespace {

constexpr SteadyDuration kTick = std::chrono::milliseconds(100);
// A timer that fires late may be made up for by so much with the next replies.
constexpr SteadyDuration kMostDebt = std::chrono::milliseconds(1);

}  // namespace

class RingPeer::Core {
 public:
  Core(Clock& the_clock, const RingPeerSettings& settings, RingSay say)
      : clock(the_clock), ring(settings, std::move(say)) {}

  Awaitable<Result<>> run(ByteStream& stream) {
    using namespace boost::asio::experimental::awaitable_operators;
    boost::asio::steady_timer bell(co_await boost::asio::this_coro::executor);
    queue_.clear();
    line_free_ = {};
    const auto ended = co_await (hear(stream, bell) || talk(stream, bell) || tick(bell));
    co_return std::visit([](const Result<>& result) { return result; }, ended);
  }

  Clock& clock;
  peer::Ring ring;

 private:
  struct Due {
    SteadyTime when;
    peer::Frame bytes;
  };

  Awaitable<Result<>> hear(ByteStream& stream, boost::asio::steady_timer& bell) {
    std::array<std::uint8_t, 1024> buffer{};
    for (;;) {
      const Result<std::size_t> n = co_await stream.read_some(buffer, kNoDeadline);
      if (!n) co_return n.error();
      for (peer::Answer& answer : ring.hear(Bytes(buffer).first(*n), clock.now()))
        put(std::move(answer));
      bell.cancel();
    }
  }

  void put(peer::Answer answer) {
    if (answer.bytes.empty()) return;
    const SteadyDuration made_up = std::min(debt_, answer.takes);
    debt_ -= made_up;
    SteadyTime when = std::max(clock.now(), line_free_) + answer.takes - made_up;
    if (answer.apart == SteadyDuration::zero()) {
      queue_.push_back({when, std::move(answer.bytes)});
    } else {
      for (const std::uint8_t byte : answer.bytes) queue_.push_back({when += answer.apart, {byte}});
    }
    line_free_ = when;
  }

  Awaitable<Result<>> talk(ByteStream& stream, boost::asio::steady_timer& bell) {
    for (;;) {
      while (queue_.empty()) {
        bell.expires_at(SteadyTime::max());
        co_await bell.async_wait(nothrow);  // ends by hear() or by cancellation
        const auto state = co_await boost::asio::this_coro::cancellation_state;
        if (state.cancelled() != boost::asio::cancellation_type::none) co_return Errc::cancelled;
      }
      const SteadyTime when = queue_.front().when;
      if (when > clock.now()) {
        if (const Result<> slept = co_await clock.sleep_until(when); !slept) co_return slept;
        debt_ = std::min(debt_ + (clock.now() - when), kMostDebt);
      }
      const peer::Frame bytes = std::move(queue_.front().bytes);
      queue_.pop_front();
      if (const Result<> sent = co_await stream.write(bytes, kNoDeadline); !sent) co_return sent;
    }
  }

  Awaitable<Result<>> tick(boost::asio::steady_timer& bell) {
    for (;;) {
      const SteadyTime next = std::min(clock.now() + kTick, ring.next_event());
      if (const Result<> slept = co_await clock.sleep_until(next); !slept) co_return slept;
      ring.advance_to(clock.now());
      peer::Answer noise;
      noise.bytes = ring.babble();
      put(std::move(noise));
      bell.cancel();
    }
  }

  std::deque<Due> queue_;
  SteadyTime line_free_{};
  SteadyDuration debt_{};
};

RingPeer::RingPeer(Clock& clock, RingPeerSettings settings, RingSay say)
    : core_(std::make_unique<Core>(clock, settings, std::move(say))) {}
RingPeer::~RingPeer() = default;

void RingPeer::add(sim::Bench& bench, std::size_t first) {
  core_->ring.add(std::make_unique<peer::BenchCells>(bench, first));
}

peer::FixedCells& RingPeer::add_fixed(Volts voltage) {
  auto cells = std::make_unique<peer::FixedCells>(voltage);
  peer::FixedCells& added = *cells;
  core_->ring.add(std::move(cells));
  return added;
}

Awaitable<Result<>> RingPeer::run(ByteStream& stream) { return core_->run(stream); }

bool RingPeer::inject(const RingFault& fault) {
  return core_->ring.inject(fault, core_->clock.now());
}
void RingPeer::clear_faults() { core_->ring.clear_faults(); }
void RingPeer::advance_to(SteadyTime now) { core_->ring.advance_to(now); }

std::size_t RingPeer::modules() const { return core_->ring.size(); }
std::uint8_t RingPeer::address(std::size_t module) const {
  return core_->ring.chip(module).address();
}
bool RingPeer::is_bleeding(std::size_t module, std::size_t cell) const {
  return core_->ring.chip(module).is_bleeding(cell);
}
std::uint8_t RingPeer::register_of(std::size_t module, std::uint8_t reg) const {
  return core_->ring.chip(module).read(reg);
}
void RingPeer::force(std::size_t module, std::uint8_t reg, std::optional<std::uint8_t> value) {
  core_->ring.chip(module).force(reg, value);
}

int RingPeer::spoiled() const {
  int count = 0;
  for (std::size_t i = 0; i < core_->ring.size(); ++i) count += core_->ring.chip(i).spoiled();
  return count;
}

const std::vector<std::vector<std::uint8_t>>& RingPeer::requests() const {
  return core_->ring.requests();
}

}  // namespace b2m::tesla_uart

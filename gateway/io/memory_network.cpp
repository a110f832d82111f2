// SPDX-License-Identifier: MIT
// A connection is two pipes; a pipe, a datagram socket and a listener each are a queue with a bell.
#include "gateway/io/memory_network.hpp"

#include <algorithm>
#include <deque>
#include <map>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include "gateway/io/nothrow.hpp"

namespace b2m {
namespace {

constexpr std::uint16_t kFirstFreePort = 49'152;

class Pipe;
class MemoryDatagram;
class MemoryListener;

std::string text_of(const Endpoint& e) { return fmt::format("{}:{}", e.host, e.port); }
bool is_everywhere(const std::string& host) { return host.empty() || host == "0.0.0.0"; }
bool is_broadcast(const std::string& host) { return host.ends_with(".255"); }
Error too_late(const std::string& name) { return {Errc::timeout, name + ": no answer in time"}; }
Error lost(const std::string& name) { return {Errc::disconnected, name + ": connection lost"}; }

/// Waits until it is rung, a time comes or the caller is cancelled.
class Bell {
 public:
  Bell(const Executor& executor, Clock& clock) : clock_(clock), timer_(executor) {}

  void ring() {
    is_waiting_ = false;
    timer_.cancel();
  }

  /// Errc::cancelled, or something may have changed.
  Awaitable<Result<>> wait(SteadyTime until) {
    using namespace boost::asio::experimental::awaitable_operators;
    timer_.expires_at(SteadyTime::max());
    is_waiting_ = true;
    const auto first = co_await (timer_.async_wait(nothrow) || clock_.sleep_until(until));
    const bool was_rung = !std::exchange(is_waiting_, false);
    if (was_rung || (first.index() == 1 && std::get<1>(first))) co_return Result<>();
    co_return Errc::cancelled;
  }

 private:
  Clock& clock_;
  boost::asio::steady_timer timer_;
  bool is_waiting_ = false;
};

}  // namespace

class MemoryNetwork::State {
 public:
  State(Executor e, Clock& c) : executor(std::move(e)), clock(c) {}

  [[nodiscard]] HostFaults faults_of(const std::string& host) const {
    const auto found = faults.find(host);
    return found == faults.end() ? HostFaults() : found->second;
  }
  MemoryListener* listener_at(const Endpoint& to) const;
  std::uint16_t free_port() { return next_port++; }

  Executor executor;
  Clock& clock;
  std::map<std::string, HostFaults> faults;
  std::map<std::string, std::size_t> connections;
  std::vector<std::weak_ptr<Pipe>> pipes;
  std::vector<MemoryDatagram*> datagrams;
  std::vector<MemoryListener*> listeners;
  std::uint16_t next_port = kFirstFreePort;
};

namespace {

using StatePtr = std::shared_ptr<MemoryNetwork::State>;

/// One direction of a connection to `host`.
class Pipe {
 public:
  Pipe(StatePtr state, std::string host_name, bool is_from_the_host)
      : host(std::move(host_name)),
        state_(std::move(state)),
        is_from_host_(is_from_the_host),
        bell_(state_->executor, state_->clock) {}

  void push(Bytes bytes) {
    const HostFaults faults = state_->faults_of(host);
    if (faults.is_unreachable || is_closed_) return;
    if (is_from_host_ && faults.cut_after) {
      const std::size_t left = *faults.cut_after - std::min(carried_, *faults.cut_after);
      is_closed_ = left <= bytes.size();
      bytes = bytes.first(std::min(left, bytes.size()));
    }
    carried_ += bytes.size();
    const SteadyDuration delay = is_from_host_ ? faults.delay : SteadyDuration::zero();
    if (!bytes.empty())
      queue_.push_back({state_->clock.now() + delay, {bytes.begin(), bytes.end()}});
    bell_.ring();
  }

  Awaitable<Result<std::size_t>> read(MutableBytes buffer, SteadyTime deadline) {
    for (;;) {
      if (const std::size_t n = take(buffer); n > 0) co_return n;
      if (queue_.empty() && is_closed_) co_return lost(host);
      if (state_->clock.now() >= deadline) co_return too_late(host);
      const SteadyTime next = queue_.empty() ? deadline : std::min(deadline, queue_.front().when);
      if (const auto rung = co_await bell_.wait(next); !rung) co_return rung.error();
    }
  }

  void close() {
    is_closed_ = true;
    bell_.ring();
  }
  void reset() {
    queue_.clear();
    close();
  }
  [[nodiscard]] bool is_closed() const { return is_closed_; }

  const std::string host;

 private:
  struct Part {
    SteadyTime when;
    std::deque<std::uint8_t> bytes;
  };

  std::size_t take(MutableBytes buffer) {
    const std::size_t chunk = state_->faults_of(host).chunk;
    const std::size_t most = chunk > 0 ? std::min(chunk, buffer.size()) : buffer.size();
    std::size_t n = 0;
    while (n < most && !queue_.empty() && queue_.front().when <= state_->clock.now()) {
      auto& bytes = queue_.front().bytes;
      const std::size_t part = std::min(most - n, bytes.size());
      const auto end = bytes.begin() + static_cast<std::ptrdiff_t>(part);
      std::copy(bytes.begin(), end, buffer.begin() + static_cast<std::ptrdiff_t>(n));
      bytes.erase(bytes.begin(), end);
      n += part;
      if (bytes.empty()) queue_.pop_front();
    }
    return n;
  }

  StatePtr state_;
  bool is_from_host_;
  Bell bell_;
  std::deque<Part> queue_;
  std::size_t carried_ = 0;
  bool is_closed_ = false;
};

class MemoryStream final : public ByteStream {
 public:
  MemoryStream(std::shared_ptr<Pipe> in, std::shared_ptr<Pipe> out)
      : in_(std::move(in)), out_(std::move(out)) {}
  ~MemoryStream() override {
    in_->reset();
    out_->close();
  }

  Awaitable<Result<std::size_t>> read_some(MutableBytes buffer, SteadyTime deadline) override {
    return in_->read(buffer, deadline);
  }
  Awaitable<Result<>> write(Bytes bytes, SteadyTime) override {
    if (out_->is_closed()) co_return lost(out_->host);
    out_->push(bytes);
    co_return Result<>();
  }

 private:
  std::shared_ptr<Pipe> in_, out_;
};

class MemoryListener final : public Listener {
 public:
  MemoryListener(StatePtr state, Endpoint local)
      : state_(std::move(state)), local_(std::move(local)), bell_(state_->executor, state_->clock) {
    state_->listeners.push_back(this);
  }
  ~MemoryListener() override { std::erase(state_->listeners, this); }

  Awaitable<Result<Accepted>> accept() override {
    while (queue_.empty())
      if (const auto rung = co_await bell_.wait(kNoDeadline); !rung) co_return rung.error();
    Accepted accepted = std::move(queue_.front());
    queue_.pop_front();
    co_return accepted;
  }

  [[nodiscard]] std::uint16_t port() const override { return local_.port; }
  [[nodiscard]] const Endpoint& local() const { return local_; }
  void add(Accepted accepted) {
    queue_.push_back(std::move(accepted));
    bell_.ring();
  }

 private:
  StatePtr state_;
  Endpoint local_;
  Bell bell_;
  std::deque<Accepted> queue_;
};

class MemoryDatagram final : public Datagram {
 public:
  MemoryDatagram(StatePtr state, Endpoint local)
      : state_(std::move(state)), local_(std::move(local)), bell_(state_->executor, state_->clock) {
    state_->datagrams.push_back(this);
  }
  ~MemoryDatagram() override { std::erase(state_->datagrams, this); }

  Result<> send_to(Bytes bytes, const Endpoint& to) override {
    const HostFaults faults = state_->faults_of(local_.host);
    if (faults.is_unreachable) return {};
    for (MemoryDatagram* other : state_->datagrams)
      if (other != this && other->is_meant(to)) other->add(bytes, local_, faults.delay);
    return {};
  }

  Awaitable<Result<Received>> receive(MutableBytes buffer, SteadyTime deadline) override {
    for (;;) {
      const SteadyTime now = state_->clock.now();
      if (!queue_.empty() && queue_.front().when <= now) co_return take(buffer);
      if (now >= deadline) co_return too_late(text_of(local_));
      const SteadyTime next = queue_.empty() ? deadline : std::min(deadline, queue_.front().when);
      if (const auto rung = co_await bell_.wait(next); !rung) co_return rung.error();
    }
  }

  [[nodiscard]] std::uint16_t port() const override { return local_.port; }
  [[nodiscard]] const Endpoint& local() const { return local_; }

 private:
  struct Letter {
    SteadyTime when;
    Endpoint from;
    std::vector<std::uint8_t> bytes;
  };

  [[nodiscard]] bool is_meant(const Endpoint& to) const {
    if (to.port != local_.port) return false;
    return is_broadcast(to.host) || to.host == local_.host || is_everywhere(local_.host);
  }

  void add(Bytes bytes, const Endpoint& from, SteadyDuration delay) {
    if (state_->faults_of(local_.host).is_unreachable) return;
    const SteadyTime when = state_->clock.now() + delay;
    const auto later = [](SteadyTime t, const Letter& letter) { return t < letter.when; };
    queue_.insert(std::upper_bound(queue_.begin(), queue_.end(), when, later),
                  Letter{when, from, {bytes.begin(), bytes.end()}});
    bell_.ring();
  }

  Received take(MutableBytes buffer) {
    const Letter letter = std::move(queue_.front());
    queue_.pop_front();
    Received received;
    received.size = std::min(buffer.size(), letter.bytes.size());
    received.from = letter.from;
    std::copy_n(letter.bytes.begin(), received.size, buffer.begin());
    return received;
  }

  StatePtr state_;
  Endpoint local_;
  Bell bell_;
  std::deque<Letter> queue_;
};

std::unique_ptr<ByteStream> join(const StatePtr& state, MemoryListener& listener,
                                 const std::string& host) {
  const auto up = std::make_shared<Pipe>(state, host, false);
  const auto down = std::make_shared<Pipe>(state, host, true);
  std::erase_if(state->pipes, [](const auto& pipe) { return pipe.expired(); });
  state->pipes.insert(state->pipes.end(), {up, down});
  ++state->connections[host];
  Listener::Accepted accepted;
  accepted.stream = std::make_unique<MemoryStream>(up, down);
  accepted.from = Endpoint{"127.0.0.1", state->free_port()};
  listener.add(std::move(accepted));
  return std::make_unique<MemoryStream>(down, up);
}

template <class End>
bool is_taken(const std::vector<End*>& ends, const Endpoint& local) {
  return std::any_of(ends.begin(), ends.end(), [&](End* e) { return e->local() == local; });
}

Error in_use(const Endpoint& local) {
  return {Errc::io_error, text_of(local) + ": in use by another program"};
}

}  // namespace

MemoryListener* MemoryNetwork::State::listener_at(const Endpoint& to) const {
  for (MemoryListener* l : listeners)
    if (l->port() == to.port && (l->local().host == to.host || is_everywhere(l->local().host)))
      return l;
  return nullptr;
}

MemoryNetwork::MemoryNetwork(Executor executor, Clock& clock)
    : state_(std::make_shared<State>(std::move(executor), clock)) {}

Awaitable<Result<std::unique_ptr<ByteStream>>> MemoryNetwork::connect(Endpoint to,
                                                                      SteadyTime deadline) {
  const StatePtr state = state_;
  const HostFaults faults = state->faults_of(to.host);
  const SteadyTime when = faults.is_unreachable ? deadline : state->clock.now() + faults.delay;
  if (when > state->clock.now()) {
    const auto slept = co_await state->clock.sleep_until(std::min(when, deadline));
    if (!slept) co_return slept.error();
  }
  if (faults.is_unreachable || when > deadline) co_return too_late(text_of(to));
  MemoryListener* listener = state->listener_at(to);
  if (faults.refuses || !listener)
    co_return Error(Errc::refused, text_of(to) + ": nobody listens there");
  co_return join(state, *listener, to.host);
}

Result<std::unique_ptr<Datagram>> MemoryNetwork::open_datagram(const Endpoint& local) {
  if (local.port != 0 && is_taken(state_->datagrams, local)) return in_use(local);
  const Endpoint bound{local.host, local.port != 0 ? local.port : state_->free_port()};
  return std::unique_ptr<Datagram>(std::make_unique<MemoryDatagram>(state_, bound));
}

Result<std::unique_ptr<Listener>> MemoryNetwork::listen(const Endpoint& local) {
  if (local.port != 0 && is_taken(state_->listeners, local)) return in_use(local);
  const Endpoint bound{local.host, local.port != 0 ? local.port : state_->free_port()};
  return std::unique_ptr<Listener>(std::make_unique<MemoryListener>(state_, bound));
}

void MemoryNetwork::set_faults(const std::string& host, const HostFaults& faults) {
  state_->faults[host] = faults;
}

void MemoryNetwork::reset(const std::string& host) {
  for (const auto& weak : state_->pipes)
    if (const auto pipe = weak.lock(); pipe && pipe->host == host) pipe->reset();
}

std::size_t MemoryNetwork::connections(const std::string& host) const {
  const auto found = state_->connections.find(host);
  return found == state_->connections.end() ? 0 : found->second;
}

}  // namespace b2m

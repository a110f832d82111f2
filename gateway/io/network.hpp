// SPDX-License-Identifier: MIT
// TCP and UDP as a seam: the machine's network, and one in memory for tests.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/io/byte_stream.hpp"

namespace b2m {

struct Endpoint {
  std::string host;  // IPv4 address, or for connect() a name
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};

/// UDP. Deadlines are times of the network's clock.
class Datagram {
 public:
  virtual ~Datagram() = default;
  /// A broadcast address is fine.
  virtual Result<> send_to(Bytes bytes, const Endpoint& to) = 0;
  struct Received {
    std::size_t size = 0;
    Endpoint from;
  };
  /// A datagram longer than the buffer is cut.
  virtual Awaitable<Result<Received>> receive(MutableBytes buffer, SteadyTime deadline) = 0;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;
  struct Accepted {
    std::unique_ptr<ByteStream> stream;
    Endpoint from;
  };
  virtual Awaitable<Result<Accepted>> accept() = 0;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
};

class Network {
 public:
  virtual ~Network() = default;
  /// Errc::refused where nobody listens, Errc::not_found for an unknown name or a host without a
  /// route, Errc::timeout at the deadline. TCP_NODELAY is set. What the other side has not taken
  /// yet when the stream is closed is not delivered any more.
  virtual Awaitable<Result<std::unique_ptr<ByteStream>>> connect(Endpoint to,
                                                                 SteadyTime deadline) = 0;
  /// May send broadcasts. Port 0: any free one.
  virtual Result<std::unique_ptr<Datagram>> open_datagram(const Endpoint& local) = 0;
  virtual Result<std::unique_ptr<Listener>> listen(const Endpoint& local) = 0;
  /// The directed broadcast address of each IPv4 interface that is up, without loopback; for
  /// discovery on hosts with several interfaces.
  virtual std::vector<std::string> broadcast_addresses() = 0;
};

/// The machine's. `clock` gives the deadlines and outlives the network and all that it opened.
std::unique_ptr<Network> make_network(Executor executor, Clock& clock);

}  // namespace b2m

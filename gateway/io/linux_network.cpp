// SPDX-License-Identifier: MIT
// TCP and UDP on Asio's sockets, always non-blocking: wait until it may go on, then do it, so that
// a deadline or a cancellation never loses bytes that were already read.
#include <algorithm>
#include <optional>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>

#include "gateway/io/network.hpp"
#include "gateway/io/nothrow.hpp"

namespace b2m {
namespace {

using boost::asio::ip::tcp;
using boost::asio::ip::udp;
using boost::system::error_code;
using Address = boost::asio::ip::address_v4;
using Wait = boost::asio::socket_base::wait_type;
namespace net_error = boost::asio::error;

std::string text_of(const Endpoint& e) { return fmt::format("{}:{}", e.host, e.port); }

bool is_dead(error_code e) {
  return e == net_error::connection_reset || e == net_error::broken_pipe || e == net_error::eof ||
         e == net_error::connection_aborted || e == net_error::not_connected ||
         e == net_error::timed_out || e == net_error::host_unreachable ||
         e == net_error::network_unreachable || e == net_error::network_down;
}

/// Trouble on a connection that stood.
Error line_failure(const std::string& name, error_code e) {
  if (e == net_error::operation_aborted) return Errc::cancelled;
  if (is_dead(e)) return {Errc::disconnected, fmt::format("{}: connection lost", name)};
  return {Errc::io_error, fmt::format("{}: {}", name, e.message())};
}

/// Trouble with getting there.
Error route_failure(const std::string& name, error_code e) {
  if (e == net_error::operation_aborted) return Errc::cancelled;
  if (e == net_error::connection_refused)
    return {Errc::refused, fmt::format("{}: nobody listens there", name)};
  if (e == net_error::timed_out)
    return {Errc::timeout, fmt::format("{}: no answer; is it switched on and in reach?", name)};
  if (e == net_error::host_unreachable || e == net_error::network_unreachable ||
      e == net_error::network_down)
    return {Errc::not_found, fmt::format("{}: no way there; is it on this network?", name)};
  if (e == net_error::access_denied || e == net_error::no_permission)
    return {Errc::permission, fmt::format("{}: the system does not let us", name)};
  return {Errc::io_error, fmt::format("{}: {}", name, e.message())};
}

Error bind_failure(const std::string& name, error_code e) {
  if (e == net_error::address_in_use)
    return {Errc::io_error, fmt::format("{}: in use by another program", name)};
  if (e == net_error::access_denied)
    return {Errc::permission,
            fmt::format("{}: permission denied; ports below 1024 are for root", name)};
  return {Errc::io_error, fmt::format("cannot open {}: {}", name, e.message())};
}

Result<Address> literal(const std::string& host) {
  error_code e;
  const Address address = boost::asio::ip::make_address_v4(host, e);
  if (e) return Error(Errc::malformed, fmt::format("\"{}\" is not an IPv4 address", host));
  return address;
}

/// Of an own end: no host means every interface.
Result<Address> local_address(const Endpoint& local) {
  if (local.host.empty()) return Address::any();
  return literal(local.host);
}

Error too_late(const std::string& name) {
  return {Errc::timeout, fmt::format("{}: no answer in time", name)};
}

/// Until the socket can be read or written.
template <class Socket>
Awaitable<Result<>> ready(Socket& socket, Wait what, Clock& clock, SteadyTime deadline,
                          const std::string& name) {
  using namespace boost::asio::experimental::awaitable_operators;
  if (deadline == kNoDeadline) {
    const auto [error] = co_await socket.async_wait(what, nothrow);
    if (error) co_return line_failure(name, error);
    co_return Result<>();
  }
  const auto first = co_await (socket.async_wait(what, nothrow) || clock.sleep_until(deadline));
  if (first.index() == 0) {
    const error_code error = std::get<0>(std::get<0>(first));
    if (error) co_return line_failure(name, error);
    co_return Result<>();
  }
  if (!std::get<1>(first)) co_return std::get<1>(first).error();
  co_return too_late(name);
}

bool must_wait(error_code e) {
  return e == net_error::would_block || e == net_error::try_again || e == net_error::interrupted;
}

class TcpStream final : public ByteStream {
 public:
  TcpStream(tcp::socket socket, Clock& clock, std::string name)
      : clock_(clock), socket_(std::move(socket)), name_(std::move(name)) {
    error_code ignored;  // a peer that is gone already shows at the first read
    socket_.non_blocking(true, ignored);
    socket_.set_option(tcp::no_delay(true), ignored);
  }

  Awaitable<Result<std::size_t>> read_some(MutableBytes buffer, SteadyTime deadline) override {
    for (;;) {
      const auto is_ready = co_await ready(socket_, Wait::wait_read, clock_, deadline, name_);
      if (!is_ready) co_return is_ready.error();
      error_code e;
      const std::size_t n = socket_.read_some(boost::asio::buffer(buffer.data(), buffer.size()), e);
      if (!e) co_return n;
      if (!must_wait(e)) co_return line_failure(name_, e);
    }
  }

  Awaitable<Result<>> write(Bytes bytes, SteadyTime deadline) override {
    while (!bytes.empty()) {
      error_code e;
      const std::size_t n = socket_.write_some(boost::asio::buffer(bytes.data(), bytes.size()), e);
      bytes = bytes.subspan(n);
      if (!e) continue;
      if (!must_wait(e)) co_return line_failure(name_, e);
      const auto is_ready = co_await ready(socket_, Wait::wait_write, clock_, deadline, name_);
      if (!is_ready) co_return is_ready.error();
    }
    co_return Result<>();
  }

 private:
  Clock& clock_;
  tcp::socket socket_;
  std::string name_;
};

class UdpSocket final : public Datagram {
 public:
  UdpSocket(udp::socket socket, Clock& clock, std::uint16_t port)
      : clock_(clock), socket_(std::move(socket)), port_(port) {}

  Result<> send_to(Bytes bytes, const Endpoint& to) override {
    const auto address = literal(to.host);
    if (!address) return address.error();
    error_code e;
    socket_.send_to(boost::asio::buffer(bytes.data(), bytes.size()),
                    udp::endpoint(*address, to.port), 0, e);
    if (must_wait(e)) return Errc::buffer_full;
    if (e) return route_failure(text_of(to), e);
    return {};
  }

  Awaitable<Result<Received>> receive(MutableBytes buffer, SteadyTime deadline) override {
    const std::string name = fmt::format("UDP port {}", port_);
    for (;;) {
      const auto is_ready = co_await ready(socket_, Wait::wait_read, clock_, deadline, name);
      if (!is_ready) co_return is_ready.error();
      error_code e;
      udp::endpoint from;
      Received received;
      received.size =
          socket_.receive_from(boost::asio::buffer(buffer.data(), buffer.size()), from, 0, e);
      received.from = Endpoint{from.address().to_string(), from.port()};
      if (!e) co_return received;
      // A refusal is about something sent before, by whoever it was sent to.
      if (!must_wait(e) && e != net_error::connection_refused) co_return line_failure(name, e);
    }
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }

 private:
  Clock& clock_;
  udp::socket socket_;
  std::uint16_t port_;
};

class TcpListener final : public Listener {
 public:
  TcpListener(tcp::acceptor acceptor, Clock& clock, std::uint16_t port)
      : clock_(clock), acceptor_(std::move(acceptor)), port_(port) {}

  Awaitable<Result<Accepted>> accept() override {
    const std::string name = fmt::format("TCP port {}", port_);
    for (;;) {
      const auto is_ready = co_await ready(acceptor_, Wait::wait_read, clock_, kNoDeadline, name);
      if (!is_ready) co_return is_ready.error();
      error_code e;
      tcp::endpoint from;
      tcp::socket socket = acceptor_.accept(from, e);
      if (must_wait(e) || e == net_error::connection_aborted) continue;
      if (e) co_return line_failure(name, e);
      Accepted accepted;
      accepted.from = Endpoint{from.address().to_string(), from.port()};
      accepted.stream =
          std::make_unique<TcpStream>(std::move(socket), clock_, text_of(accepted.from));
      co_return accepted;
    }
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }

 private:
  Clock& clock_;
  tcp::acceptor acceptor_;
  std::uint16_t port_;
};

/// One question to the resolver, which asks on a thread of Asio's and cannot be stopped there: who
/// asked may go away, the answer then finds only this.
struct Lookup {
  explicit Lookup(const Executor& executor)
      : resolver(executor), done(executor, SteadyTime::max()) {}
  tcp::resolver resolver;
  boost::asio::steady_timer done;
  std::optional<error_code> error;
  std::vector<Address> addresses;
};

std::shared_ptr<Lookup> start_lookup(const Executor& executor, const std::string& host) {
  auto lookup = std::make_shared<Lookup>(executor);
  lookup->resolver.async_resolve(
      tcp::v4(), host, "", [lookup](error_code e, const tcp::resolver::results_type& results) {
        lookup->error = e;
        for (const auto& entry : results)
          lookup->addresses.push_back(entry.endpoint().address().to_v4());
        lookup->done.cancel();
      });
  return lookup;
}

Awaitable<Result<std::vector<Address>>> resolve(Executor executor, Clock& clock, std::string host,
                                                SteadyTime deadline) {
  using namespace boost::asio::experimental::awaitable_operators;
  if (const auto address = literal(host); address) co_return std::vector<Address>(1, *address);
  const auto lookup = start_lookup(executor, host);
  const auto first = co_await (lookup->done.async_wait(nothrow) || clock.sleep_until(deadline));
  if (!lookup->error) {
    if (first.index() == 0 || !std::get<1>(first)) co_return Errc::cancelled;
    co_return Error(Errc::timeout, fmt::format("{}: the name server does not answer", host));
  }
  if (*lookup->error || lookup->addresses.empty())
    co_return Error(Errc::not_found,
                    fmt::format("{}: no such host; check the name, or write its IPv4 address "
                                "(a fixed one, set in the router)",
                                host));
  co_return std::move(lookup->addresses);
}

Awaitable<Result<>> connect_socket(tcp::socket& socket, tcp::endpoint to, Clock& clock,
                                   SteadyTime deadline, std::string name) {
  using namespace boost::asio::experimental::awaitable_operators;
  const auto first = co_await (socket.async_connect(to, nothrow) || clock.sleep_until(deadline));
  if (first.index() == 0) {
    const error_code error = std::get<0>(std::get<0>(first));
    if (error) co_return route_failure(name, error);
    co_return Result<>();
  }
  if (!std::get<1>(first)) co_return std::get<1>(first).error();
  co_return route_failure(name, net_error::timed_out);
}

/// A request that was given up must not be delivered later: "on" after "off" would be. So closing
/// throws away what the other side has not taken, and resets the connection.
void discard_at_close(tcp::socket& socket) {
  // Not by set_option: Asio takes back a lingering that it knows of when the socket is destroyed.
  const ::linger none{1, 0};
  ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

class LinuxNetwork final : public Network {
 public:
  LinuxNetwork(Executor executor, Clock& clock) : executor_(std::move(executor)), clock_(clock) {}

  Awaitable<Result<std::unique_ptr<ByteStream>>> connect(Endpoint to,
                                                         SteadyTime deadline) override {
    const auto addresses = co_await resolve(executor_, clock_, to.host, deadline);
    if (!addresses) co_return addresses.error();
    Error last;
    for (const Address& address : *addresses) {
      tcp::socket socket(executor_);
      const tcp::endpoint there(address, to.port);
      const auto done = co_await connect_socket(socket, there, clock_, deadline, text_of(to));
      if (done) {
        discard_at_close(socket);
        co_return std::unique_ptr<ByteStream>(
            std::make_unique<TcpStream>(std::move(socket), clock_, text_of(to)));
      }
      last = done.error();
      if (last.code == Errc::cancelled) break;
    }
    co_return last;
  }

  Result<std::unique_ptr<Datagram>> open_datagram(const Endpoint& local) override {
    const auto address = local_address(local);
    if (!address) return address.error();
    udp::socket socket(executor_);
    error_code e;
    socket.open(udp::v4(), e);
    if (!e) socket.set_option(boost::asio::socket_base::broadcast(true), e);
    if (!e) socket.bind(udp::endpoint(*address, local.port), e);
    if (!e) socket.non_blocking(true, e);
    const std::uint16_t port = e ? local.port : socket.local_endpoint(e).port();
    if (e) return bind_failure(fmt::format("UDP {}", text_of(local)), e);
    return std::unique_ptr<Datagram>(std::make_unique<UdpSocket>(std::move(socket), clock_, port));
  }

  Result<std::unique_ptr<Listener>> listen(const Endpoint& local) override {
    const auto address = local_address(local);
    if (!address) return address.error();
    tcp::acceptor acceptor(executor_);
    error_code e;
    acceptor.open(tcp::v4(), e);
    if (!e) acceptor.set_option(boost::asio::socket_base::reuse_address(true), e);
    if (!e) acceptor.bind(tcp::endpoint(*address, local.port), e);
    if (!e) acceptor.listen(boost::asio::socket_base::max_listen_connections, e);
    if (!e) acceptor.non_blocking(true, e);
    const std::uint16_t port = e ? local.port : acceptor.local_endpoint(e).port();
    if (e) return bind_failure(fmt::format("TCP {}", text_of(local)), e);
    return std::unique_ptr<Listener>(
        std::make_unique<TcpListener>(std::move(acceptor), clock_, port));
  }

  std::vector<std::string> broadcast_addresses() override;

 private:
  Executor executor_;
  Clock& clock_;
};

std::optional<std::string> broadcast_of(const ifaddrs& entry) {
  if (!entry.ifa_addr || entry.ifa_addr->sa_family != AF_INET || !entry.ifa_broadaddr)
    return std::nullopt;
  if (!(entry.ifa_flags & IFF_UP) || !(entry.ifa_flags & IFF_BROADCAST) ||
      (entry.ifa_flags & IFF_LOOPBACK))
    return std::nullopt;
  const auto* in = reinterpret_cast<const sockaddr_in*>(entry.ifa_broadaddr);
  return Address(ntohl(in->sin_addr.s_addr)).to_string();
}

std::vector<std::string> LinuxNetwork::broadcast_addresses() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  std::vector<std::string> addresses;
  for (const ifaddrs* entry = list; entry; entry = entry->ifa_next)
    if (const auto text = broadcast_of(*entry)) addresses.push_back(*text);
  ::freeifaddrs(list);
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

}  // namespace

std::unique_ptr<Network> make_network(Executor executor, Clock& clock) {
  return std::make_unique<LinuxNetwork>(std::move(executor), clock);
}

}  // namespace b2m

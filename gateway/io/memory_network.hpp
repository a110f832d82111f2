// SPDX-License-Identifier: MIT
// A network in memory, shared by a client and its peers in the same process, with the faults a real
// one has. For tests and demonstrations.
#pragma once

#include <optional>

#include "gateway/io/network.hpp"

namespace b2m {

/// What is wrong with one host. Delay and cut concern what it sends, chunks both directions.
struct HostFaults {
  bool is_unreachable = false;  // connecting times out, bytes and datagrams vanish
  bool refuses = false;         // nobody listens, as it seems
  std::size_t chunk = 0;        // so many bytes a read at most; 0: all that is there
  SteadyDuration delay{};
  std::optional<std::size_t> cut_after;  // the connection ends after so many bytes
};

class MemoryNetwork final : public Network {
 public:
  /// Both outlive the network and all that it opened.
  MemoryNetwork(Executor executor, Clock& clock);

  Awaitable<Result<std::unique_ptr<ByteStream>>> connect(Endpoint to, SteadyTime deadline) override;
  /// 255.255.255.255 and every other address that ends in .255 reach all sockets of that port. An
  /// answer comes from the address that its socket is bound to.
  Result<std::unique_ptr<Datagram>> open_datagram(const Endpoint& local) override;
  /// On any host, with any name; a listener without a host, or on 0.0.0.0, is on all.
  Result<std::unique_ptr<Listener>> listen(const Endpoint& local) override;
  std::vector<std::string> broadcast_addresses() override { return {"192.168.1.255"}; }

  /// In force at once, also for connections that stand.
  void set_faults(const std::string& host, const HostFaults& faults);
  /// Breaks every connection to the host; what was on its way is lost.
  void reset(const std::string& host);
  /// Connections to the host that have been made so far.
  [[nodiscard]] std::size_t connections(const std::string& host) const;

  class State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace b2m

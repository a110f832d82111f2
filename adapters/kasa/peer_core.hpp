// SPDX-License-Identifier: MIT
// The simulated plug on the network: its listener, its connections and datagrams, and the faults
// that show there. Every coroutine keeps the core alive, so that the PlugPeer may go at any time.
#pragma once

#include <boost/asio/cancellation_signal.hpp>

#include "adapters/kasa/peer.hpp"
#include "adapters/kasa/peer_device.hpp"
#include "adapters/kasa/peer_http.hpp"

namespace b2m::kasa {

class PlugPeer::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(Executor executor, Network& network, Clock& clock, PlugPeerSettings settings,
       std::vector<std::unique_ptr<sim::WallLoad>> loads, PeerSay say);

  Result<> open();
  void close();
  bool inject(const PlugFault& fault);
  void clear_faults();
  /// The device up to now.
  PeerDevice& device();
  std::string answer(std::string_view request, bool is_datagram = false);

  std::uint16_t tcp_port = 0, udp_port = 0, tdp_port = 0;
  std::vector<std::string> requests;
  int connections = 0;
  [[nodiscard]] int handshakes() const { return klap_.handshakes(); }

 private:
  using Self = std::shared_ptr<Core>;
  /// What the network sees of the device.
  enum class Face { none, xor_tcp, klap_v1, klap_v2 };
  struct Task {
    boost::asio::cancellation_signal cancel;
    bool is_of_network = true;
  };

  [[nodiscard]] Face wanted_face();
  Result<> show(Face face);
  Result<> show_udp(Face face);
  void hide();
  /// Lets due things happen and brings the face in line.
  void settle();
  std::optional<peer::Octets> reply_to(peer::Octets& received, Face face);
  std::optional<peer::Octets> xor_datagram(Bytes probe);
  std::optional<peer::Octets> tdp_reply(Bytes probe);
  void wake_at(SteadyTime when);
  void spawn(Awaitable<> work, bool is_of_network = true);
  void forget(const Task* task);

  static Awaitable<> sleep(Self self, SteadyTime when);
  static Awaitable<> come_up(Self self);
  static Awaitable<> accept(Self self, std::unique_ptr<Listener> listener);
  static Awaitable<> answer_probes(Self self, std::unique_ptr<Datagram> socket, bool is_tdp);
  static Awaitable<> serve(Self self, std::unique_ptr<ByteStream> stream, Face face);
  /// False: this connection is over.
  static Awaitable<bool> deliver(Self self, ByteStream& stream, peer::Octets reply);
  static Awaitable<bool> write_in_bits(ByteStream& stream, peer::Octets bytes);

  Executor executor_;
  Network& network_;
  Clock& clock_;
  PlugPeerSettings settings_;
  PeerSay say_;
  PeerDevice device_;
  peer::KlapServer klap_;
  Face face_ = Face::none;
  bool is_coming_up_ = false;
  bool is_closed_ = false;
  SteadyTime wakes_at_ = SteadyTime::max();
  std::vector<std::shared_ptr<Task>> tasks_;
};

}  // namespace b2m::kasa

// SPDX-License-Identifier: MIT
#include "adapters/kasa/peer.hpp"

#include "adapters/kasa/peer_core.hpp"

namespace b2m::kasa {

PlugPeer::PlugPeer(Executor executor, Network& network, Clock& clock, PlugPeerSettings settings,
                   std::vector<std::unique_ptr<sim::WallLoad>> loads, PeerSay say)
    : core_(std::make_shared<Core>(std::move(executor), network, clock, std::move(settings),
                                   std::move(loads), std::move(say))) {}
PlugPeer::~PlugPeer() { core_->close(); }

Result<> PlugPeer::open() { return core_->open(); }
bool PlugPeer::inject(const PlugFault& fault) { return core_->inject(fault); }
void PlugPeer::clear_faults() { core_->clear_faults(); }

std::uint16_t PlugPeer::port() const { return core_->tcp_port; }
std::uint16_t PlugPeer::udp_port() const { return core_->udp_port; }
std::uint16_t PlugPeer::tdp_port() const { return core_->tdp_port; }
bool PlugPeer::is_on(std::size_t socket) { return core_->device().sockets[socket].is_on; }

std::optional<double> PlugPeer::timer_left_s(std::size_t socket) {
  const PeerTimer& timer = core_->device().sockets[socket].timer;
  if (!timer.is_enabled) return std::nullopt;
  return core_->device().remaining_s(timer);
}

double PlugPeer::power_w(std::size_t socket) {
  return core_->device().sockets[socket].load->power().value;
}

const std::vector<std::string>& PlugPeer::requests() const { return core_->requests; }
int PlugPeer::connections() const { return core_->connections; }
int PlugPeer::handshakes() const { return core_->handshakes(); }
std::string PlugPeer::answer(std::string_view request) { return core_->answer(request); }
std::string PlugPeer::device_id() const { return core_->device().device_id(); }

}  // namespace b2m::kasa

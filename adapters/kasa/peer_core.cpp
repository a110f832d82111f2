// SPDX-License-Identifier: MIT
#include "adapters/kasa/peer_core.hpp"

#include <algorithm>
#include <array>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "adapters/kasa/peer_iot.hpp"
#include "adapters/kasa/peer_smart.hpp"
#include "adapters/kasa/peer_tdp.hpp"
#include "adapters/kasa/peer_wire.hpp"
#include "adapters/kasa/peer_xor.hpp"
#include "gateway/io/nothrow.hpp"

namespace b2m::kasa {
namespace {

constexpr std::size_t kMostRequests = 1000;
constexpr std::size_t kBit = 3;  // bytes of a fragment
constexpr int kTriesAtOnce = 100;
constexpr SteadyDuration kRetry = std::chrono::milliseconds(50);

void rethrow_unless_cancelled(const std::exception_ptr& thrown) {
  if (!thrown) return;
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& error) {
    if (error.code() != boost::asio::error::operation_aborted) throw;
  }
}

}  // namespace

PlugPeer::Core::Core(Executor executor, Network& network, Clock& clock, PlugPeerSettings settings,
                     std::vector<std::unique_ptr<sim::WallLoad>> loads, PeerSay say)
    : executor_(std::move(executor)),
      network_(network),
      clock_(clock),
      settings_(std::move(settings)),
      say_(say),
      device_(settings_, std::move(loads), clock.now(), std::move(say)),
      klap_(settings_.username, settings_.password, std::hash<std::string>()(settings_.id)) {}

Result<> PlugPeer::Core::open() {
  const Result<> shown = show(wanted_face());
  if (shown) settle();
  return shown;
}

void PlugPeer::Core::close() {
  is_closed_ = true;
  const auto tasks = tasks_;
  for (const auto& task : tasks) task->cancel.emit(boost::asio::cancellation_type::terminal);
}

bool PlugPeer::Core::inject(const PlugFault& fault) {
  if (fault.kind == PlugFaultKind::drops_9999 &&
      (settings_.transport != PeerTransport::xor_tcp || !settings_.klap_port))
    return false;
  if (!device().inject(fault)) return false;
  if (fault.kind == PlugFaultKind::session_lost) klap_.lose_session();
  settle();
  return true;
}

void PlugPeer::Core::clear_faults() {
  device().clear_faults();
  settle();
}

PeerDevice& PlugPeer::Core::device() {
  device_.advance_to(clock_.now());
  return device_;
}

std::string PlugPeer::Core::answer(std::string_view request, bool is_datagram) {
  if (requests.size() == kMostRequests) requests.erase(requests.begin());
  requests.emplace_back(request);
  std::string reply = device().model.is_smart ? answer_smart(device_, request)
                                              : answer_iot(device_, request, is_datagram);
  wake_at(device_.next());  // a timer may run now
  return reply;
}

PlugPeer::Core::Face PlugPeer::Core::wanted_face() {
  if (!device().is_reachable()) return Face::none;
  if (device_.has(PlugFaultKind::drops_9999)) return Face::klap_v2;
  return static_cast<Face>(static_cast<int>(settings_.transport) + 1);
}

Result<> PlugPeer::Core::show(Face face) {
  if (face == Face::none) return {};
  const bool has_moved = face == Face::klap_v2 && settings_.transport == PeerTransport::xor_tcp;
  std::uint16_t& chosen = has_moved ? *settings_.klap_port : settings_.port;
  auto listener = network_.listen(Endpoint{settings_.address, chosen});
  if (!listener) return listener.error();
  tcp_port = chosen = (*listener)->port();  // a free one, once chosen, stays
  if (const Result<> udp = show_udp(face); !udp) return udp;
  face_ = face;
  spawn(accept(shared_from_this(), std::move(*listener)));
  return {};
}

Result<> PlugPeer::Core::show_udp(Face face) {
  const bool is_tdp = face != Face::xor_tcp;
  if (is_tdp && !settings_.tdp_port) return {};
  const std::uint16_t wanted = is_tdp ? *settings_.tdp_port : tcp_port;
  auto socket = network_.open_datagram(Endpoint{settings_.address, wanted});
  if (!socket) return socket.error();
  (is_tdp ? tdp_port : udp_port) = (*socket)->port();
  if (is_tdp) settings_.tdp_port = tdp_port;
  spawn(answer_probes(shared_from_this(), std::move(*socket), is_tdp));
  return {};
}

void PlugPeer::Core::hide() {
  face_ = Face::none;
  klap_.lose_session();
  const auto tasks = tasks_;
  for (const auto& task : tasks)
    if (task->is_of_network) task->cancel.emit(boost::asio::cancellation_type::terminal);
}

void PlugPeer::Core::settle() {
  if (is_closed_) return;
  const Face wanted = wanted_face();
  if (wanted != face_ && face_ != Face::none) hide();
  if (wanted != face_ && !is_coming_up_) {
    is_coming_up_ = true;
    spawn(come_up(shared_from_this()), false);
  }
  wake_at(device_.next());
}

// What was open closes first, and that takes a few turns of the loop.
Awaitable<> PlugPeer::Core::come_up(Self self) {
  for (int i = 0; self->wanted_face() != self->face_; ++i) {
    if (i < kTriesAtOnce)
      co_await boost::asio::post(self->executor_, nothrow);
    else
      (void)co_await self->clock_.sleep_for(kRetry);  // cancelled: is_closed_
    if (self->is_closed_ || self->show(self->wanted_face())) break;
  }
  self->is_coming_up_ = false;
}

void PlugPeer::Core::wake_at(SteadyTime when) {
  if (when >= wakes_at_) return;
  wakes_at_ = when;
  spawn(sleep(shared_from_this(), when), false);
}

Awaitable<> PlugPeer::Core::sleep(Self self, SteadyTime when) {
  const Result<> slept = co_await self->clock_.sleep_until(when);
  if (!slept) co_return;
  if (self->wakes_at_ == when) self->wakes_at_ = SteadyTime::max();
  self->settle();
}

void PlugPeer::Core::spawn(Awaitable<> work, bool is_of_network) {
  auto task = std::make_shared<Task>();
  task->is_of_network = is_of_network;
  tasks_.push_back(task);
  auto ended = [self = weak_from_this(), task](const std::exception_ptr& thrown) {
    if (const auto core = self.lock()) core->forget(task.get());
    rethrow_unless_cancelled(thrown);
  };
  boost::asio::co_spawn(executor_, std::move(work),
                        boost::asio::bind_cancellation_slot(task->cancel.slot(), ended));
}

void PlugPeer::Core::forget(const Task* task) {
  std::erase_if(tasks_, [&](const auto& one) { return one.get() == task; });
}

Awaitable<> PlugPeer::Core::accept(Self self, std::unique_ptr<Listener> listener) {
  const Face face = self->face_;
  for (;;) {
    auto accepted = co_await listener->accept();
    if (!accepted) co_return;
    ++self->connections;
    self->spawn(serve(self, std::move(accepted->stream), face));
  }
}

Awaitable<> PlugPeer::Core::answer_probes(Self self, std::unique_ptr<Datagram> socket,
                                          bool is_tdp) {
  std::array<std::uint8_t, 4096> buffer{};
  for (;;) {
    const auto received = co_await socket->receive(buffer, kNoDeadline);
    if (!received) co_return;
    if (self->device().has(PlugFaultKind::deaf)) continue;
    const Bytes probe = Bytes(buffer).first(received->size);
    const auto reply = is_tdp ? self->tdp_reply(probe) : self->xor_datagram(probe);
    if (!reply) continue;
    (void)socket->send_to(*reply, received->from);  // who has gone needs no answer
    self->settle();
  }
}

std::optional<peer::Octets> PlugPeer::Core::xor_datagram(Bytes probe) {
  const std::string request = peer::unscramble(probe);
  if (!request.starts_with('{')) return std::nullopt;
  return peer::scramble(answer(request, true));
}

std::optional<peer::Octets> PlugPeer::Core::tdp_reply(Bytes probe) {
  peer::TdpFace face;
  face.address = settings_.address;
  face.http_port = tcp_port;
  face.klap_version = face_ == Face::klap_v1 ? 1 : 2;
  face.username = settings_.username;
  return peer::answer_tdp(device_, face, probe);
}

Awaitable<> PlugPeer::Core::serve(Self self, std::unique_ptr<ByteStream> stream, Face face) {
  // A reboot cancels the connection that asks for it. Asio 1.81 lets that escape from a coroutine
  // that has never paused.
  co_await boost::asio::post(self->executor_, nothrow);
  peer::Octets received;
  std::array<std::uint8_t, 2048> buffer{};
  for (;;) {
    const auto n = co_await stream->read_some(buffer, kNoDeadline);
    if (!n) co_return;
    received.insert(received.end(), buffer.begin(),
                    buffer.begin() + static_cast<std::ptrdiff_t>(*n));
    while (auto reply = self->reply_to(received, face)) {
      const bool goes_on = co_await deliver(self, *stream, std::move(*reply));
      self->settle();
      if (!goes_on || self->face_ == Face::none) co_return;
    }
  }
}

std::optional<peer::Octets> PlugPeer::Core::reply_to(peer::Octets& received, Face face) {
  if (device().has(PlugFaultKind::deaf)) return std::nullopt;
  if (face == Face::xor_tcp) {
    const auto request = peer::take_xor_frame(received);
    if (!request) return std::nullopt;
    return peer::spoil_frame(device_, peer::xor_frame(answer(*request)));
  }
  const auto request = peer::take_http(received);
  if (!request) return std::nullopt;
  const auto reply = klap_.reply(*request, face == Face::klap_v1 ? 1 : 2,
                                 [this](std::string_view text) { return answer(text); });
  return peer::spoil_http(device_, reply);
}

Awaitable<bool> PlugPeer::Core::deliver(Self self, ByteStream& stream, peer::Octets reply) {
  PeerDevice& device = self->device();
  const bool closes =
      device.has(PlugFaultKind::reset) || device.has(PlugFaultKind::close_after_reply);
  const bool is_in_bits = device.has(PlugFaultKind::fragment);
  if (const PlugFault* delay = device.active(PlugFaultKind::delay))
    (void)co_await self->clock_.sleep_for(from_seconds(delay->value.value_or(1)));  // then write
  if (!is_in_bits) {
    const Result<> written = co_await stream.write(reply, kNoDeadline);
    co_return written.has_value() && !closes;
  }
  const bool is_written = co_await write_in_bits(stream, std::move(reply));
  co_return is_written && !closes;
}

Awaitable<bool> PlugPeer::Core::write_in_bits(ByteStream& stream, std::vector<std::uint8_t> bytes) {
  Bytes rest(bytes);
  while (!rest.empty()) {
    const Bytes bit = rest.first(std::min(kBit, rest.size()));
    rest = rest.subspan(bit.size());
    const Result<> written = co_await stream.write(bit, kNoDeadline);
    if (!written) co_return false;
    co_await boost::asio::post(nothrow);  // the reader gets its turn
  }
  co_return true;
}

}  // namespace b2m::kasa

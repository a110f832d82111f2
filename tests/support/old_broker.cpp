// SPDX-License-Identifier: MIT
#include "tests/support/old_broker.hpp"

#include <stdexcept>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace b2m::test {
namespace {

constexpr std::uint8_t kConnect = 1, kPublish = 3, kSubscribe = 8, kPing = 12;
constexpr std::size_t kVersionAt = 6;  // behind the name "MQTT" with its length
constexpr int kStep_ms = 20;

/// The fixed header's byte, then the body without its length; empty at the end of the connection.
std::vector<std::uint8_t> read_packet(int client) {
  std::vector<std::uint8_t> packet(1);
  if (recv(client, packet.data(), 1, MSG_WAITALL) != 1) return {};
  std::size_t length = 0;
  for (unsigned shift = 0; shift < 28; shift += 7) {
    std::uint8_t digit = 0;
    if (recv(client, &digit, 1, MSG_WAITALL) != 1) return {};
    length |= static_cast<std::size_t>(digit & 0x7F) << shift;
    if (digit < 0x80) break;
  }
  packet.resize(1 + length);
  if (length > 0 && recv(client, &packet[1], length, MSG_WAITALL) != static_cast<ssize_t>(length))
    return {};
  return packet;
}

bool write_packet(int client, const std::vector<std::uint8_t>& packet) {
  return send(client, packet.data(), packet.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(packet.size());
}

}  // namespace

OldBroker::OldBroker() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, size) != 0 || listen(listener_, 8) != 0 ||
      getsockname(listener_, generic, &size) != 0)
    throw std::runtime_error("the old broker cannot listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

OldBroker::~OldBroker() {
  is_over_ = true;
  thread_.join();
  close(listener_);
}

void OldBroker::serve() {
  pollfd waiting{listener_, POLLIN, 0};
  while (!is_over_) {
    if (poll(&waiting, 1, kStep_ms) <= 0) continue;
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    talk(client);
    close(client);
  }
}

void OldBroker::talk(int client) {
  pollfd waiting{client, POLLIN, 0};
  while (!is_over_) {
    if (poll(&waiting, 1, kStep_ms) <= 0) continue;
    const auto packet = read_packet(client);
    if (packet.empty() || !answer(client, packet)) return;
  }
}

bool OldBroker::greet(int client, const std::vector<std::uint8_t>& packet) {
  if (packet.size() > 1 + kVersionAt && packet[1 + kVersionAt] == 4)
    return write_packet(client, {0x20, 2, 0, 0});
  ++refused_;
  (void)write_packet(client, {0x20, 2, 0, 1});  // closed anyway
  return false;
}

bool OldBroker::answer(int client, const std::vector<std::uint8_t>& packet) {
  switch (packet[0] >> 4) {
    case kConnect:
      return greet(client, packet);
    case kSubscribe:
      return write_packet(client, {0x90, 3, packet[1], packet[2], 1});
    case kPing:
      return write_packet(client, {0xD0, 0});
    case kPublish: {
      ++published_;
      if ((packet[0] & 6) == 0) return true;
      const std::size_t id = 1 + 2 + static_cast<std::size_t>(packet[1] << 8 | packet[2]);
      return write_packet(client, {0x40, 2, packet.at(id), packet.at(id + 1)});
    }
    default:
      return true;
  }
}

}  // namespace b2m::test

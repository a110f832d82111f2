// SPDX-License-Identifier: MIT
#include "gateway/mqtt/paho_socket.hpp"

#include <charconv>
#include <filesystem>
#include <system_error>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace b2m::mqtt {
namespace {

int number(std::string_view text) {
  int n = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

/// 0 for what is no socket, or not connected.
int peer_port(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return 0;
  if (peer.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in&>(peer).sin_port);
  if (peer.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6&>(peer).sin6_port);
  return 0;
}

}  // namespace

void BrokerSocket::find(std::string_view broker_port) {
  port_ = number(broker_port);
  descriptors_.clear();
  is_at_once_ = false;
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const int fd = number(entry->path().filename().native());
    if (port_ > 0 && peer_port(fd) == port_) descriptors_.push_back(fd);
  }
}

void BrokerSocket::send_at_once(bool each) {
  if (is_at_once_ == each) return;
  is_at_once_ = each;
  const int on = each ? 1 : 0;
  for (const int fd : descriptors_)  // closed since, perhaps, and the number another connection's
    if (peer_port(fd) == port_) (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace b2m::mqtt
